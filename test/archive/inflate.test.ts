import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inflateRaw } from "../../src/archive/inflate.ts";
import { inflateLimits } from "../../src/limits.ts";

/** Writes bits in the order in which DEFLATE packs them. */
function bitsToBytes(bits: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (const [at, bit] of [...bits].entries()) {
    if (bit === "1") bytes[at >> 3] = (bytes[at >> 3] as number) | (1 << (at & 7));
  }
  return bytes;
}

const number = (value: number, width: number) =>
  [...value.toString(2).padStart(width, "0")].reverse().join("");

/** The smallest block with a code of its own: nothing but the end of the block. */
function emptyBlockWithOwnCode(isLast: boolean): string {
  const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1];
  const lengths = order.map((symbol) => number(symbol === 18 || symbol === 1 ? 1 : 0, 3));
  const zeros = (count: number) => `1${number(count - 11, 7)}`;
  return [
    ...[isLast ? "1" : "0", "01", number(0, 5), number(0, 5), number(14, 4)],
    ...[...lengths, zeros(138), zeros(118), "0", "0", "0"],
  ].join("");
}

function outcome(source: Uint8Array, size: number): Uint8Array | string {
  try {
    return inflateRaw(source, size, (reason) => {
      throw new Error(reason);
    });
  } catch (error) {
    return (error as Error).message;
  }
}

/** What zlib makes of it, when it takes all of the source. */
function reference(source: Uint8Array): Uint8Array | undefined {
  try {
    const { buffer, engine } = inflateRawSync(source, {
      info: true,
      maxOutputLength: 1 << 20,
    }) as unknown as { buffer: Uint8Array; engine: { bytesWritten: number } };
    return engine.bytesWritten === source.length ? new Uint8Array(buffer) : undefined;
  } catch {
    return undefined;
  }
}

/** Compares as bytes, which takes a fraction of a deep comparison's time. */
function isSame(actual: Uint8Array | string, expected: Uint8Array): boolean {
  return typeof actual !== "string" && Buffer.compare(actual, expected) === 0;
}

const content = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }),
  fc
    .array(fc.integer({ min: 0, max: 3 }), { maxLength: 5000 })
    .map((list) => Uint8Array.from(list)),
  fc
    .uint8Array({ maxLength: 50 })
    .map(
      (part) => new Uint8Array(Buffer.alloc(70_000, Buffer.from(part.length === 0 ? [0] : part))),
    ),
);
const settings = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.integer({ min: 0, max: 4 }),
  memLevel: fc.integer({ min: 1, max: 9 }),
});

describe("inflating", () => {
  it("gives back what any setting of zlib compressed", () => {
    fc.assert(
      fc.property(content, settings, (bytes, options) => {
        expect(isSame(outcome(deflateRawSync(bytes, options), bytes.length), bytes)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it("takes and refuses exactly the streams that zlib takes whole", () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), settings, damage, (bytes, options, hits) => {
        const stream = new Uint8Array(deflateRawSync(bytes, options));
        for (const [at, value] of hits) stream[at % stream.length] = value;
        const expected = reference(stream);
        const actual = outcome(stream, expected?.length ?? bytes.length);
        if (expected === undefined) expect(typeof actual).toBe("string");
        else expect(isSame(actual, expected)).toBe(true);
      }),
      { numRuns: 4000 },
    );
  });

  it("refuses noise with a reason", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(1000), (noise, size) => {
        const actual = outcome(noise, size);
        if (typeof actual !== "string") expect(actual).toEqual(reference(noise));
      }),
      { numRuns: 4000 },
    );
  });
});

describe("the size that is stated", () => {
  it.each([0, 1, 6, 9])("ends the stream one byte late and one byte early (level %i)", (level) => {
    const bytes = new Uint8Array(10_000).map((_, at) => (at * 7919) % 251);
    const stream = deflateRawSync(bytes, { level });
    expect(isSame(outcome(stream, bytes.length), bytes)).toBe(true);
    expect(outcome(stream, bytes.length - 1)).toMatch(/more bytes/u);
    expect(outcome(stream, bytes.length + 1)).toMatch(/fewer bytes/u);
  });

  it("covers the whole source", () => {
    const stream = deflateRawSync(new Uint8Array(10));
    expect(outcome(Uint8Array.from([...stream, 0]), 10)).toMatch(/goes on/u);
    expect(outcome(stream.subarray(0, -1), 10)).toMatch(/ends too early/u);
    expect(outcome(new Uint8Array(), 0)).toMatch(/stored block|ends too early/u);
  });
});

describe("blocks with codes of their own", () => {
  const blocks = (count: number) =>
    bitsToBytes(
      Array.from({ length: count }, (_, at) => emptyBlockWithOwnCode(at === count - 1)).join(""),
    );

  const spare = inflateLimits.spareBlocks.default;
  const each = inflateLimits.blockBytes.default;

  it("may be spareBlocks more than the size needs, and no more", () => {
    expect(reference(blocks(spare + 1))).toEqual(new Uint8Array());
    expect(outcome(blocks(spare), 0)).toEqual(new Uint8Array());
    expect(outcome(blocks(spare + 1), 0)).toMatch(/more codes/u);
  });

  it("may be one more for each blockBytes that are stated", () => {
    expect(outcome(blocks(spare + 1), each - 1)).toMatch(/more codes/u);
    expect(outcome(blocks(spare + 1), each)).toMatch(/fewer bytes/u);
  });

  it("are never that many in honest streams, flushed or not", () => {
    const bytes = new Uint8Array(100_000).map((_, at) => (at * 31 + (at >> 3)) % 97);
    for (const memLevel of [1, 8]) {
      const stream = deflateRawSync(bytes, { memLevel, level: 9, flush: constants.Z_FULL_FLUSH });
      expect(isSame(outcome(stream, bytes.length), bytes)).toBe(true);
    }
  });
});
