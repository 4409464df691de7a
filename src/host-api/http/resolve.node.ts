import { lookup, Resolver } from "node:dns/promises";
import type { Resolve } from "./network.types.ts";

/** Resolves as the machine does, its hosts file included: the default in Node. */
export const resolveWithSystem: Resolve = async (host) => {
  const answers = await lookup(host, { all: true });
  return answers.map(({ address }) => address);
};

/** What {@link createDnsResolve} asks. */
export interface DnsResolveOptions {
  /** Name servers, such as `192.0.2.53` or `[2001:db8::53]:5353`. */
  readonly servers: readonly string[];
}

/**
 * Makes a resolver that asks given name servers, for hosts that keep plugins off their own network's DNS.
 *
 * @returns A resolver that gives all IPv4 and IPv6 addresses.
 */
export function createDnsResolve(options: DnsResolveOptions): Resolve {
  return async (host, signal) => {
    const resolver = new Resolver();
    resolver.setServers(options.servers);
    const cancel = () => resolver.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
      return answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  };
}
