import { inflateLimits } from "../limits.ts";
import { buildHuffman, emptyHuffman, fastBits, findLongCode, type Huffman } from "./huffman.ts";

/** Throws what is wrong with a stream, as the end of the sentence "the data …". */
export type InflateFailure = (reason: string) => never;

/** The state of one run: where the input and the output stand, and bits that were read ahead. */
interface Inflation {
  readonly source: Uint8Array;
  readonly target: Uint8Array<ArrayBuffer>;
  readonly fail: InflateFailure;
  /** The next byte to read; past the end, zeros are read. */
  from: number;
  /** The next byte to write. */
  to: number;
  /** Bits read ahead, the next one lowest, and how many there are. */
  hold: number;
  held: number;
  /** Room for what a block with codes of its own defines. */
  readonly lengths: Uint8Array;
  readonly codeLengthCode: Huffman;
  readonly literals: Huffman;
  readonly distances: Huffman;
}

const lengthBase = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
  163, 195, 227, 258,
];
const lengthExtra = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];
const distanceBase = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
  3073, 4097, 6145, 8193, 12289, 16385, 24577,
];
const distanceExtra = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
/** The order in which a block lists the lengths of its code length code (RFC 1951 §3.2.7). */
const codeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const endOfBlock = 256;
/** Symbols that a block may define; those above are reserved. */
const maxLiterals = 286;
const maxDistances = 30;

/**
 * Expands raw DEFLATE data (RFC 1951), as strictly as zlib does.
 *
 * Memory is the expected size and nothing more: the first byte over it ends the run. Refused too are
 * incomplete or over-full codes, lengths that contradict each other, distances before the start, data
 * that ends early and bytes after the last block.
 *
 * @param source The compressed bytes, all of them.
 * @param size The exact number of bytes that must come out; allocated at once, so bound it first.
 * @param fail Throws the reason why the data is not what it should be.
 * @returns The expanded bytes.
 */
export function inflateRaw(
  source: Uint8Array,
  size: number,
  fail: InflateFailure,
): Uint8Array<ArrayBuffer> {
  const run: Inflation = {
    source,
    target: new Uint8Array(size),
    fail,
    from: 0,
    to: 0,
    hold: 0,
    held: 0,
    lengths: new Uint8Array(maxLiterals + maxDistances),
    codeLengthCode: emptyHuffman(codeLengthOrder.length),
    literals: emptyHuffman(maxLiterals),
    distances: emptyHuffman(maxDistances),
  };
  let ownCodes = inflateLimits.spareBlocks.default + size / inflateLimits.blockBytes.default;
  for (let isLast = false; !isLast; ) {
    isLast = takeBits(run, 1) === 1;
    const kind = takeBits(run, 2);
    if (kind === 0) copyStored(run);
    else if (kind === 1) expandBlock(run, fixedCodes.literals, fixedCodes.distances);
    else if (kind === 2) {
      ownCodes -= 1;
      if (ownCodes < 0) fail("defines more codes than its size can need");
      readCodes(run);
      expandBlock(run, run.literals, run.distances);
    } else fail("has a block of an unknown kind");
    if (unread(run) < 0) fail("ends too early");
  }
  if (run.to < size) fail("expands to fewer bytes than the archive states");
  if (unread(run) > 0) fail("goes on after its last block");
  return run.target;
}

/** Whole bytes of the source that no bit was taken from; negative when bits past its end were. */
function unread(run: Inflation): number {
  return run.source.length - run.from + (run.held >> 3);
}

function fill(run: Inflation): void {
  while (run.held <= 16) {
    run.hold |= (run.source[run.from] ?? 0) << run.held;
    run.from += 1;
    run.held += 8;
  }
}

/** Takes up to 16 bits. */
function takeBits(run: Inflation, count: number): number {
  if (run.held < count) fill(run);
  const bits = run.hold & ((1 << count) - 1);
  run.hold >>>= count;
  run.held -= count;
  return bits;
}

function takeSymbol(run: Inflation, huffman: Huffman): number {
  if (run.held < 15) fill(run);
  const fast = huffman.fast[run.hold & ((1 << fastBits) - 1)] as number;
  const found = fast === 0 ? findLongCode(huffman, run.hold) : fast;
  if (found === 0) run.fail("has bits that are no code");
  run.hold >>>= found & 15;
  run.held -= found & 15;
  return found >> 4;
}

function copyStored(run: Inflation): void {
  takeBits(run, run.held & 7);
  const length = takeBits(run, 16);
  if (takeBits(run, 16) !== (length ^ 0xffff)) run.fail("has a stored block of unclear length");
  const start = run.from - (run.held >> 3);
  if (start + length > run.source.length) run.fail("ends too early");
  if (length > run.target.length - run.to) overrun(run);
  run.target.set(run.source.subarray(start, start + length), run.to);
  run.to += length;
  run.from = start + length;
  run.hold = 0;
  run.held = 0;
}

function readCodes(run: Inflation): void {
  const literals = takeBits(run, 5) + 257;
  const symbols = literals + takeBits(run, 5) + 1;
  if (literals > maxLiterals || symbols - literals > maxDistances) {
    run.fail("has a block with too many symbols");
  }
  const { lengths } = run;
  const codeLengths = takeBits(run, 4) + 4;
  lengths.fill(0, 0, codeLengthOrder.length);
  for (let index = 0; index < codeLengths; index += 1) {
    lengths[codeLengthOrder[index] as number] = takeBits(run, 3);
  }
  build(run, run.codeLengthCode, 0, codeLengthOrder.length, false);
  readLengths(run, symbols);
  if (lengths[endOfBlock] === 0) run.fail("has a block without an end");
  build(run, run.literals, 0, literals, true);
  build(run, run.distances, literals, symbols, true);
}

function build(run: Inflation, code: Huffman, start: number, end: number, may: boolean): void {
  if (!buildHuffman(code, run.lengths, start, end, may)) {
    run.fail("has a block with an impossible code");
  }
}

function readLengths(run: Inflation, count: number): void {
  const { lengths } = run;
  for (let at = 0; at < count; ) {
    const symbol = takeSymbol(run, run.codeLengthCode);
    if (symbol < 16) {
      lengths[at] = symbol;
      at += 1;
      continue;
    }
    if (symbol === 16 && at === 0) run.fail("repeats a code length before there is one");
    const repeated = symbol === 16 ? (lengths[at - 1] as number) : 0;
    const times =
      symbol === 16
        ? 3 + takeBits(run, 2)
        : symbol === 17
          ? 3 + takeBits(run, 3)
          : 11 + takeBits(run, 7);
    if (times > count - at) run.fail("has more code lengths than symbols");
    lengths.fill(repeated, at, at + times);
    at += times;
  }
}

function expandBlock(run: Inflation, literals: Huffman, distances: Huffman): void {
  const { target } = run;
  for (;;) {
    const symbol = takeSymbol(run, literals);
    if (symbol < endOfBlock) {
      if (run.to >= target.length) overrun(run);
      target[run.to] = symbol;
      run.to += 1;
    } else if (symbol === endOfBlock) {
      return;
    } else {
      copyMatch(run, symbol - endOfBlock - 1, distances);
    }
    // Zeros past the end may decode to something for ever; every symbol takes at least one bit.
    if (run.from > run.source.length + 4) run.fail("ends too early");
  }
}

function copyMatch(run: Inflation, lengthSymbol: number, distances: Huffman): void {
  const { target, to } = run;
  const base = lengthBase[lengthSymbol] ?? run.fail("has an invalid length");
  const length = base + takeBits(run, lengthExtra[lengthSymbol] as number);
  const distanceSymbol = takeSymbol(run, distances);
  const from = distanceBase[distanceSymbol] ?? run.fail("has an invalid distance");
  const distance = from + takeBits(run, distanceExtra[distanceSymbol] as number);
  if (distance > to) run.fail("refers to bytes before its start");
  if (length > target.length - to) overrun(run);
  if (distance >= length) target.copyWithin(to, to - distance, to - distance + length);
  else for (let at = to; at < to + length; at += 1) target[at] = target[at - distance] as number;
  run.to = to + length;
}

function overrun(run: Inflation): never {
  run.fail("expands to more bytes than the archive states");
}

/** The codes of a block that brings none of its own (RFC 1951 §3.2.6). */
const fixedCodes = Object.freeze({
  literals: fixedCode(288, (symbol) =>
    symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
  ),
  distances: fixedCode(32, () => 5),
});

function fixedCode(symbols: number, lengthOf: (symbol: number) => number): Huffman {
  const code = emptyHuffman(symbols);
  const lengths = Uint8Array.from({ length: symbols }, (_, symbol) => lengthOf(symbol));
  buildHuffman(code, lengths, 0, symbols, false);
  return code;
}
