/**
 * Which IP addresses lead to the public internet.
 *
 * Everything that is not plainly public counts as private: a range that nobody thought of is refused
 * rather than reached. The ranges are those of IANA's registries of special-purpose addresses.
 */

/** Where an address leads. */
export type AddressKind = "public" | "private";

/** An IP address that was understood. */
export interface Address {
  readonly family: 4 | 6;
  /** The one spelling that is safe to connect to: dotted decimals, or eight groups without a zone. */
  readonly text: string;
  readonly kind: AddressKind;
}

/** IPv4 ranges that are not public, as the first address and the number of fixed bits. */
const privateRanges4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8], // this network; 0.0.0.0 itself is the own machine on many systems
  ["10.0.0.0", 8],
  ["100.64.0.0", 10], // carrier-grade NAT
  ["127.0.0.0", 8],
  ["168.63.129.16", 32], // a cloud's own services behind an address that looks public
  ["169.254.0.0", 16], // link-local, where clouds keep their metadata
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24], // documentation
  ["192.88.99.0", 24], // relays of 6to4
  ["192.168.0.0", 16],
  ["198.18.0.0", 15], // benchmarking
  ["198.51.100.0", 24], // documentation
  ["203.0.113.0", 24], // documentation
  ["224.0.0.0", 3], // multicast, reserved, broadcast
];

/** IPv6 ranges inside 2000::/3 that are not public; everything outside of 2000::/3 is not either. */
const privateRanges6: readonly (readonly [string, number])[] = [
  ["2001::", 23], // protocol assignments: Teredo, benchmarking, ORCHID
  ["2001:db8::", 32], // documentation
  ["2002::", 16], // 6to4, which carries any IPv4 address inside
  ["3fff::", 20], // documentation
];

/**
 * Reads an IP address and says where it leads.
 *
 * @param text Dotted decimals, or IPv6 with or without brackets and zone. Other notations of IPv4 are
 *   not read here: a URL's parser has turned them into dotted decimals.
 * @returns The address, or `undefined` when the text is no address.
 */
export function readAddress(text: string): Address | undefined {
  const bytes4 = readBytes4(text);
  if (bytes4 !== undefined) return address(4, bytes4.join("."), isPrivate4(bytes4));
  const bare = text.replace(/^\[(.*)\]$/u, "$1");
  const [literal = "", zone] = bare.split("%", 2);
  const bytes6 = readBytes6(literal);
  if (bytes6 === undefined) return undefined;
  // A zone means "on that interface": whatever the address is, it is not the internet's.
  return address(6, spell6(bytes6), zone !== undefined || isPrivate6(bytes6));
}

/**
 * Says whether a host name means the own machine whatever a resolver answers (RFC 6761).
 *
 * @param host A host name in lower case, without trailing dots.
 */
export function isLocalName(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost");
}

function address(family: 4 | 6, text: string, isPrivate: boolean): Address {
  return Object.freeze({ family, text, kind: isPrivate ? "private" : "public" });
}

function isPrivate4(bytes: readonly number[]): boolean {
  return privateRanges4.some(([first, bits]) => isInRange(bytes, readBytes4(first) ?? [], bits));
}

function isPrivate6(bytes: readonly number[]): boolean {
  const inner = innerBytes4(bytes);
  if (inner !== undefined) return isPrivate4(inner);
  if (!isInRange(bytes, [0x20], 3)) return true;
  // ISATAP: an IPv4 address in the lower half, in any prefix.
  if ((bytes[8] === 0 || bytes[8] === 2) && isInRange(bytes.slice(9), [0, 0x5e, 0xfe], 24)) {
    return true;
  }
  return privateRanges6.some(([first, bits]) => isInRange(bytes, readBytes6(first) ?? [], bits));
}

/** The IPv4 address that a mapped or NAT64 address stands for: where the connection really goes. */
function innerBytes4(bytes: readonly number[]): readonly number[] | undefined {
  const prefixes = ["::ffff:0:0", "64:ff9b::"];
  const isInner = prefixes.some((first) => isInRange(bytes, readBytes6(first) ?? [], 96));
  return isInner ? bytes.slice(12) : undefined;
}

function isInRange(bytes: readonly number[], first: readonly number[], bits: number): boolean {
  for (let at = 0; at * 8 < bits; at += 1) {
    const fixed = Math.min(8, bits - at * 8);
    const mask = (0xff << (8 - fixed)) & 0xff;
    if (((bytes[at] ?? 0) & mask) !== ((first[at] ?? 0) & mask)) return false;
  }
  return true;
}

function readBytes4(text: string): readonly number[] | undefined {
  // A leading zero is refused: some readers take such a number for an octal one.
  if (!/^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/u.test(text)) return undefined;
  const bytes = text.split(".").map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function readBytes6(text: string): readonly number[] | undefined {
  if (text.length > 45 || !/^[0-9a-f:.]+$/iu.test(text)) return undefined;
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(readGroups);
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 16 ? head : undefined;
  if (tail === undefined || head.length + tail.length > 14) return undefined;
  const zeros = new Array<number>(16 - head.length - tail.length).fill(0);
  // An IPv4 part stands at the end and nowhere else.
  return halves[0]?.includes(".") === true ? undefined : [...head, ...zeros, ...tail];
}

function readGroups(text: string): readonly number[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    const inner = index === groups.length - 1 ? readBytes4(group) : undefined;
    if (inner !== undefined) bytes.push(...inner);
    else if (!/^[0-9a-f]{1,4}$/iu.test(group)) return undefined;
    else bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff);
  }
  return bytes;
}

function spell6(bytes: readonly number[]): string {
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) {
    groups.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  }
  return groups.join(":");
}
