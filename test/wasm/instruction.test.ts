import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isPluginError } from "../../src/errors.ts";
import { afterIndex, InstructionWalker, readIndex } from "../../src/wasm/instruction.ts";
import { featuresOfMask, plainOpcodes, prefixedOpcodes } from "../../src/wasm/opcode.ts";
import { thrownBy } from "./metered.ts";
import { wasm } from "./wasm-text.ts";

const failure = { code: "artifact/malformed", phase: "inspection", subject: "a test" } as const;

/** The instructions of some bytes: opcodes, where each ends, and the features that all need. */
function walk(bytes: readonly number[] | Uint8Array, start = 0, limit = bytes.length) {
  const walker = new InstructionWalker(Uint8Array.from(bytes), failure, start, limit);
  const opcodes: number[] = [];
  const ends: number[] = [];
  while (walker.next()) {
    opcodes.push(walker.opcode);
    ends.push(walker.end);
  }
  return { opcodes, ends, features: featuresOfMask(walker.features) };
}

function refusalOf(bytes: readonly number[]): string | undefined {
  const error = thrownBy(() => walk(bytes));
  return isPluginError(error) ? error.code : undefined;
}

/** Each kind of immediate, as text that the component tools assemble, and what it needs. */
const encodings: readonly (readonly [body: string, features: readonly string[]])[] = [
  ["(block) (loop) (if (i32.const 0) (then) (else))", []],
  ["(block (result i32) (i32.const -64)) drop", []],
  ["(block (param i32)) drop", ["multi-value"]],
  ["(block (br_table 0 0 0 (i32.const 1)))", []],
  ["(drop (i64.const -9223372036854775808)) (drop (f32.const 1)) (drop (f64.const 1))", []],
  ["(drop (i32.load offset=4294967295 (i32.const 0)))", []],
  ["(drop (i32.load $m1 (i32.const 0)))", ["multi-memory"]],
  ["(drop (memory.size $m1))", ["multi-memory"]],
  [
    "(memory.copy $m0 $m1 (i32.const 0) (i32.const 0) (i32.const 0))",
    ["bulk-memory", "multi-memory"],
  ],
  ["(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))", ["bulk-memory"]],
  ["(call_indirect $t1 (i32.const 0))", ["reference-types"]],
  ["(return_call $f)", ["tail-calls"]],
  ["(drop (select (result i32) (i32.const 1) (i32.const 2) (i32.const 3)))", ["reference-types"]],
  ["(drop (ref.null extern))", ["reference-types"]],
  ["(drop (i32.extend8_s (i32.const 1)))", ["sign-extension"]],
  ["(drop (i32.trunc_sat_f32_s (f32.const 1)))", ["saturating-conversion"]],
  ["(drop (v128.const i64x2 1 2))", ["simd"]],
  [
    "(drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (v128.const i64x2 1 2) (v128.const i64x2 1 2)))",
    ["simd"],
  ],
  ["(drop (v128.load8_lane offset=9 3 (i32.const 0) (v128.const i64x2 1 2)))", ["simd"]],
  ["(drop (i32x4.extract_lane 3 (v128.const i64x2 1 2)))", ["simd"]],
  [
    "(drop (i8x16.relaxed_swizzle (v128.const i64x2 1 2) (v128.const i64x2 1 2)))",
    ["simd", "relaxed-simd"],
  ],
  ["(block (try_table (catch $e 0) (catch_all 0)))", ["exceptions"]],
  ["try (throw $e) catch $e catch_all (rethrow 0) end", ["exceptions", "legacy-exceptions"]],
  ["try delegate 0", ["legacy-exceptions"]],
  ["(drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1))) (atomic.fence)", ["threads"]],
  [
    "(drop (struct.new_default $s)) (drop (ref.cast (ref $s) (ref.null none)))",
    ["gc", "function-references", "reference-types"],
  ],
  [
    "(block (result (ref null $s)) (br_on_cast 0 (ref null $s) (ref $s) (struct.new_default $s))) drop",
    ["gc", "function-references"],
  ],
  [
    "(drop (i64.add128 (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1))) drop",
    ["wide-arithmetic"],
  ],
];

describe("a walker", () => {
  test.each(encodings)("skips the immediates of %s exactly", async (body, features) => {
    const bytes = await wasm(`(module (type $s (struct (field i32)))
      (memory $m0 1) (memory $m1 1) (table $t0 1 funcref) (table $t1 1 funcref) (tag $e)
      (func $f) (func $walked ${body}))`);
    // The code section is the last, and the function's body ends it: its length byte comes before.
    const module = bytes.subarray(0, bytes.length - nameSectionLength(bytes));
    const start = bodyStart(module);
    const walked = walk(module, start, module.length);
    expect(walked.opcodes.at(-1)).toBe(0x0b);
    expect(walked.ends.at(-1)).toBe(module.length);
    expect(walked.features.toSorted()).toEqual([...features].toSorted());
  });

  test("gives prefixed opcodes as prefix and sub-opcode, however the sub-opcode is written", () => {
    expect(walk([0xfc, 0x0b, 0x00, 0xfd, 0x80, 0x02]).opcodes).toEqual([0xfc000b, 0xfd0100]);
    expect(walk([0xfc, 0x8b, 0x80, 0x00, 0x00]).opcodes).toEqual([0xfc000b]);
  });

  test("keeps the features of all stretches that it walked, and starts where it is told", () => {
    const bytes = Uint8Array.from([0xc0, 0x01, 0xfc, 0x00, 0x01]);
    const walker = new InstructionWalker(bytes, failure, 0, 1);
    while (walker.next());
    walker.reset(2, 4);
    expect(walker.next()).toBe(true);
    expect([walker.start, walker.immediates, walker.end, walker.next()]).toEqual([2, 4, 4, false]);
    expect(featuresOfMask(walker.features)).toEqual(["sign-extension", "saturating-conversion"]);
  });

  test("refuses opcodes that no specification defines", () => {
    let unknown = 0;
    for (let opcode = 0; opcode < 256; opcode += 1) {
      if (plainOpcodes.immediates[opcode] !== 0) continue;
      unknown += 1;
      expect(refusalOf([opcode, 0, 0, 0])).toBe("artifact/unsupported");
    }
    expect(unknown).toBe(46);
    for (const [index, { immediates }] of prefixedOpcodes.entries()) {
      for (let sub = 0; sub < 0x130; sub += 1) {
        if ((immediates[sub] ?? 0) !== 0) continue;
        const bytes = [0xfb + index, (sub & 0x7f) | 0x80, sub >> 7, 0, 0, 0];
        expect(refusalOf(bytes)).toBe("artifact/unsupported");
      }
    }
    expect(refusalOf([0xfd, 0xff, 0xff, 0xff, 0xff, 0x0f])).toBe("artifact/unsupported");
  });

  test("refuses instructions that are cut short, and integers that are too long", () => {
    for (const bytes of [
      [0x41], // i32.const of nothing
      [0x41, 0x80],
      [0x41, 0x80, 0x80, 0x80, 0x80, 0x08], // more than 32 bits
      [0x41, 0xff, 0xff, 0xff, 0xff, 0x70],
      [0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02],
      [0x43, 0, 0, 0],
      [0x44, 0, 0, 0, 0, 0, 0, 0],
      [0x10, 0x80, 0x80, 0x80, 0x80, 0x10],
      [0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
      [0x28, 0x80, 0x01, 0x00], // a memory argument's flag
      [0x28, 0x02, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02],
      [0x02, 0x41], // a block type
      [0x0e, 0xff, 0xff, 0x03, 0x00], // a table of labels that are not there
      [0x1f, 0x40, 0x01, 0x04, 0x00], // a catch of a kind that is not there
      [0xfd],
      [0xfd, 0x0c, 0, 0, 0],
      [0xfd, 0x15],
    ]) {
      expect([bytes, refusalOf(bytes)]).toEqual([bytes, "artifact/malformed"]);
    }
    expect(refusalOf([0x41, 0xff, 0xff, 0xff, 0xff, 0x07])).toBeUndefined();
    expect(refusalOf([0x41, 0x80, 0x80, 0x80, 0x80, 0x78])).toBeUndefined();
  });

  test("moves on or refuses, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        const walker = new InstructionWalker(bytes, failure);
        try {
          while (walker.next()) {
            expect(walker.end).toBeGreaterThan(walker.start);
            expect(walker.end).toBeLessThanOrEqual(bytes.length);
          }
          expect(walker.end).toBe(bytes.length);
        } catch (error) {
          if (!isPluginError(error)) throw error;
          expect(["artifact/malformed", "artifact/unsupported"]).toContain(error.code);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("leaves indices that can be read again", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.nat(4), (value, padding) => {
        const bytes: number[] = [0x10];
        let rest = value;
        let length = 0;
        do {
          bytes.push((rest % 128) | 0x80);
          rest = Math.floor(rest / 128);
          length += 1;
        } while (rest > 0 || length <= Math.min(padding, 4 - Number(rest > 0)));
        bytes[bytes.length - 1] = (bytes.at(-1) as number) & 0x7f;
        const { ends } = walk(bytes);
        expect(ends).toEqual([bytes.length]);
        expect(readIndex(Uint8Array.from(bytes), 1)).toBe(value);
        expect(afterIndex(Uint8Array.from(bytes), 1)).toBe(bytes.length);
      }),
    );
  });
});

/** Where the instructions of the last function start: after its length and its empty list of locals. */
function bodyStart(module: Uint8Array): number {
  let at = 8;
  let code = 0;
  while (at < module.length) {
    const isCode = module[at] === 10;
    at += 1;
    const size = readIndex(module, at);
    at = afterIndex(module, at);
    if (isCode) code = at;
    at += size;
  }
  at = afterIndex(module, code); // the number of functions
  at = afterIndex(module, at) + readIndex(module, at); // the first one
  return afterIndex(module, at) + 1;
}

/** The component tools end a module with a name section, when it names anything. */
function nameSectionLength(bytes: Uint8Array): number {
  let at = 8;
  while (at < bytes.length) {
    const start = at;
    const id = bytes[at];
    const size = readIndex(bytes, at + 1);
    at = afterIndex(bytes, at + 1) + size;
    if (id === 0) return bytes.length - start;
  }
  return 0;
}
