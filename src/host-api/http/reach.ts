import type { Authority, Decision } from "../../grants/grants.types.ts";
import { httpLimits } from "../../limits.ts";
import { isLocalName, readAddress } from "./address.ts";
import type { CallWait } from "./call-wait.ts";
import { refuse } from "./host-refusal.ts";
import type { Resolve } from "./network.types.ts";

/** What an API reaches hosts with. */
export interface Reach {
  readonly api: "https" | "request" | "websocket";
  readonly authority: Authority;
  readonly resolve: Resolve | undefined;
  /** Whether names may be reached although nobody can say where they lead. */
  readonly acceptsUncheckedAddresses: boolean;
}

/** A host that may be reached. */
export interface Reachable {
  /** Where to connect and nowhere else; `undefined` where the platform can't pin addresses. */
  readonly addresses: readonly string[] | undefined;
  /** Whether it was authorised as a private host. */
  readonly isPrivate: boolean;
}

/**
 * Asks whether the API may be used at all: the first check of every call.
 *
 * @throws HostRefusal with the authority's own code.
 */
export async function authoriseApi(reach: Reach, wait: CallWait): Promise<void> {
  const action = { kind: "host_api", api: reach.api } as const;
  obey(await wait.until(reach.authority.decide(action, "host-call")));
}

/**
 * Asks whether a URL may be reached, as far as that shows without the network.
 *
 * @param wait Bounds the asking; a policy may ask a person.
 * @throws HostRefusal with the authority's own code.
 */
export async function authoriseUrl(
  reach: Reach,
  url: URL,
  method: string | undefined,
  wait: CallWait,
): Promise<Reachable> {
  const literal = readAddress(url.hostname);
  const isPrivate = literal?.kind === "private" || isLocalName(url.hostname);
  await ask(reach, url, method, isPrivate, wait);
  if (literal === undefined && reach.resolve === undefined && !reach.acceptsUncheckedAddresses) {
    refuse(
      "host/unsupported",
      "This platform can't check which address a host name leads to, and the host did not accept that.",
    );
  }
  return { addresses: literal === undefined ? undefined : [literal.text], isPrivate };
}

/**
 * Resolves a host name; an address stays what it is.
 *
 * @param wait Bounds the resolver.
 * @returns All of the host's addresses, each understood.
 * @throws HostRefusal `host/resolve`.
 */
export async function resolveHost(
  reach: Reach,
  url: URL,
  authorised: Reachable,
  wait: CallWait,
): Promise<Reachable> {
  const { resolve } = reach;
  if (authorised.addresses !== undefined || resolve === undefined) return authorised;
  const answers = await wait.until(answersOf(resolve, url.hostname, wait.signal));
  if (answers.length > httpLimits.resolvedAddresses.default) {
    refuse("host/resolve", "The host name has too many addresses to check.");
  }
  const addresses = answers.map(readAddress);
  const known = addresses.filter((address) => address !== undefined);
  if (known.length === 0 || known.length < addresses.length) {
    refuse("host/resolve", "The host name has no address that can be used.");
  }
  return {
    addresses: known.map(({ text }) => text),
    isPrivate: known.some(({ kind }) => kind === "private"),
  };
}

/**
 * Asks again when a name turned out to lead to a private address: one such answer makes the host private.
 *
 * @throws HostRefusal with the authority's own code.
 */
export async function authoriseAddresses(
  reach: Reach,
  url: URL,
  method: string | undefined,
  before: Reachable,
  resolved: Reachable,
  wait: CallWait,
): Promise<Reachable> {
  if (resolved.isPrivate && !before.isPrivate) await ask(reach, url, method, true, wait);
  return { addresses: resolved.addresses, isPrivate: before.isPrivate || resolved.isPrivate };
}

async function ask(
  reach: Reach,
  url: URL,
  method: string | undefined,
  isPrivate: boolean,
  wait: CallWait,
): Promise<void> {
  const target = { kind: "url", url: url.href, isPrivate, ...(method && { method }) } as const;
  const action = { kind: "host_api", api: reach.api, target } as const;
  obey(await wait.until(reach.authority.decide(action, "host-call")));
}

function obey(decision: Decision): void {
  if (!decision.allowed) refuse(decision.code, decision.message);
}

async function answersOf(resolve: Resolve, host: string, signal: AbortSignal) {
  try {
    return await resolve(host, signal);
  } catch {
    // What a resolver says of a name may tell about the host's network; that it failed is enough.
    return refuse("host/resolve", "The host name could not be resolved.");
  }
}

/**
 * Asks again about what was opened before: permission and target.
 *
 * @throws HostRefusal with the authority's own code.
 */
export async function reauthorise(
  reach: Reach,
  url: URL,
  isPrivate: boolean,
  wait: CallWait,
): Promise<void> {
  await authoriseApi(reach, wait);
  await ask(reach, url, undefined, isPrivate, wait);
}
