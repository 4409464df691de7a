import { describe, expect, test } from "vitest";
import { concatBytes } from "../../src/bytes.ts";
import { deepestNesting } from "../../src/limits.ts";
import { readArtifact } from "../../src/wasm/artifact.ts";
import {
  component,
  componentOf,
  leb,
  moduleOf,
  name,
  readingError,
  readingLimits,
  section,
  wasm,
} from "./wasm-text.ts";

/** A component whose root type nests instance types this deep. */
function nestedTypes(levels: number): Uint8Array {
  const outer = Array.from({ length: levels - 1 }, () => [0x42, 1, 1]).flat();
  return componentOf(section(7, [1, ...outer, 0x42, 0]));
}

/** An index as types encode it: signed, so that 64 and above take two bytes. */
function signedIndex(index: number): number[] {
  return index < 64 ? [index] : [(index & 0x7f) | 0x80, index >> 7];
}

/** A component in a component in a component. */
function nestedComponents(levels: number): Uint8Array {
  let bytes = componentOf();
  for (let level = 1; level < levels; level += 1) bytes = componentOf(section(4, [...bytes]));
  return bytes;
}

describe("bytes that are not well-formed", () => {
  test.each([
    ["nothing", []],
    ["half a preamble", [0, 0x61, 0x73]],
    ["another magic", [0x50, 0x4b, 3, 4, 0, 0, 0, 0]],
    ["another version of modules", [0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]],
    ["another version of components", [0, 0x61, 0x73, 0x6d, 0x0e, 0, 1, 0]],
    ["another layer", [0, 0x61, 0x73, 0x6d, 0x0d, 0, 2, 0]],
  ])("%s is neither a module nor a component", (_, bytes) => {
    expect(readingError(Uint8Array.from(bytes))).toMatchObject({
      code: "artifact/malformed",
      phase: "inspection",
    });
  });

  test.each([
    ["a section that ends early", moduleOf([1, 5, 1])],
    ["a section with bytes left over", moduleOf(section(1, [0, 0]))],
    ["sections out of order", moduleOf(section(5, [0]), section(4, [0]))],
    ["a section twice", moduleOf(section(1, [0]), section(1, [0]))],
    ["an integer of six bytes", moduleOf([1, 0x80, 0x80, 0x80, 0x80, 0x80, 0])],
    ["an integer over 32 bits", moduleOf([1, 0xff, 0xff, 0xff, 0xff, 0x1f])],
    ["a count of four billion", moduleOf(section(1, [...leb(0xffff_ffff), 0x60, 0, 0]))],
    ["a function without its type", moduleOf(section(3, [1, 7]), section(10, [1, 2, 0, 0x0b]))],
    ["a function without its body", moduleOf(section(1, [1, 0x60, 0, 0]), section(3, [1, 0]))],
    ["a body without its function", moduleOf(section(10, [1, 2, 0, 0x0b]))],
    [
      "a body without its end",
      moduleOf(section(1, [1, 0x60, 0, 0]), section(3, [1, 0]), section(10, [1, 2, 0, 0x01])),
    ],
    [
      "a body that ends in an immediate which looks like its end",
      moduleOf(section(1, [1, 0x60, 0, 0]), section(3, [1, 0]), section(10, [1, 3, 0, 0x41, 0x0b])),
    ],
    ["an export of nothing", moduleOf(section(7, [1, 0, 0, 3]))],
    ["a start function that is not there", moduleOf(section(8, [0]))],
    ["a name that is not UTF-8", moduleOf(section(7, [1, 1, 0xff, 0, 0]))],
    ["a constant expression without an end", moduleOf(section(6, [1, 0x7f, 0, 0x41, 0]))],
    ["unknown limits", moduleOf(section(5, [1, 0x10, 1]))],
    ["fewer data segments than it says", moduleOf(section(12, [1]))],
    ["a component where a module belongs", componentOf(section(1, [...componentOf()]))],
    ["a module where a component belongs", componentOf(section(4, [...moduleOf()]))],
    ["a module section that holds no module", componentOf(section(1, [1, 2, 3]))],
    ["an instance of a module that is not there", componentOf(section(2, [1, 0, 0, 0]))],
    ["an instance of a component that is not there", componentOf(section(5, [1, 0, 0, 0]))],
    [
      "an argument that is not there",
      componentOf(section(1, [...moduleOf()]), section(2, [1, 0, 0, 1, 0, 0x12, 0])),
    ],
    ["an import of a type that is not there", componentOf(section(10, [1, 0, ...name("a"), 1, 0]))],
    ["an export of what is not there", componentOf(section(11, [1, 0, ...name("a"), 1, 0, 0]))],
    ["an alias of what is not there", componentOf(section(6, [1, 1, 0, 0, ...name("a")]))],
    [
      "an alias further out than there is",
      componentOf(section(6, [1, 3, 2, ...leb(0xffff_ffff), 0])),
    ],
    ["a value type that is not there", componentOf(section(7, [1, 0x70, 5]))],
    ["a resource type that is none", componentOf(section(7, [2, 0x7f, 0x69, 0]))],
    ["a function type whose result is none", componentOf(section(7, [1, 0x40, 0, 2]))],
    [
      "two imports of one name",
      componentOf(section(7, [1, 0x42, 0]), section(10, [2, 0, 1, 97, 5, 0, 0, 1, 97, 5, 0])),
    ],
    ["a lift of a type that is not there", componentOf(section(8, [1, 0, 0, 0, 0, 0]))],
  ])("%s is malformed", (_, bytes) => {
    const error = readingError(bytes);
    expect(error.code).toBe("artifact/malformed");
    expect(error.message).toMatch(/\(at byte \d+\)/u);
  });

  test.each([
    ["a section", moduleOf(section(14, [0]))],
    ["a type form", moduleOf(section(1, [1, 0x21]))],
    ["a value type", moduleOf(section(1, [1, 0x60, 1, 0x10, 0]))],
    ["a kind of import", moduleOf(section(2, [1, 1, 97, 1, 98, 0x20, 0]))],
    [
      "an opcode",
      moduleOf(section(1, [1, 0x60, 0, 0]), section(3, [1, 0]), section(10, [1, 3, 0, 0xff, 0x0b])),
    ],
    ["a section of a component", componentOf(section(99, []))],
    ["a type of a component", componentOf(section(7, [1, 0x10]))],
    ["a canonical built-in", componentOf(section(8, [1, 0x7f]))],
    ["a name encoding", componentOf(section(10, [1, 3, 1, 97, 1, 0]))],
    ["a name attribute", componentOf(section(10, [1, 2, 1, 97, 1, 9, 0]))],
    ["a sort", componentOf(section(10, [1, 0, 1, 97, 9, 0]))],
  ])("%s that no specification here defines is unsupported", (_, bytes) => {
    expect(readingError(bytes).code).toBe("artifact/unsupported");
  });

  test("cut_anywhere_a_real_component_is_refused_or_still_whole", async () => {
    const bytes = await wasm(`(component
      (import "a:b/c@1.0.0" (instance (export "r" (type (sub resource))) (export "f" (func (param "x" (own 0))))))
      (core module $m (import "e" "f" (func)) (memory (export "memory") 1 2) (table 1 funcref)
        (global (mut i32) (i32.const 1)) (elem (i32.const 0) 0) (data (i32.const 0) "abc")
        (func (export "g") (local i32) (local.set 0 (i32.add (i32.const 1) (i32.const 2)))))
      (component (core module) (type (record (field "a" u8)))))`);
    let refused = 0;
    for (let length = 0; length < bytes.length; length += 1) {
      try {
        readArtifact(bytes.slice(0, length));
      } catch (error) {
        expect(error).toMatchObject({ code: "artifact/malformed" });
        refused += 1;
      }
    }
    // Between two sections of the outermost component, what is left is a component again.
    expect(refused).toBeGreaterThan(bytes.length - 12);
  });
});

describe("bounds on reading", () => {
  test("an_artifact_may_have_its_most_bytes_and_not_one_more", () => {
    const bytes = moduleOf(section(0, name("x")));
    expect(readArtifact(bytes, readingLimits({ artifactBytes: bytes.length })).kind).toBe("module");
    const error = readingError(bytes, readingLimits({ artifactBytes: bytes.length - 1 }));
    expect(error).toMatchObject({ code: "artifact/limit", details: { limit: "artifactBytes" } });
  });

  test.each([
    ["components", nestedComponents],
    ["types", (levels: number) => nestedTypes(levels - 1)],
  ])("%s_nest_to_the_limit_and_no_further", (_, nested) => {
    expect(readArtifact(nested(16)).kind).toBe("component");
    expect(readingError(nested(17))).toMatchObject({
      code: "artifact/limit",
      details: { limit: "nesting" },
    });
  });

  test.each([
    ["components", nestedComponents],
    ["types", (levels: number) => nestedTypes(levels - 1)],
  ])("%s_nest_no_deeper_than_the_stack_allows_whatever_the_host_set", (_, nested) => {
    const limits = readingLimits({ nesting: 1_000_000 });
    expect(readArtifact(nested(deepestNesting.default), limits).kind).toBe("component");
    expect(readingError(nested(deepestNesting.default + 1), limits).code).toBe("artifact/limit");
    expect(readingError(nestedTypes(20_000), limits).code).toBe("artifact/limit");
  });

  test("items_of_modules_are_counted_together", async () => {
    const bytes = await wasm(
      `(component (core module (func) (func)) (core module (memory 1) (export "m" (memory 0))))`,
    );
    // Two modules, a type and two functions, a memory and an export.
    expect(readArtifact(bytes, readingLimits({ items: 7 })).kind).toBe("component");
    expect(readingError(bytes, readingLimits({ items: 6 }))).toMatchObject({
      code: "artifact/limit",
      details: { limit: "items", most: 6 },
    });
  });

  test("items_of_components_are_counted_together", async () => {
    const bytes = await wasm(`(component (type u8) (component (type u8) (type (enum "a" "b"))))`);
    expect(readArtifact(bytes, readingLimits({ readComponentItems: 6 })).kind).toBe("component");
    expect(readingError(bytes, readingLimits({ readComponentItems: 5 }))).toMatchObject({
      code: "artifact/limit",
      details: { limit: "readComponentItems" },
    });
  });

  test("two_million_empty_modules_are_refused_at_the_bound", () => {
    const one = section(1, [...moduleOf()]);
    const bytes = new Uint8Array(8 + one.length * 2_000_000);
    bytes.set(componentOf());
    for (let at = 8; at < bytes.length; at += one.length) bytes.set(one, at);
    expect(readingError(bytes).code).toBe("artifact/limit");
  });

  test("types_nest_to_the_limit_and_no_further", () => {
    const lists = (levels: number): Uint8Array => {
      const types: number[] = [0x70, 0x7d];
      for (let index = 1; index < levels - 1; index += 1)
        types.push(0x70, ...signedIndex(index - 1));
      return componentOf(section(7, [...leb(levels - 1), ...types]));
    };
    expect(readArtifact(lists(100)).kind).toBe("component");
    expect(readingError(lists(101))).toMatchObject({ details: { limit: "typeLevels" } });
  });

  test("types_that_double_at_every_level_have_a_short_text_and_a_large_count", async () => {
    const levels = Array.from({ length: 60 }, (_, index) =>
      index === 0 ? "(type $t0 u8)" : `(type $t${index} (tuple $t${index - 1} $t${index - 1}))`,
    );
    const facts = await component(`(component ${levels.join(" ")}
      (import "f" (func $f (param "x" $t59) (result string)))
      (core func (canon lower (func $f))))`);
    expect(facts.imports[0]?.signature?.length).toBeLessThan(2_100);
    expect(facts.imports[0]?.signature).toMatch(/…$/u);
    expect(facts.typeNodes).toBe(Number.MAX_SAFE_INTEGER);
  });

  test("the_text_of_one_signature_is_cut_where_its_most_characters_end", async () => {
    const bytes = await wasm(`(component (import "f" (func (param "abc" u8))))`);
    const signature = "func(abc: u8)";
    for (const [signatureCharacters, expected] of [
      [signature.length, signature],
      [signature.length - 1, "func(abc: u8…"],
    ] as const) {
      const facts = readArtifact(bytes, readingLimits({ signatureCharacters }));
      expect(facts).toMatchObject({ imports: [{ signature: expected }] });
    }
  });

  test("the_text_of_all_signatures_is_bounded", async () => {
    const bytes = await wasm(`(component (type (list u8)) (type (func (param "abc" 0))))`);
    const characters =
      "list<u8>".length * 2 + "func(abc: list<u8>)".length + "func(list<u8>)".length;
    const limits = readingLimits({ signatureCharactersInAll: characters });
    expect(readArtifact(bytes, limits).kind).toBe("component");
    expect(
      readingError(bytes, readingLimits({ signatureCharactersInAll: characters - 1 })).code,
    ).toBe("artifact/limit");
  });

  test("a_name_of_megabytes_is_not_copied_into_every_signature_that_uses_it", () => {
    const length = 3_000_000;
    const functions = Array.from({ length: 900 }, () => [0x40, 1, 1, 120, 1, 1, 0]).flat();
    const importHead = [1, 0, ...leb(length)];
    const bytes = concatBytes([
      componentOf(section(7, [1, 0x6d, 1, 1, 97])),
      Uint8Array.from([10, ...leb(importHead.length + length + 3), ...importHead]),
      new Uint8Array(length).fill(97),
      Uint8Array.from([3, 0, 0, ...section(7, [...leb(900), ...functions])]),
    ]);
    const started = performance.now();
    expect(readArtifact(bytes).kind).toBe("component");
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
