import type { Authority, Decision } from "../grants/grants.types.ts";
import { isLocalName, readAddress } from "../host-api/http/address.ts";

/**
 * Asks whether an output command may reach a URL, by what shows without the network: whether the host
 * is a private one is asked with it where its name says so, and again where it is resolved.
 *
 * @param authority The plugin's.
 * @param api The permission, such as `request`.
 * @param url The URL, in one spelling.
 * @param method The method, for `request`.
 * @returns The decision.
 */
export function decideTarget(
  authority: Authority,
  api: string,
  { href, hostname }: URL,
  method?: string,
): Promise<Decision> {
  const isPrivate = readAddress(hostname)?.kind === "private" || isLocalName(hostname);
  const target = { kind: "url", url: href, isPrivate, ...(method && { method }) } as const;
  return authority.decide({ kind: "host_api", api, target }, "execution");
}
