import { describe, expect, test } from "vitest";
import { readArtifact } from "../../src/wasm/artifact.ts";
import { component, componentOf, name, section, wasm } from "./wasm-text.ts";

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
