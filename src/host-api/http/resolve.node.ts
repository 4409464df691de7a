import { lookup, Resolver } from "node:dns/promises";
import { httpLimits } from "../../limits.ts";
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
 * A question that is lost is asked again after `nameServerMs`, twice; when a name has addresses of one
 * kind, those of the other are waited for `otherAddressesMs`.
 *
 * @returns A resolver that gives all IPv4 and IPv6 addresses.
 */
export function createDnsResolve(options: DnsResolveOptions): Resolve {
  return async (host, signal) => {
    const resolver = new Resolver({ timeout: httpLimits.nameServerMs.default, tries: 3 });
    resolver.setServers(options.servers);
    const cancel = () => resolver.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      return await gathered([resolver.resolve4(host), resolver.resolve6(host)]);
    } finally {
      signal.removeEventListener("abort", cancel);
      cancel();
    }
  };
}

/**
 * Gathers what some questions are answered with. Once there is an address, the others are waited for
 * no longer than they are worth: what is not known is not connected to either.
 */
function gathered(questions: readonly Promise<readonly string[]>[]): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const found: string[] = [];
    let open = questions.length;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const finish = () => {
      clearTimeout(timer);
      resolve([...found]);
    };
    const hear = (addresses: readonly string[]) => {
      open -= 1;
      found.push(...addresses);
      if (open === 0) finish();
      else if (found.length > 0) timer ??= setTimeout(finish, httpLimits.otherAddressesMs.default);
    };
    // One that fails is one without addresses; when all are, the name has none.
    for (const question of questions) question.then(hear, () => hear([]));
  });
}
