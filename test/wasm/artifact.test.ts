import { describe, expect, test } from "vitest";
import { readArtifact } from "../../src/wasm/artifact.ts";
import type { WasmFeature } from "../../src/wasm/artifact.types.ts";
import { component, componentOf, coreModule, name, section, wasm } from "./wasm-text.ts";

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

describe("a component", () => {
  test("says_its_imports_and_exports_as_the_bytes_have_them", async () => {
    const facts = await component(`(component
      (import "yoi:host/fs@1.0.0" (instance $fs
        (export "read" (func (param "request-json" string) (result string)))
        (export "list" (func (param "list" string) (result string)))))
      (import "log" (func (param "line" string)))
      (import "dep" (component))
      (import "mod" (core module))
      (import "handle" (type (sub resource)))
      (alias export $fs "read" (func $read))
      (instance $out (export "again" (func $read)))
      (export "acme:pkg/out@0.1.0-rc.1+build.5" (instance $out))
      (export "read" (func $read)))`);
    expect(facts.imports.map(({ name, kind }) => [name, kind])).toEqual([
      ["yoi:host/fs@1.0.0", "instance"],
      ["log", "function"],
      ["dep", "component"],
      ["mod", "module"],
      ["handle", "type"],
    ]);
    expect([...(facts.imports[0]?.functions ?? [])]).toEqual([
      ["read", "func(request-json: string) -> string"],
      ["list", "func(%list: string) -> string"],
    ]);
    expect(facts.imports[1]).toMatchObject({
      signature: "func(line: string)",
      shape: "func(string)",
    });
    expect(facts.imports[4]).toMatchObject({ shape: "resource", signature: undefined });
    expect(facts.exports.map(({ name, kind }) => [name, kind])).toEqual([
      ["acme:pkg/out@0.1.0-rc.1+build.5", "instance"],
      ["read", "function"],
    ]);
    expect([...(facts.exports[0]?.functions ?? [])]).toEqual([
      ["again", "func(request-json: string) -> string"],
    ]);
  });

  test("reads_all_three_encodings_of_a_name", () => {
    const attribute = (byte: number, text: string): number[] => [byte, ...name(text)];
    const facts = readArtifact(
      componentOf(
        section(7, [1, 0x42, 0]),
        section(10, [
          ...[4, 0, ...name("a:b/old@1.0.0"), 5, 0],
          ...[1, ...name("a:b/older@1.0.0"), 5, 0],
          ...[2, ...name("a:b/canonical@1"), 1, ...attribute(1, ".2.3"), 5, 0],
          ...[2, ...name("primary"), 2, ...attribute(0, "a:b/c"), ...attribute(2, "db-1"), 5, 0],
        ]),
      ),
    );
    expect(facts).toMatchObject({
      imports: [
        { name: "a:b/old@1.0.0" },
        { name: "a:b/older@1.0.0" },
        { name: "a:b/canonical@1" },
        { name: "primary" },
      ],
    });
    expect(facts.names).toEqual(
      expect.arrayContaining([
        { name: ".2.3", place: "versionsuffix attribute" },
        { name: "a:b/c", place: "implements attribute" },
        { name: "db-1", place: "external-id attribute" },
      ]),
    );
  });

  test("a_type_named_string_does_not_read_as_a_string", async () => {
    const facts = await component(`(component
      (type $bytes (list u8))
      (import "string" (type $string (eq $bytes)))
      (import "f" (func (param "x" $string) (result $string))))`);
    expect(facts.imports[1]).toMatchObject({
      signature: "func(x: %string) -> %string",
      shape: "func(list<u8>) -> list<u8>",
    });
  });

  test("an_alias_of_a_string_has_the_shape_of_a_string", async () => {
    const facts = await component(`(component
      (type $text string)
      (import "json" (type $json (eq $text)))
      (import "f" (func (param "x" $json) (result $json))))`);
    expect(facts.imports[1]).toMatchObject({
      signature: "func(x: json) -> json",
      shape: "func(string) -> string",
    });
  });

  test("an_instance_made_of_a_component_has_its_functions", async () => {
    const facts = await component(
      `(component
      (import "f" (func $f (param "a" (option (tuple u8 char))) (result (result (error string)))))
      (component $shim
        (import "f" (func $f (param "a" (option (tuple u8 char))) (result (result (error string)))))
        (type $color' (enum "red" "green"))
        (export $color "color" (type $color'))
        (export "f" (func $f)))
      (instance $made (instantiate $shim (with "f" (func $f))))
      (export "acme:pkg/made" (instance $made)))`,
    );
    expect([...(facts.exports[0]?.functions ?? [])]).toEqual([
      ["f", "func(a: option<tuple<u8, char>>) -> result<_, string>"],
    ]);
    expect(facts).toMatchObject({ componentInstances: 2, nesting: 2 });
  });

  test("lists_every_module_in_the_order_of_the_bytes_with_its_instantiations", async () => {
    const bytes = await wasm(`(component
      (core module $never (func))
      (component $pair
        (core module $inner (memory 1))
        (core instance (instantiate $inner))
        (core instance (instantiate $inner)))
      (instance (instantiate $pair))
      (instance (instantiate $pair))
      (core module $twice (func) (func))
      (core instance (instantiate $twice))
      (component $through (alias outer 1 $twice (core module $same)) (core instance (instantiate $same)))
      (instance (instantiate $through)))`);
    const facts = readArtifact(bytes);
    if (facts.kind !== "component") expect.unreachable();
    expect(
      facts.modules.map(({ instantiations, functions }) => [instantiations, functions]),
    ).toEqual([
      [0, 1],
      [4, 0],
      [2, 2],
    ]);
    expect(facts).toMatchObject({ coreInstances: 6, unresolvedInstantiations: 0 });
    for (const { start, end } of facts.modules) {
      expect(WebAssembly.validate(bytes.slice(start, end))).toBe(true);
    }
  });

  test("counts_what_it_only_receives_as_unresolved", async () => {
    const facts = await component(`(component
      (component $runs (import "m" (core module $m)) (core instance (instantiate $m)))
      (core module $given)
      (instance (instantiate $runs (with "m" (core module $given))))
      (instance (instantiate $runs (with "m" (core module $given)))))`);
    expect(facts).toMatchObject({ coreInstances: 0, unresolvedInstantiations: 2 });
  });

  test("a_memory_that_only_another_module_grows_is_grown", async () => {
    const facts = await component(`(component
      (core module $main (memory (export "memory") 1) (memory (export "other") 1) (table (export "t") 1 funcref))
      (core instance $main (instantiate $main))
      (core instance $env (export "mem" (memory $main "memory")) (export "tab" (table $main "t")))
      (core module $pass (import "env" "mem" (memory 1)) (export "again" (memory 0)))
      (core instance $pass (instantiate $pass (with "env" (instance $env))))
      (core module $grows
        (import "pass" "again" (memory 1)) (import "env" "tab" (table 1 funcref))
        (func (drop (memory.grow (i32.const 1))) (drop (table.grow 0 (ref.null func) (i32.const 1)))))
      (core instance (instantiate $grows (with "pass" (instance $pass)) (with "env" (instance $env)))))`);
    const [main] = facts.modules;
    expect(main?.memories.map(({ isGrown }) => isGrown)).toEqual([true, false]);
    expect(main?.tables.map(({ isGrown }) => isGrown)).toEqual([true]);
  });

  test("when_a_grower_is_not_known_every_exported_memory_counts_as_grown", async () => {
    const facts = await component(`(component
      (core module $main (memory (export "memory") 1) (memory 1))
      (core instance $main (instantiate $main))
      (import "grower" (core module $grower (import "env" "memory" (memory 1))))
      (core instance (instantiate $grower (with "env" (instance $main)))))`);
    expect(facts.modules[0]?.memories.map(({ isGrown }) => isGrown)).toEqual([true, false]);
  });

  test.each([
    ["component-async", `(type (func async (result u8)))`],
    ["component-async", `(type (stream u8))`],
    ["component-async", `(core func (canon task.cancel))`],
    ["component-async", `(core func (canon error-context.drop))`],
    ["component-map", `(type (map string u8))`],
    ["component-fixed-length-list", `(type (list u8 4))`],
    ["component-values", `(import "v" (value string))`],
    ["gc", `(core type (struct (field i32)))`],
    ["memory64", `(core module (memory i64 1))`],
  ] as const)("names_the_feature_%s_in_%s", async (feature, fields) => {
    expect((await component(`(component ${fields})`)).features).toContain(feature);
  });

  test("says_how_strings_are_encoded", async () => {
    const facts = await component(`(component
      (core module $m (memory (export "memory") 1) (func (export "f") (param i32 i32))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
      (core instance $i (instantiate $m))
      (func (param "x" string) (canon lift (core func $i "f") string-encoding=utf16
        (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))`);
    expect(facts.stringEncodings).toEqual(["utf16"]);
  });

  test("facts_are_frozen", async () => {
    const facts = await component(`(component (core module (memory 1)) (import "f" (func)))`);
    for (const value of [
      facts,
      facts.imports,
      facts.imports[0],
      facts.modules,
      facts.modules[0]?.memories[0],
    ]) {
      expect(Object.isFrozen(value)).toBe(true);
    }
  });
});
