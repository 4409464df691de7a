import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileInputSchema } from "../../src/instance/input-schema.ts";
import { readToolInput, snapshotInput } from "../../src/instance/tool-input.ts";
import type { Json } from "../../src/json.ts";
import { jsonLimits } from "../../src/limits.ts";

const most = 65_536;

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

function refusal(input: unknown): string {
  const read = snapshotInput(input, most);
  if (read.ok) throw new Error(`accepted as ${read.text}`);
  expect(read.code).toBe("input/invalid");
  return read.message;
}

describe("what is not JSON is refused and never throws", () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();

  test.each<[string, unknown, string]>([
    ["undefined", undefined, "$ is undefined"],
    ["a function", { run: () => 1 }, "$.run is a function"],
    ["a symbol", [Symbol("s")], "$[0] is a symbol"],
    ["a bigint", { n: 1n }, "$.n is a bigint"],
    ["NaN", { n: Number.NaN }, "$.n is not a finite number"],
    ["an infinity", [1, Number.POSITIVE_INFINITY], "$[1] is not a finite number"],
    ["a date", { when: new Date(0) }, "$.when is an instance of a class"],
    ["a map", { map: new Map() }, "$.map is an instance of a class"],
    ["bytes", { bytes: new Uint8Array(3) }, "$.bytes is an instance of a class"],
    ["a boxed string", [new String("x")], "$[0] is an instance of a class"],
    ["a hole", { list: new Array(2) }, "$.list[0] is undefined"],
    ["a method toJSON", { toJSON: () => "x" }, "$.toJSON is a function"],
    ["a cycle", cycle, "refers to itself"],
    [
      "a getter that throws",
      Object.defineProperty({}, "x", {
        enumerable: true,
        get: () => {
          throw new Error("no");
        },
      }),
      "$.x could not be read",
    ],
    ["a revoked proxy", { p: revoked.proxy }, "$.p could not be read"],
    [
      "the key __proto__",
      JSON.parse('{"a":{"__proto__":{"isAdmin":true}}}'),
      "is a key that is not allowed",
    ],
    ["a lone surrogate", { text: "\ud800" }, "$.text has a lone surrogate"],
    ["a lone surrogate in a key", { "\ud800": 1 }, "has a lone surrogate"],
  ])("%s", (_name, input, expected) => {
    expect(refusal(input)).toContain(expected);
  });

  test("text that an array or object claims to be long is refused before it is copied", () => {
    const claims = new Proxy([], { get: (_target, key) => (key === "length" ? 2 ** 31 : 1) });
    expect(snapshotInput(claims, most)).toMatchObject({ ok: false, code: "input/too-large" });
  });

  test("a value that doubles at every level costs its bound and not its size", () => {
    let doubling: unknown = "x";
    for (let level = 0; level < 60; level += 1) doubling = [doubling, doubling];
    expect(snapshotInput(doubling, most)).toMatchObject({ ok: false, code: "input/too-large" });
  });

  test("property names in a message are inert and bounded", () => {
    const message = refusal({ [`\u001b[31m\u202e${"k".repeat(5_000)}`]: 1n });
    expect(message).not.toContain("\u001b");
    expect(message).not.toContain("\u202e");
    expect(message.length).toBeLessThan(300);
  });
});

test("input may be nested as deep as the limit and no deeper", () => {
  expect(snapshotInput(nested(jsonLimits.depth.default), most).ok).toBe(true);
  expect(refusal(nested(jsonLimits.depth.default + 1))).toContain("nested deeper than 64 levels");
});

test("[run/input-bound] input may take as many UTF-8 bytes as the limit and no more", () => {
  expect(snapshotInput("é".repeat(10), 22)).toMatchObject({ ok: true, bytes: 22 });
  expect(snapshotInput("é".repeat(10), 21)).toMatchObject({ ok: false, code: "input/too-large" });
  expect(snapshotInput("\n".repeat(10), 22)).toMatchObject({ ok: true, bytes: 22 });
  expect(snapshotInput("\n".repeat(10), 21)).toMatchObject({ ok: false, code: "input/too-large" });
});

test("a getter is read once, so that what is checked is what is sent", () => {
  let reads = 0;
  const input = Object.defineProperty({}, "city", {
    enumerable: true,
    get: () => (reads++ === 0 ? "Kyoto" : { evil: true }),
  });
  const check = compileInputSchema({ type: "object", properties: { city: { type: "string" } } });
  expect(readToolInput(input, check, most)).toMatchObject({ ok: true, text: '{"city":"Kyoto"}' });
  expect(reads).toBe(1);
});

test("a property that is undefined is left out, as JSON does", () => {
  expect(snapshotInput({ a: undefined, b: 1 }, most)).toMatchObject({ text: '{"b":1}' });
});

test("keys that objects inherit are ordinary keys", () => {
  const input = { constructor: 1, toString: "x", hasOwnProperty: null };
  expect(snapshotInput(input, most)).toMatchObject({ text: JSON.stringify(input) });
});

test("an object without prototype and one of another realm are plain", () => {
  expect(snapshotInput(Object.assign(Object.create(null), { a: 1 }), most).ok).toBe(true);
});

test("changing the caller's object afterwards changes nothing", () => {
  const input = { list: [1] };
  const read = snapshotInput(input, most);
  input.list.push(2);
  expect(read).toMatchObject({ text: '{"list":[1]}', value: { list: [1] } });
});

test("every JSON value is read as itself", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const read = snapshotInput(value, Number.MAX_SAFE_INTEGER);
      const text = JSON.stringify(value);
      if (/"__proto__"/.test(text) || /\p{Surrogate}/u.test(JSON.stringify([text]))) return;
      if (!read.ok) return expect(text).toMatch(/\\ud[89a-f]/);
      expect(read.text).toBe(text);
    }),
    { numRuns: 300 },
  );
});

test("whatever value is read, it ends as bounded JSON or as a refusal", () => {
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
  });
  fc.assert(
    fc.property(anything, fc.integer({ min: 1, max: 200 }), (value, bound) => {
      const read = snapshotInput(value, bound);
      if (!read.ok) {
        expect(["input/invalid", "input/too-large"]).toContain(read.code);
        return;
      }
      expect(new TextEncoder().encode(read.text).length).toBe(read.bytes);
      expect(read.bytes).toBeLessThanOrEqual(bound);
      expect(JSON.parse(read.text) as Json).toEqual(read.value);
    }),
    { numRuns: 2_000 },
  );
});
