import { describe, expect, test } from "vitest";
import type { WasmFeature } from "../../src/wasm/artifact.types.ts";
import { coreModule } from "./wasm-text.ts";

describe("a core module", () => {
  test("says_what_it_imports_exports_and_defines", async () => {
    const facts = await coreModule(`(module
      (import "yoi:tool" "input_len" (func (result i32)))
      (import "env" "memory" (memory 2 16))
      (import "env" "table" (table 3 funcref))
      (import "env" "base" (global i32))
      (type (func (param i32 i64) (result f32)))
      (func (export "f") (type 0) unreachable)
      (func (export "nothing"))
      (table 5 9 externref)
      (global (export "g") (mut i32) (i32.const 1))
      (start 2))`);
    expect(facts.imports).toEqual([
      { module: "yoi:tool", field: "input_len", kind: "function", signature: "() -> (i32)" },
      { module: "env", field: "memory", kind: "memory", signature: undefined },
      { module: "env", field: "table", kind: "table", signature: undefined },
      { module: "env", field: "base", kind: "global", signature: undefined },
    ]);
    expect(facts.exports).toEqual([
      { name: "f", kind: "function", signature: "(i32, i64) -> (f32)" },
      { name: "nothing", kind: "function", signature: "() -> ()" },
      { name: "g", kind: "global", signature: undefined },
    ]);
    expect(facts.memories).toMatchObject([{ minPages: 2, maxPages: 16, isImported: true }]);
    expect(facts.tables).toMatchObject([
      { minElements: 3, maxElements: undefined, isImported: true, element: "funcref" },
      { minElements: 5, maxElements: 9, isImported: false, element: "externref" },
    ]);
    expect(facts).toMatchObject({ hasStart: true, functions: 2, instantiations: 1 });
    expect(facts.features.toSorted()).toEqual(["mutable-globals", "reference-types"]);
  });

  test("says_which_memories_and_tables_its_code_can_grow", async () => {
    const facts = await coreModule(`(module
      (memory 1) (memory 1) (table 1 funcref) (table 1 funcref)
      (func (drop (memory.grow 1 (i32.const 1))) (drop (table.grow 0 (ref.null func) (i32.const 1)))))`);
    expect(facts.memories.map(({ isGrown }) => isGrown)).toEqual([false, true]);
    expect(facts.tables.map(({ isGrown }) => isGrown)).toEqual([true, false]);
  });

  test.each<[WasmFeature, string]>([
    ["mutable-globals", `(global (export "g") (mut i32) (i32.const 0))`],
    ["sign-extension", `(func (drop (i32.extend8_s (i32.const 1))))`],
    ["saturating-conversion", `(func (drop (i32.trunc_sat_f32_s (f32.const 1))))`],
    ["multi-value", `(func (result i32 i32) (i32.const 1) (i32.const 2))`],
    ["bulk-memory", `(memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))`],
    ["bulk-memory", `(data "passive")`],
    ["reference-types", `(func (param externref))`],
    ["reference-types", `(table 1 funcref) (table 1 funcref)`],
    ["simd", `(func (local v128))`],
    [
      "relaxed-simd",
      `(func (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))`,
    ],
    ["tail-calls", `(func (return_call 0))`],
    ["extended-constants", `(global i32 (i32.add (i32.const 1) (i32.const 2)))`],
    ["multi-memory", `(memory 1) (memory 1)`],
    ["exceptions", `(tag) (func (throw 0))`],
    [
      "exceptions",
      `(func (block $l (result exnref) (try_table (catch_all_ref $l)) unreachable) drop)`,
    ],
    ["legacy-exceptions", `(tag) (func try catch 0 end)`],
    ["threads", `(memory 1 1 shared)`],
    ["threads", `(func (atomic.fence))`],
    ["memory64", `(memory i64 1)`],
    ["memory64", `(table i64 1 funcref)`],
    ["gc", `(type (struct (field i32)))`],
    ["gc", `(rec (type (func)) (type (array (mut i8))))`],
    ["gc", `(func (drop (ref.i31 (i32.const 1))))`],
    ["gc", `(global i32 (i32.const 1)) (global i32 (global.get 0))`],
    ["function-references", `(type $t (func)) (func (param (ref $t)) (call_ref $t (local.get 0)))`],
    ["function-references", `(func $f) (table 1 1 (ref func) (ref.func $f))`],
    ["custom-page-sizes", `(memory 1 (pagesize 1))`],
    [
      "wide-arithmetic",
      `(func (param i64 i64 i64 i64) (result i64 i64) (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))`,
    ],
    ["stack-switching", `(type $f (func)) (type $c (cont $f))`],
  ])("names_the_feature_%s_in_%s", async (feature, fields) => {
    expect((await coreModule(`(module ${fields})`)).features).toContain(feature);
  });

  test("of_the_first_version_has_no_features", async () => {
    const facts = await coreModule(`(module
      (memory 1) (table 1 funcref) (global i32 (i32.const 0)) (elem (i32.const 0) 0) (data (i32.const 0) "x")
      (func (param i32) (result i32) (block (br 0)) (i32.load offset=4 (local.get 0))))`);
    expect(facts.features).toEqual([]);
  });
});
