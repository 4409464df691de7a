import { readdirSync, readFileSync } from "node:fs";
import { componentWit } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";
import { readArtifact } from "../../src/wasm/artifact.ts";
import type { ArtifactFacts, CoreModuleFacts } from "../../src/wasm/artifact.types.ts";
import { clampArtifact } from "../../src/wasm/clamp.ts";
import { guest } from "./admitting.ts";
import { wasm, withoutMaxima } from "./wasm-text.ts";

const page = 65_536;

interface Clamped {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly facts: ArtifactFacts;
  /** `[minimum, maximum]` of every memory and table, module by module. */
  readonly memories: readonly (readonly [number, number | undefined])[];
  readonly tables: readonly (readonly [number, number | undefined])[];
}

function modulesOf(facts: ArtifactFacts): readonly CoreModuleFacts[] {
  return facts.kind === "component" ? facts.modules : [facts.module];
}

async function clamped(text: string, pages: number, elements = 1_000): Promise<Clamped> {
  return clampedBytes(await wasm(text), pages, elements);
}

function clampedBytes(before: Uint8Array<ArrayBuffer>, pages: number, elements: number): Clamped {
  const limits = guest({ memoryBytes: pages * page, tableElements: elements });
  const bytes = clampArtifact(before, readArtifact(before), limits);
  const facts = readArtifact(bytes);
  expect(withoutMaxima(facts)).toEqual(withoutMaxima(readArtifact(before)));
  expect(clampArtifact(bytes, facts, limits)).toBe(bytes);
  const modules = modulesOf(facts);
  return {
    bytes,
    facts,
    memories: modules.flatMap(({ memories }) =>
      memories.map(({ minPages, maxPages }) => [minPages, maxPages] as const),
    ),
    tables: modules.flatMap(({ tables }) =>
      tables.map(({ minElements, maxElements }) => [minElements, maxElements] as const),
    ),
  };
}

const growsBoth =
  "(func (drop (memory.grow 0 (i32.const 1))) (drop (memory.grow 1 (i32.const 1))))";

describe("[wasm/clamp] a module", () => {
  test("a_memory_that_grows_gets_all_that_the_limit_leaves", async () => {
    const { bytes, memories } = await clamped(
      `(module (memory (export "m") 3) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`,
      32,
    );
    expect(memories).toEqual([[3, 32]]);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    const grow = exports.grow as (pages: number) => number;
    expect([grow(30), grow(29), grow(1)]).toEqual([-1, 3, -1]);
  });

  test("a_memory_that_nothing_grows_gets_no_more_than_it_starts_with", async () => {
    expect((await clamped("(module (memory 3))", 32)).memories).toEqual([[3, 3]]);
  });

  test("a_smaller_maximum_of_its_own_stays", async () => {
    const text = `(module (memory 1 5) (func (drop (memory.grow (i32.const 1)))))`;
    const { bytes, memories } = await clamped(text, 32);
    expect(memories).toEqual([[1, 5]]);
    expect(bytes).toEqual(await wasm(text));
  });

  test("a_larger_maximum_of_its_own_is_cut", async () => {
    const { memories } = await clamped(
      `(module (memory 1 65536) (func (drop (memory.grow (i32.const 1)))))`,
      32,
    );
    expect(memories).toEqual([[1, 32]]);
  });

  test("several_memories_share_what_is_left_equally", async () => {
    const { memories } = await clamped(`(module (memory 2) (memory 10) ${growsBoth})`, 32);
    expect(memories).toEqual([
      [2, 12],
      [10, 20],
    ]);
  });

  test("what_one_memory_can_t_use_goes_to_the_others", async () => {
    const { memories } = await clamped(`(module (memory 2 4) (memory 10) ${growsBoth})`, 32);
    expect(memories).toEqual([
      [2, 4],
      [10, 28],
    ]);
  });

  test("memories_over_the_limit_keep_their_minimum_for_admission_refused_them", async () => {
    const { memories } = await clamped(
      `(module (memory 40) (func (drop (memory.grow (i32.const 1)))))`,
      32,
    );
    expect(memories).toEqual([[40, 40]]);
  });

  test("tables_get_a_maximum_too", async () => {
    const { bytes, tables } = await clamped(
      `(module (table 5 externref) (table 7 20 funcref) (table 2 funcref)
        (func (export "grow") (param i32) (result i32) (table.grow 0 (ref.null extern) (local.get 0)))
        (func (drop (table.grow 1 (ref.null func) (i32.const 1)))))`,
      32,
      100,
    );
    // 86 are left over 14; the second takes 13 of them.
    expect(tables).toEqual([
      [5, 78],
      [7, 20],
      [2, 2],
    ]);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    const grow = exports.grow as (elements: number) => number;
    expect([grow(74), grow(73)]).toEqual([-1, 5]);
  });

  test("imported_memories_and_tables_are_left_alone", async () => {
    const text = `(module (import "a" "m" (memory 1 500)) (import "a" "t" (table 1 9999 funcref))
      (func (drop (memory.grow (i32.const 1)))))`;
    const { bytes } = await clamped(text, 32, 10);
    expect(bytes).toEqual(await wasm(text));
  });

  test("sections_around_a_longer_maximum_get_their_new_sizes", async () => {
    const { bytes, memories } = await clamped(
      `(module (memory 1) (func (drop (memory.grow (i32.const 1)))) (data (i32.const 0) "${"x".repeat(300)}"))`,
      16_384,
    );
    expect(memories).toEqual([[1, 16_384]]);
    expect(WebAssembly.validate(bytes)).toBe(true);
  });

  test("memories_of_64_bits_and_odd_pages_keep_their_encoding", async () => {
    const grow = `(func (drop (memory.grow (i64.const 1))))`;
    expect((await clamped(`(module (memory i64 3) ${grow})`, 32)).memories).toEqual([[3, 32]]);
    expect((await clamped(`(module (memory i64 0x100000000000) ${grow})`, 32)).memories).toEqual([
      [2 ** 44, 2 ** 44],
    ]);
    expect(
      (
        await clamped(
          `(module (memory 65536 (pagesize 1)) (func (drop (memory.grow (i32.const 1)))))`,
          4,
        )
      ).memories,
    ).toEqual([[1, 4]]);
    expect((await clamped(`(module (memory 1 9 shared))`, 32)).memories).toEqual([[1, 1]]);
  });

  test("a_table_with_initial_elements_keeps_them", async () => {
    const { bytes, tables } = await clamped(
      `(module (func $f) (table 2 (ref func) (ref.func $f)) (func (drop (table.grow 0 (ref.func $f) (i32.const 1)))) (elem declare func $f))`,
      32,
      50,
    );
    expect(tables).toEqual([[2, 50]]);
    expect(readArtifact(bytes).kind).toBe("module");
  });

  test("facts_of_another_artifact_are_a_mistake_of_the_host", async () => {
    const bytes = await wasm("(module (memory 1))");
    const facts = readArtifact(await wasm("(module)"));
    expect(() => clampArtifact(bytes, facts, guest())).toThrow(RangeError);
  });
});

describe("a component", () => {
  const grown = (pages: number): string =>
    `(core module $grows (memory ${pages}) (func (drop (memory.grow (i32.const 1)))))`;

  test("every_instantiation_counts", async () => {
    const { memories } = await clamped(
      `(component (component $c ${grown(1)} (core instance (instantiate $grows)) (core instance (instantiate $grows)))
        (instance (instantiate $c)) (instance (instantiate $c))
        (core module $fixed (memory 4)) (core instance (instantiate $fixed)))`,
      32,
    );
    // 4 × 1 + 4 pages at the start; 24 are left for four memories.
    expect(memories).toEqual([
      [1, 7],
      [4, 4],
    ]);
  });

  test("the_memory_that_a_linked_module_grows_gets_the_rest", async () => {
    const { memories } = await clamped(
      `(component
        (core module $main (memory (export "memory") 2)) (core instance $main (instantiate $main))
        (core module $stub (memory (export "memory") 1)) (core instance (instantiate $stub))
        (core module $adapter (import "main" "memory" (memory 1)) (func (drop (memory.grow (i32.const 1)))))
        (core instance (instantiate $adapter (with "main" (instance $main)))))`,
      32,
    );
    expect(memories).toEqual([
      [2, 31],
      [1, 1],
      [1, undefined],
    ]);
  });

  test("a_memory_that_is_never_instantiated_takes_no_share", async () => {
    const { memories } = await clamped(
      `(component ${grown(1)} ${grown(1).replace("$grows", "$used")} (core instance (instantiate $used)))`,
      32,
    );
    expect(memories).toEqual([
      [1, 1],
      [1, 32],
    ]);
  });

  test("sizes_are_mended_at_every_level", async () => {
    let text = `(component ${grown(1)} (core instance (instantiate $grows)))`;
    for (let level = 0; level < 10; level += 1) {
      text = `(component (type u8) ${text.replace("(component", "(component $c")} (instance (instantiate $c)) (type u16))`;
    }
    const before = await wasm(text);
    const { bytes, memories } = clampedBytes(before, 1_000, 10);
    expect(memories).toEqual([[1, 1_000]]);
    // The maximum takes two bytes; no size of a section grows past what its bytes held.
    expect(bytes.length).toBe(before.length + 2);
    await expect(componentWit(bytes)).resolves.toContain("world root");
  });

  test("its_modules_are_valid_where_they_were", async () => {
    const folder = new URL("../../fixtures/guests/", import.meta.url);
    let checked = 0;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (!entry.isDirectory() || entry.name === "many-exports") continue;
      const before = new Uint8Array(readFileSync(new URL(`${entry.name}/guest.wasm`, folder)));
      const { bytes, facts } = clampedBytes(before, 1_024, 100_000);
      const places = modulesOf(readArtifact(before));
      for (const [index, { start, end }] of modulesOf(facts).entries()) {
        const place = places[index];
        const wasValid = WebAssembly.validate(before.slice(place?.start, place?.end));
        expect(WebAssembly.validate(bytes.slice(start, end)), entry.name).toBe(wasValid);
        checked += wasValid ? 1 : 0;
      }
    }
    expect(checked).toBeGreaterThan(80);
  });
});
