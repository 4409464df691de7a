import type { Action, Authority, Decision } from "../../grants/grants.types.ts";
import { namesPrivateHost } from "../../grants/plan.ts";
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

/** A host that may be reached, as far as is known. */
export interface Reachable {
  /** Where to connect and nowhere else; `undefined` where the platform can't pin addresses. */
  readonly addresses: readonly string[] | undefined;
  /** Whether it is a private host; absent as long as the question waits for that. */
  readonly isPrivate: boolean | undefined;
}

/**
 * Refuses an API that can't be used at all, by what is known without asking a policy: the first check
 * of every call. The one question, with what the call reaches, follows.
 *
 * @throws HostRefusal with the authority's own code.
 */
export function precheckApi({ api, authority }: Reach): void {
  obey(authority.precheck({ kind: "host_api", api }, "host-call"));
}

/**
 * Asks whether a URL may be reached, as far as that shows without the network.
 *
 * A name that both sides know as a private host's is resolved first, so that there is one question,
 * with what the name leads to; that no guest can make such a name up is why it may be looked up.
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
  const isAskedLater = literal === undefined && !isPrivate && isPrivateByName(reach, url, method);
  if (!isAskedLater) await ask(reach, url, method, isPrivate, wait);
  if (literal === undefined && reach.resolve === undefined && !reach.acceptsUncheckedAddresses) {
    refuse(
      "host/unsupported",
      "This platform can't check which address a host name leads to, and the host did not accept that.",
    );
  }
  const addresses = literal === undefined ? undefined : [literal.text];
  return { addresses, isPrivate: isAskedLater ? undefined : isPrivate };
}

/**
 * Refuses a URL that can't be reached at all, by what is known without asking a policy or the network.
 *
 * @throws HostRefusal with the authority's own code.
 */
export function precheckUrl(reach: Reach, url: URL, method: string | undefined): void {
  const isPrivate = readAddress(url.hostname)?.kind === "private" || isLocalName(url.hostname);
  obey(reach.authority.precheck(actionOf(reach, url, method, isPrivate), "host-call"));
}

/** Whether manifest and grants name the very host and let it be private; without a resolver, nobody says. */
function isPrivateByName(reach: Reach, url: URL, method: string | undefined): boolean {
  const { api, authority, resolve } = reach;
  const isNamed =
    resolve !== undefined && namesPrivateHost(authority.targets(), api, url.href, method);
  if (!isNamed || !authority.requested(actionOf(reach, url, method, true)).allowed) return false;
  obey(authority.precheck(actionOf(reach, url, method, false), "host-call"));
  return true;
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
 * Asks when nobody was asked yet, and again when a name that was asked about as a public one turned
 * out to lead to a private address: one such answer makes the host private.
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
): Promise<Reachable & { readonly isPrivate: boolean }> {
  const isPrivate = before.isPrivate === true || resolved.isPrivate === true;
  if (isPrivate !== before.isPrivate) await ask(reach, url, method, isPrivate, wait);
  return { addresses: resolved.addresses, isPrivate };
}

async function ask(
  reach: Reach,
  url: URL,
  method: string | undefined,
  isPrivate: boolean,
  wait: CallWait,
): Promise<void> {
  const action = actionOf(reach, url, method, isPrivate);
  obey(await wait.until(reach.authority.decide(action, "host-call")));
}

function actionOf(
  { api }: Reach,
  { href }: URL,
  method: string | undefined,
  isPrivate: boolean,
): Action {
  const target = { kind: "url", url: href, isPrivate, ...(method && { method }) } as const;
  return { kind: "host_api", api, target };
}

/**
 * Looks, without asking a policy, whether what is being reached is still granted.
 *
 * @returns The decision; a refusal is heard of by whoever audits.
 */
export function precheckReached(
  reach: Reach,
  url: URL,
  method: string | undefined,
  isPrivate: boolean,
): Decision {
  return reach.authority.precheck(actionOf(reach, url, method, isPrivate), "host-call");
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
 * Asks again about what was opened before.
 *
 * @throws HostRefusal with the authority's own code.
 */
export async function reauthorise(
  reach: Reach,
  url: URL,
  isPrivate: boolean,
  wait: CallWait,
): Promise<void> {
  await ask(reach, url, undefined, isPrivate, wait);
}
