import type { GrantTargets, SecretHeader } from "./grants.types.ts";
import { holdsPoint, type UrlApi, urlPoint, urlRange } from "./url-target.ts";

/**
 * Finds the headers that granted targets bind to a URL.
 *
 * Only targets that hold the URL count, and of a private host only those that may reach it. The first
 * target that names a header decides about it.
 *
 * @param targets The host's targets at this moment.
 * @param api Which API is used.
 * @param reached What is about to be reached; it has been authorised already.
 * @returns Secrets by header name, in lower case.
 */
export function boundHeaders(
  targets: GrantTargets,
  api: "https" | "request",
  reached: { readonly url: string; readonly method: string; readonly isPrivate: boolean },
): ReadonlyMap<string, SecretHeader> {
  const bound = new Map<string, SecretHeader>();
  for (const target of namingTargets(targets[api], api, reached.url, reached.method)) {
    if (reached.isPrivate && !mayBePrivate(target)) continue;
    for (const [name, header] of Object.entries(target.headers ?? {})) {
      const lower = name.toLowerCase();
      if (!bound.has(lower)) bound.set(lower, header);
    }
  }
  return bound;
}

/**
 * Says whether a granted target names the very host of a URL and lets it be a private one.
 *
 * @param targets The host's targets at this moment.
 * @param api Which API is used.
 * @param url What is about to be reached.
 * @param method For `https` and `request`.
 * @returns Whether there is such a target; `decide` has the last word all the same.
 */
export function namesPrivateHost(
  targets: GrantTargets,
  api: UrlApi,
  url: string,
  method: string | undefined,
): boolean {
  return namingTargets<UrlTarget>(targets[api], api, url, method).some(mayBePrivate);
}

type UrlTarget = GrantTargets[UrlApi][number];

/** The targets that hold a URL and name its host, rather than any. */
function namingTargets<Target extends UrlTarget>(
  targets: readonly Target[],
  api: UrlApi,
  url: string,
  method: string | undefined,
): readonly Target[] {
  const read = urlPoint(api, url, method);
  if (!read.ok) return [];
  return targets.filter((target) => {
    const range = urlRange(api, target);
    return range !== undefined && range.host !== "*" && holdsPoint(range, read.point);
  });
}

function mayBePrivate(target: UrlTarget): boolean {
  return "allow_private" in target && target.allow_private === true;
}
