import { quoteName, utf8Length } from "../../diagnostic.ts";
import type { Authority } from "../../grants/grants.types.ts";
import { boundHeaders } from "../../grants/plan.ts";
import { httpLimits } from "../../limits.ts";
import type { PackageIdentity } from "../../package/package.types.ts";
import type { CallWait } from "./call-wait.ts";
import { refuse } from "./host-refusal.ts";
import { checkBoundHeader } from "./http-headers.ts";
import type { HeaderPair } from "./network.types.ts";
import { createRedaction, noRedaction, type Redaction } from "./redaction.ts";

/**
 * Supplies the value of a secret that a grant binds to a target.
 *
 * It is asked anew for every exchange, so that a rotated secret is used at once.
 *
 * @param name The secret's name, as the grant has it.
 * @param context Whose request it is.
 * @returns The value: visible ASCII, 4 to 4096 bytes. The guest never sees it.
 * @throws Anything; the guest learns only that the secret was not to be had.
 */
export type SecretProvider = (
  name: string,
  context: { readonly plugin: PackageIdentity },
) => string | Promise<string>;

/** What the grants add to one exchange. */
export interface BoundSecrets {
  readonly headers: readonly HeaderPair[];
  readonly redaction: Redaction;
}

/** What {@link bindSecrets} looks at. */
export interface SecretRequest {
  readonly api: "https" | "request";
  readonly url: URL;
  readonly method: string;
  readonly isPrivate: boolean;
}

/**
 * Fetches the secrets that the grants bind to what is about to be reached.
 *
 * @param authority Its targets say which headers; it has already allowed the request itself.
 * @param provider The host's secrets; without one, a bound secret is an error rather than left out.
 * @param request What is reached.
 * @param wait Bounds the provider.
 * @returns The headers to send and the redaction of what flows back.
 * @throws HostRefusal `host/secret`, with a message that names the secret and has nothing of its value.
 */
export async function bindSecrets(
  authority: Authority,
  provider: SecretProvider | undefined,
  request: SecretRequest,
  wait: CallWait,
): Promise<BoundSecrets> {
  const bound = boundHeaders(authority.targets(), request.api, {
    url: request.url.href,
    method: request.method,
    isPrivate: request.isPrivate,
  });
  if (bound.size === 0) return { headers: [], redaction: noRedaction };
  if (request.url.protocol !== "https:" && !request.isPrivate) {
    refuse("host/secret", "The grant binds a secret, which is sent over https only.");
  }
  const headers: HeaderPair[] = [];
  const values: string[] = [];
  for (const [name, { secret, prefix = "" }] of bound) {
    const value = await secretValue(provider, secret, authority.plugin, wait);
    headers.push(checkBoundHeader(name, `${prefix}${value}`));
    values.push(value, `${prefix}${value}`);
  }
  return { headers, redaction: createRedaction(values) };
}

async function secretValue(
  provider: SecretProvider | undefined,
  name: string,
  plugin: PackageIdentity,
  wait: CallWait,
): Promise<string> {
  if (provider === undefined) unavailable(name, "the host gave no secret provider");
  let value: unknown;
  try {
    value = await wait.until((async () => provider(name, { plugin }))());
  } catch (thrown) {
    if (wait.signal.aborted) throw thrown;
    unavailable(name, "the host's secret provider does not have it");
  }
  if (typeof value !== "string") unavailable(name, "the host's secret provider gave no text");
  const size = utf8Length(value);
  if (size < httpLimits.shortestSecret.default || size > httpLimits.secretBytes.default) {
    unavailable(name, "its length is out of bounds");
  }
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/u.test(value)) {
    unavailable(name, "it is not visible ASCII, or has spaces around it");
  }
  return value;
}

function unavailable(name: string, reason: string): never {
  refuse("host/secret", `The secret ${quoteName(name)} can't be used: ${reason}.`);
}
