import type { GrantTargets, SecretHeader } from "./grants.types.ts";
import { holdsPoint, urlPoint, urlRange } from "./url-target.ts";

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
  const read = urlPoint(api, reached.url, reached.method);
  if (!read.ok) return bound;
  for (const target of targets[api]) {
    const range = urlRange(api, target);
    if (target.headers === undefined || range === undefined) continue;
    if (range.host === "*" || !holdsPoint(range, read.point)) continue;
    const mayBePrivate = "allow_private" in target && target.allow_private === true;
    if (reached.isPrivate && !mayBePrivate) continue;
    for (const [name, header] of Object.entries(target.headers)) {
      const lower = name.toLowerCase();
      if (!bound.has(lower)) bound.set(lower, header);
    }
  }
  return bound;
}
