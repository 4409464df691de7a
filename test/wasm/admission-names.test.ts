import { describe, expect, test } from "vitest";
import { textLimits } from "../../src/limits.ts";
import { codes, componentRequest, reasons, tool } from "./admitting.ts";
import { readingLimits } from "./wasm-text.ts";

describe("[wasm/names] names", () => {
  const hostile = [
    "x': globalThis.p(), 'y",
    'quote"',
    "back`tick",
    `$${"{a}"}`,
    "back\\slash",
    "semi;colon",
    "{brace",
    "brace}",
    "comma,",
    "line\nfeed",
    "nul\0",
    "line\u2028separator",
    "\u202ereversed",
    "ünïcode",
    "\u{1f600}",
  ];
  const places: readonly (readonly [string, (text: string) => string])[] = [
    ["core import module", (n) => `(core module (import "${n}" "f" (func)))`],
    ["core import field", (n) => `(core module (import "m" "${n}" (func)))`],
    ["core export", (n) => `(core module (func (export "${n}")))`],
    [
      "core export of a nested module",
      (n) => `(component (component (core module (func (export "${n}")))))`,
    ],
    [
      "core instance export",
      (n) =>
        `(core module $e (func (export "f"))) (core instance $e (instantiate $e)) (core instance (export "${n}" (func $e "f")))`,
    ],
    [
      "core instantiation argument",
      (n) =>
        `(core module $e) (core instance $e (instantiate $e)) (core instance (instantiate $e (with "${n}" (instance $e))))`,
    ],
    [
      "core alias",
      (n) =>
        `(core module $e) (core instance $e (instantiate $e)) (alias core export $e "${n}" (core func))`,
    ],
    ["core module type", (n) => `(core type (module (import "${n}" "f" (func))))`],
    ["component export", (n) => `(instance $e) (export "${n}" (instance $e))`],
    ["import of a nested component", (n) => `(component (import "${n}" (func)))`],
    ["instance export", (n) => `(instance $e) (instance (export "${n}" (instance $e)))`],
    ["type export", (n) => `(type (instance (export "${n}" (func))))`],
    ["parameter", (n) => `(type (func (param "${n}" u8)))`],
    ["record field", (n) => `(type (record (field "${n}" u8)))`],
    ["variant case", (n) => `(type (variant (case "${n}")))`],
    ["flag", (n) => `(type (flags "${n}"))`],
    ["enum case", (n) => `(type (enum "${n}"))`],
  ];

  test.each(places)("a crafted %s is refused", async (_, field) => {
    for (const text of hostile) {
      const escaped = [...new TextEncoder().encode(text)]
        .map((byte) => `\\${byte.toString(16).padStart(2, "0")}`)
        .join("");
      expect(await codes(tool(field(escaped))), JSON.stringify(text)).toContain(
        "artifact/unsafe-name",
      );
    }
  });

  test.each([
    "url=<https://x/y>",
    "unlocked-dep=<a:b>",
    "locked-dep=<a:b@1.2.3>",
    "integrity=<sha256-a>",
    "not kebab",
    "a_b",
    "Mixed-Case",
    "-a",
    "a-",
    "[method]a",
    "a:b",
    "a:b/c@",
  ])("the name %s, safe as text, is no name of an import or export", async (text) => {
    expect(await codes(tool(`(component (import "${text}" (func)))`))).toEqual([
      "artifact/unsafe-name",
    ]);
  });

  test.each([
    "a",
    "a1-b2-3c",
    "ABC-def",
    "[constructor]a",
    "[method]a.b-c",
    "[static]a.b",
    "a:b/c",
    "a-b:c/d-e@0.2.0-rc.1+x",
    "a:b:c/d/e@1",
  ])("the name %s is a name of an import or export", async (text) => {
    expect(await codes(tool(`(component (import "${text}" (func)))`))).toEqual([]);
  });

  test.each([
    `(core module (func (export "")))`,
    `(core module (func (export "*")))`,
    `(core module (func (export "__proto__")))`,
    `(core module (import "__proto__" "f" (func)))`,
    `(core module (import "m" "__proto__" (func)))`,
  ])("%s would do something else in JavaScript", async (fields) => {
    expect(await codes(tool(fields))).toEqual(["artifact/unsafe-name"]);
  });

  test("names_of_ordinary_toolchains_are_safe", async () => {
    const names = [
      "",
      "cabi_post_a:b/c@1.0.0#f",
      "[async-lift]a:b/c#d",
      "_ZN4core3fmt9Formatter3padE",
      "$imports",
      "GOT.mem",
      "[export]a:b/c@0.2.0",
      "[resource-drop]x",
      "~lib/x",
      "a b",
      "<anonymous>(x)",
      "operator==",
      "a|b&c^d!?%*+=",
    ];
    const fields = names.map((text, index) => `(import "${text}" "f${index}" (func))`).join(" ");
    expect(await reasons(tool(`(core module ${fields})`))).toEqual([]);
  });

  test("names_in_custom_sections_are_let_be", async () => {
    expect(
      await reasons(tool(`(core module $crafted (@name "x': y") (@custom "x': y" "z"))`)),
    ).toEqual([]);
  });

  test("a_name_may_have_its_most_bytes_and_not_one_more", async () => {
    const field = (length: number): string =>
      `(core module (func (export "${"n".repeat(length)}")))`;
    expect(await codes(tool(field(512)))).toEqual([]);
    expect(await codes(tool(field(513)))).toEqual(["artifact/unsafe-name"]);
    const artifactLimits = readingLimits({ nameBytes: 513 });
    expect(await codes(tool(field(513)), componentRequest({ artifactLimits }))).toEqual([]);
  });

  test("thousands_of_unsafe_names_are_told_in_few_words_and_hide_nothing_else", async () => {
    const fields = Array.from({ length: 3_000 }, (_, index) => `(func (export "q'${index}"))`).join(
      "",
    );
    const found = await reasons(`(component (import "do-it" (func)) (core module ${fields}))`);
    expect(found.length).toBeLessThan(textLimits.diagnostics.default);
    expect(found.some((reason) => reason.includes("2984 more names are unsafe"))).toBe(true);
    expect(found.some((reason) => reason.startsWith("artifact/unknown-import"))).toBe(true);
    expect(found.some((reason) => reason.startsWith("artifact/missing-export"))).toBe(true);
  });
});
