/** How many bits the first table of a {@link Huffman} code looks at. */
export const fastBits = 9;

/** The longest code of DEFLATE, in bits. */
const maxBits = 15;

/**
 * A prefix code of DEFLATE, ready to decode with.
 *
 * `fast` maps the next nine bits to `symbol << 4 | length`, 0 where the code is longer; longer codes
 * are found with `counts` and `symbols`. The table is small and its memory is used again, because a
 * stream may define a new code every eleven bytes, and building it is then all the work there is.
 */
export interface Huffman {
  readonly fast: Uint16Array;
  /** How many codes have each length. */
  readonly counts: Uint16Array;
  /** The symbols in the order of their codes. */
  readonly symbols: Uint16Array;
  /** While building: the place in `symbols` of the next symbol with a length. */
  readonly places: Uint16Array;
  /** While building: the next code of a length. */
  readonly codes: Uint16Array;
}

const reversed = Uint16Array.from({ length: 1 << fastBits }, (_, value) => {
  let result = 0;
  for (let bit = 0; bit < fastBits; bit += 1) {
    if (value & (1 << bit)) result |= 1 << (fastBits - 1 - bit);
  }
  return result;
});

/**
 * Makes room for a prefix code, which {@link buildHuffman} fills as often as a stream needs it.
 *
 * @param symbols The most symbols.
 * @returns A code without any symbol.
 */
export function emptyHuffman(symbols: number): Huffman {
  return {
    fast: new Uint16Array(1 << fastBits),
    counts: new Uint16Array(maxBits + 1),
    symbols: new Uint16Array(symbols),
    places: new Uint16Array(maxBits + 2),
    codes: new Uint16Array(maxBits + 2),
  };
}

/**
 * Builds a prefix code from the lengths of its codes (RFC 1951 §3.2.2).
 *
 * @param huffman The code, overwritten.
 * @param lengths The length of each symbol's code, 0 for a symbol without one.
 * @param start Where the first symbol's length stands.
 * @param end Behind the last symbol's length.
 * @param mayBeIncomplete Whether no code at all, or a single code of one bit, will do.
 * @returns Whether the lengths describe a code.
 */
export function buildHuffman(
  huffman: Huffman,
  lengths: Uint8Array,
  start: number,
  end: number,
  mayBeIncomplete: boolean,
): boolean {
  const { fast, counts, symbols, places, codes } = huffman;
  counts.fill(0);
  for (let at = start; at < end; at += 1) {
    const length = lengths[at] as number;
    counts[length] = (counts[length] as number) + 1;
  }
  const used = end - start - (counts[0] as number);
  counts[0] = 0;
  if (!isUsable(counts, used, mayBeIncomplete)) return false;
  places[1] = 0;
  codes[1] = 0;
  for (let length = 1; length <= maxBits; length += 1) {
    const count = counts[length] as number;
    places[length + 1] = (places[length] as number) + count;
    codes[length + 1] = ((codes[length] as number) + count) << 1;
  }
  fast.fill(0);
  for (let at = start; at < end; at += 1) {
    const length = lengths[at] as number;
    if (length === 0) continue;
    const symbol = at - start;
    const place = places[length] as number;
    symbols[place] = symbol;
    places[length] = place + 1;
    if (length > fastBits) continue;
    const code = codes[length] as number;
    codes[length] = code + 1;
    const entry = (symbol << 4) | length;
    const step = 1 << length;
    const first = (reversed[code] as number) >> (fastBits - length);
    for (let index = first; index < fast.length; index += step) fast[index] = entry;
  }
  return true;
}

/** Says whether the lengths fill the code space exactly, or leave open only what zlib tolerates. */
function isUsable(counts: Uint16Array, codes: number, mayBeIncomplete: boolean): boolean {
  let left = 1;
  for (let length = 1; length <= maxBits; length += 1) {
    left = (left << 1) - (counts[length] as number);
    if (left < 0) return false;
  }
  if (left === 0) return true;
  return mayBeIncomplete && (codes === 0 || (codes === 1 && counts[1] === 1));
}

/**
 * Finds a code in the next fifteen bits, bit by bit: the way for codes that the fast table lacks.
 *
 * @param huffman The code.
 * @param bits The bits to come, the first one lowest.
 * @returns `symbol << 4 | length`, or 0 when no code matches.
 */
export function findLongCode(huffman: Huffman, bits: number): number {
  let code = 0;
  let first = 0;
  let place = 0;
  for (let length = 1; length <= maxBits; length += 1) {
    code |= (bits >>> (length - 1)) & 1;
    const count = huffman.counts[length] as number;
    if (code - first < count)
      return ((huffman.symbols[place + code - first] as number) << 4) | length;
    place += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  return 0;
}
