import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { isPluginError } from "../../src/errors.ts";
import { admit } from "../../src/wasm/admission.ts";
import { readArtifact } from "../../src/wasm/artifact.ts";
import type { ArtifactFacts } from "../../src/wasm/artifact.types.ts";
import { clampArtifact } from "../../src/wasm/clamp.ts";
import { componentRequest, guest } from "./admitting.ts";
import { componentOf, leb, moduleOf, section, wasm, withoutMaxima } from "./wasm-text.ts";

/** Codes that reading may fail with. */
const readingCodes: ReadonlySet<string> = new Set([
  "artifact/malformed",
  "artifact/unsupported",
  "artifact/limit",
]);

const seeds: Uint8Array<ArrayBuffer>[] = [];

beforeAll(async () => {
  const folder = new URL("../../fixtures/guests/", import.meta.url);
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of names) {
    const bytes = readFileSync(new URL(`${name}/guest.wasm`, folder));
    if (bytes.length < 8_192) seeds.push(new Uint8Array(bytes));
  }
  seeds.push(
    await wasm(`(component
      (type $r (record (field "a" u8) (field "b" (list string)))) (type (variant (case "x" $r) (case "y")))
      (type (flags "f")) (type (enum "e")) (type (option u8)) (type (result u8 (error string)))
      (type (stream u8)) (type (map string u8)) (type (func async (param "p" $r) (result u8)))
      (import "a:b/c@1.0.0" (instance $i (export "r" (type $rr (sub resource))) (export "f" (func (param "x" (own $rr))))))
      (alias export $i "r" (type $res)) (type (borrow $res))
      (core type (module (import "a" "b" (func)) (export "m" (memory 1))))
      (component $c (import "d" (component (import "e" (func)) (export "g" (func)))) (alias outer 1 $r (type)))
      (core func (canon resource.drop $res)) (core func (canon stream.new 7)) (core func (canon task.cancel)))`),
    await wasm(
      `(module (rec (type (struct (field (mut i8) (ref null 0)))) (type (array i16))) (type (func (param v128) (result f64 f32)))
      (import "e" "g" (global (mut i64))) (memory 1 3) (memory i64 1) (table 3 4 externref) (global i32 (i32.add (i32.const 1) (i32.const 2)))
      (func $f (local i32 i64 f32) (block (loop (br_table 0 1 0 (i32.const 0)))) (drop (memory.grow (i32.const 1))))
      (elem declare func $f) (elem (table 0) (i32.const 0) externref (ref.null extern)) (data "x") (data (i32.const 0) "y"))`,
    ),
  );
});

/** Reads bytes; `undefined` for those that are refused as they should be. */
function readOrRefuse(bytes: Uint8Array): ArtifactFacts | undefined {
  try {
    return readArtifact(bytes);
  } catch (error) {
    if (isPluginError(error) && readingCodes.has(error.code)) return undefined;
    throw error;
  }
}

/**
 * What must hold of any bytes: they are refused with a code, or read, admitted or not, and clamped.
 *
 * @returns Whether they were read.
 */
function holds(bytes: Uint8Array<ArrayBuffer>): boolean {
  const facts = readOrRefuse(bytes);
  if (facts === undefined) return false;
  admit(facts, componentRequest());
  const limits = guest({ memoryBytes: 4 * 65_536, tableElements: 100 });
  const clamped = clampArtifact(bytes, facts, limits);
  const again = readArtifact(clamped);
  expect(withoutMaxima(again)).toEqual(withoutMaxima(facts));
  expect(clampArtifact(clamped, again, limits)).toBe(clamped);
  if (facts.kind === "module" && WebAssembly.validate(bytes)) {
    expect(WebAssembly.validate(clamped)).toBe(true);
  }
  return true;
}

/** A change at one place of a seed; most keep its length, so that sections still end where they say. */
const edit = fc
  .record({
    at: fc.noBias(fc.nat({ max: 2 ** 30 })),
    bytes: fc.oneof(
      { weight: 4, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 1 }) },
      { weight: 1, arbitrary: fc.uint8Array({ minLength: 0, maxLength: 6 }) },
    ),
    remove: fc.nat({ max: 6 }),
    keepsLength: fc.boolean(),
  })
  .map(({ remove, keepsLength, ...rest }) => ({
    ...rest,
    remove: keepsLength || rest.bytes.length === 1 ? rest.bytes.length : remove,
  }));

describe("[wasm/total] no bytes make reading do anything but read or refuse", () => {
  test("random_bytes_after_either_preamble", () => {
    fc.assert(
      fc.property(fc.boolean(), fc.uint8Array({ maxLength: 400 }), (isModule, rest) => {
        const head = isModule ? moduleOf() : componentOf();
        holds(Uint8Array.from([...head, ...rest]));
      }),
      { numRuns: 3_000 },
    );
  });

  test("sections_of_random_content", () => {
    const ids = fc.nat({ max: 14 });
    const content = fc.array(
      fc.oneof(
        fc.nat({ max: 4 }),
        fc.constantFrom(0x41, 0x42, 0x60, 0x70, 0x7f),
        fc.nat({ max: 255 }),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(fc.tuple(ids, content), { maxLength: 6 }),
        (isModule, parts) => {
          const sections = parts.map(([id, bytes]) => section(id, bytes));
          holds(isModule ? moduleOf(...sections) : componentOf(...sections));
        },
      ),
      { numRuns: 4_000 },
    );
  });

  test("small_changes_of_real_guests", () => {
    let read = 0;
    fc.assert(
      fc.property(
        fc.noBias(fc.nat()),
        fc.array(edit, { minLength: 1, maxLength: 3 }),
        (which, edits) => {
          let bytes = [...(seeds[which % seeds.length] ?? [])];
          for (const { at, bytes: put, remove } of edits) {
            const place = 8 + (at % (bytes.length - 8));
            bytes = [...bytes.slice(0, place), ...put, ...bytes.slice(place + remove)];
          }
          if (holds(Uint8Array.from(bytes))) read += 1;
        },
      ),
      { numRuns: 3_000 },
    );
    expect(read).toBeGreaterThan(300); // or the changes would show nothing past the first check
  });

  test("every_byte_of_a_real_component_changed_to_the_worst", async () => {
    const seed =
      await wasm(`(component (type $t (tuple u8 (list string))) (import "a:b/c@1.0.0" (instance (export "f" (func))))
      (core module $m (memory (export "m") 1) (table 1 funcref) (func (drop (memory.grow (i32.const 1)))))
      (core instance (instantiate $m)) (component (core module)))`);
    for (let at = 0; at < seed.length; at += 1) {
      for (const value of [0x00, 0x01, 0x0b, 0x40, 0x7f, 0x80, 0xfd, 0xff]) {
        const bytes = seed.slice();
        bytes[at] = value;
        holds(bytes);
      }
    }
  });
});

describe("what reading costs stays in proportion", () => {
  const megabytes = 8;

  /** Vectors of what takes least in the bytes and most in memory. */
  test.each<[string, () => Uint8Array]>([
    ["functions", () => filled(moduleOf(section(1, [1, 0x60, 0, 0])), 3, [0])],
    ["types", () => filled(moduleOf(), 1, [0x60, 0, 0])],
    ["parameters", () => filled(moduleOf(), 1, [0x7f], [1, 0x60])],
    [
      "exports",
      () => filled(moduleOf(section(1, [1, 0x60, 0, 0]), section(3, [1, 0])), 7, [0, 0, 0]),
    ],
    ["imports", () => filled(moduleOf(), 2, [0, 0, 2, 0, 0])],
    ["memories", () => filled(moduleOf(), 5, [0, 0])],
    ["component types", () => filled(componentOf(), 7, [0x7f])],
    ["labels", () => filled(componentOf(), 7, [0], [1, 0x6d])],
    ["component aliases", () => filled(componentOf(section(7, [1, 0x7f])), 6, [3, 2, 0, 0])],
    ["instances", () => filled(componentOf(section(4, [...componentOf()])), 5, [0, 0, 0])],
    ["built-ins", () => filled(componentOf(), 8, [5])],
    ["memory.grow", () => body([0x41, 0, 0x40, 0, 0x1a])],
    ["nested blocks", () => body([0x02, 0x40])],
  ])("for %s_by_the_million", (_, build) => {
    const bytes = build();
    expect(bytes.length).toBeGreaterThan(megabytes * 1_000_000);
    const before = process.memoryUsage();
    const started = performance.now();
    readOrRefuse(bytes);
    const after = process.memoryUsage();
    expect(performance.now() - started).toBeLessThan(4_000);
    const grown = after.heapUsed + after.external - before.heapUsed - before.external;
    expect(grown).toBeLessThan(12 * bytes.length);
  });

  function filled(
    head: Uint8Array,
    id: number,
    item: readonly number[],
    before: readonly number[] = [],
  ): Uint8Array {
    const count = Math.ceil((megabytes * 1_000_000) / item.length);
    const lead = [...before, ...leb(count)];
    const size = lead.length + count * item.length;
    const start = [...head, id, ...leb(size), ...lead];
    const bytes = new Uint8Array(start.length + count * item.length);
    bytes.set(start);
    repeat(bytes, start.length, bytes.length, item);
    return bytes;
  }

  function body(item: readonly number[]): Uint8Array {
    const code = Math.ceil((megabytes * 1_000_000) / item.length) * item.length;
    const head = moduleOf(section(1, [1, 0x60, 0, 0]), section(3, [1, 0]), section(5, [1, 0, 1]));
    const size = leb(code + 2);
    const start = [...head, 10, ...leb(1 + size.length + code + 2), 1, ...size, 0];
    const bytes = new Uint8Array(start.length + code + 1);
    bytes.set(start);
    repeat(bytes, start.length, start.length + code, item);
    bytes[bytes.length - 1] = 0x0b;
    return bytes;
  }

  function repeat(bytes: Uint8Array, start: number, end: number, item: readonly number[]): void {
    for (let at = start; at < end; at += item.length) bytes.set(item, at);
  }
});
