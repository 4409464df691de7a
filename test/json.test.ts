import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isJsonObject, type Json, parseJson, stringifyJson } from "../src/json.ts";
import { jsonLimits } from "../src/limits.ts";

const depth = jsonLimits.depth.default;
const most = 1_000_000;
const reason = (text: string) => {
  const result = parseJson(text, most);
  return result.ok ? undefined : result.reason;
};

describe("JSON from outside", () => {
  test("is refused past its bytes and taken at them, counted in UTF-8", () => {
    expect(parseJson('"ää"', 6)).toEqual({ ok: true, value: "ää" });
    expect(parseJson('"ää"', 5)).toMatchObject({ ok: false, isTooLarge: true });
    expect(parseJson(new TextEncoder().encode('"ää"'), 5)).toMatchObject({ isTooLarge: true });
  });

  test("is refused past its depth and taken at it", () => {
    expect(reason("[".repeat(depth) + "]".repeat(depth))).toBeUndefined();
    expect(reason("[".repeat(depth + 1) + "]".repeat(depth + 1))).toContain("nested deeper");
    expect(reason(`${'{"a":'.repeat(depth + 1)}1${"}".repeat(depth + 1)}`)).toContain(
      "nested deeper",
    );
  });

  test("of a million levels is refused, not followed", () => {
    expect(reason("[".repeat(900_000))).toContain("nested deeper");
  });

  test.each([
    ['{"a":1,"a":2}', "twice"],
    ['{"a":1,"\\u0061":2}', "twice"],
    ['{"b":{"a":1,"b":{},"a":2}}', "twice"],
    ['{"__proto__":{"x":1}}', "__proto__"],
    ['{"\\u005f_proto__":1}', "__proto__"],
  ])("%s is refused: %s", (text, why) => {
    expect(reason(text)).toContain(why);
  });

  test.each([
    "",
    " ",
    "{",
    "[1,]",
    "{'a':1}",
    "NaN",
    '"\n"',
    '{"a":1,}',
    "01",
    '"\\x"',
    "1 2",
    "]",
    '"a":1',
    '{"a"',
    '"\\',
  ])("%j is no JSON", (text) => {
    expect(reason(text)).toBe("it is not valid JSON");
  });

  test("that is not UTF-8 is refused", () => {
    expect(parseJson(Uint8Array.of(0x22, 0xff, 0x22), 10)).toMatchObject({
      ok: false,
      reason: "it is not valid UTF-8",
    });
  });

  test("in keys and strings, brackets and colons mean nothing", () => {
    expect(parseJson('{"[{:\\"":"}]:","b":["\\\\"]}', most)).toEqual({
      ok: true,
      value: { '[{:"': "}]:", b: ["\\"] },
    });
  });

  test("is what JSON.parse reads, where it is taken at all", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        const result = parseJson(text, most);
        if (result.ok) expect(result.value).toEqual(JSON.parse(text));
        else expect(result.reason).toMatch(/twice|__proto__/u);
      }),
    );
  });

  test("is never taken where JSON.parse refuses it, and nothing is thrown", () => {
    const scrap = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      '"',
      ":",
      ",",
      "\\",
      "a",
      "1",
      " ",
      '"a"',
      "null",
    );
    fc.assert(
      fc.property(fc.array(scrap, { maxLength: 14 }), (parts) => {
        const text = parts.join("");
        if (!parseJson(text, most).ok) return;
        expect(() => JSON.parse(text)).not.toThrow();
      }),
      { numRuns: 2_000 },
    );
  });

  test("in a reason, nothing of the text is repeated", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "binary" }), (text) => {
        const why = reason(`${text}\u0001marker`);
        expect(why).not.toContain("marker");
      }),
    );
  });
});

describe("writing JSON", () => {
  test("gives nothing for what has no JSON form", () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(stringifyJson(cycle)).toBeUndefined();
    expect(stringifyJson(1n)).toBeUndefined();
    expect(stringifyJson(() => 1)).toBeUndefined();
    expect(stringifyJson({ a: [1, null] })).toBe('{"a":[1,null]}');
  });

  test("tells objects from everything else", () => {
    const values: readonly (Json | undefined)[] = [undefined, null, [], 1, "x", true];
    for (const value of values) expect(isJsonObject(value)).toBe(false);
    expect(isJsonObject({})).toBe(true);
  });
});
