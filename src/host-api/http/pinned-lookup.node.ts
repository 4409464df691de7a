import { isIPv6, type LookupFunction } from "node:net";

/**
 * Makes the `lookup` of a connection: it asks nobody and gives the addresses that were checked.
 *
 * @param addresses At least one address.
 */
export function pinnedLookup(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (_host, options, callback) => {
    const fitting = all.filter(
      ({ family }) => !options.family || String(options.family).endsWith(String(family)),
    );
    const [first] = fitting;
    if (first === undefined) callback(new Error("no address of that family"), "");
    else if (options.all === true) callback(null, fitting);
    else callback(null, first.address, first.family);
  };
}
