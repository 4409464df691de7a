import { validate } from "@cfworker/json-schema";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isPluginError } from "../../src/errors.ts";
import { compileInputSchema } from "../../src/instance/input-schema.ts";
import type { Json } from "../../src/json.ts";

const forecast: Json = {
  type: "object",
  properties: {
    city: { type: "string" },
    days: { type: "integer" },
    unit: { type: "string", enum: ["C", "F"] },
    at: {
      type: "array",
      items: {
        type: "object",
        properties: { "lat/long": { type: "number" } },
        additionalProperties: false,
      },
    },
  },
  required: ["city"],
  additionalProperties: false,
};

describe("a problem says where it is and what was expected", () => {
  const check = compileInputSchema(forecast);
  test.each<[Json, string]>([
    [[], "$ must be an object and is an array"],
    [null, "$ must be an object and is null"],
    [{}, "$.city is required and missing"],
    [{ city: 7 }, "$.city must be a string and is a number"],
    [{ city: "Kyoto", days: 1.5 }, "$.days must be a whole number and has a fraction"],
    [{ city: "Kyoto", days: "2" }, "$.days must be a whole number and is a string"],
    [{ city: "Kyoto", unit: "K" }, '$.unit must be one of "C", "F" and is none of them'],
    [
      { city: "Kyoto", day: 1 },
      "$.day is not a property of the tool: it takes city, days, unit, at",
    ],
    [
      { city: "Kyoto", at: [{}, { "lat/long": "x" }] },
      '$.at[1]["lat/long"] must be a number and is a string',
    ],
  ])("%j", (value, problem) => {
    expect(check(value)).toBe(problem);
  });

  test("and nothing when the input fits", () => {
    expect(check({ city: "Kyoto", days: 2, unit: "C", at: [{ "lat/long": 1.5 }] })).toBe(undefined);
  });
});

test("names that objects inherit are neither present nor allowed by accident", () => {
  const check = compileInputSchema({
    type: "object",
    properties: { toString: { type: "string" } },
    required: ["constructor"],
    additionalProperties: false,
  });
  expect(check({})).toBe("$.constructor is required and missing");
  expect(compileInputSchema({ type: "object", additionalProperties: false })({ valueOf: 1 })).toBe(
    "$.valueOf is not a property of the tool: it takes none",
  );
});

test("an enum compares arrays and objects by what is in them", () => {
  const check = compileInputSchema({
    type: "object",
    properties: { x: { type: "object", enum: [{ a: 1, b: [2] }] } },
  });
  expect(check({ x: { b: [2], a: 1 } })).toBe(undefined);
  expect(check({ x: { b: [2], a: 2 } })).toContain("must be one of");
});

test("a schema's own names are bounded and inert in a message", () => {
  const names = Array.from({ length: 500 }, (_, index) => `\u001b[2J${index}${"n".repeat(500)}`);
  const check = compileInputSchema({
    type: "object",
    properties: Object.fromEntries(names.map((name) => [name, { type: "null" }])),
    additionalProperties: false,
  });
  const problem = check({ other: 1 }) ?? "";
  expect(problem).not.toContain("\u001b");
  expect(problem.length).toBeLessThan(400);
});

test("a schema made to collect problems costs no more than the input is long", () => {
  const required = Array.from({ length: 8_000 }, (_, index) => `r${index.toString(36)}`);
  const check = compileInputSchema({
    type: "object",
    additionalProperties: { type: "object", required },
  });
  const input = Object.fromEntries(Array.from({ length: 8_000 }, (_, index) => [`k${index}`, {}]));
  const began = performance.now();
  expect(check(input)).toBe("$.k0.r0 is required and missing");
  expect(performance.now() - began).toBeLessThan(500);
});

test.each<[string, Json]>([
  ["no type", {}],
  ["an unknown type", { type: "date" }],
  ["a node that is no object", true],
  ["a bad nested node", { type: "object", properties: { a: { type: "array", items: 7 } } }],
  ["a required that is no list", { type: "object", required: "a" }],
  ["a required name that is no string", { type: "object", required: [1] }],
  ["an enum that is no list", { type: "object", enum: {} }],
  ["properties that are no object", { type: "object", properties: [] }],
])("a schema with %s is refused when it is compiled", (_name, schema) => {
  try {
    compileInputSchema(schema);
    throw new Error("compiled");
  } catch (error) {
    if (!isPluginError(error)) throw error;
    expect(error.code).toBe("registry/invalid-tool");
  }
});

test("a schema is compiled as deep as input may be nested and no deeper", () => {
  const schema = (levels: number): Json =>
    levels === 1 ? { type: "null" } : { type: "array", items: schema(levels - 1) };
  expect(compileInputSchema(schema(64))).toBeTypeOf("function");
  expect(() => compileInputSchema(schema(65))).toThrow("nested too deep");
});

// An independent validator as the judge, on schemas of the subset that registration admits.
test("what fits and what does not is what JSON Schema says", () => {
  const names = ["a", "b", "toString", "x y"];
  const leaf = fc.constantFrom<Json>(null, true, 0, 1, 1.5, "a", "", [], {});
  const { node, value } = fc.letrec<{ node: Json; value: Json }>((tie) => ({
    node: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.record({ type: fc.constantFrom("string", "number", "integer", "boolean", "null") }),
      fc.record({
        type: fc.constantFrom("string", "number"),
        enum: fc.uniqueArray(leaf, { minLength: 1, selector: (item) => JSON.stringify(item) }),
      }),
      fc.record({ type: fc.constant("array"), items: tie("node") }),
      fc.record(
        {
          type: fc.constant("object"),
          properties: fc.dictionary(fc.constantFrom(...names), tie("node")),
          required: fc.uniqueArray(fc.constantFrom(...names)),
          additionalProperties: fc.oneof(fc.boolean(), tie("node")),
        },
        { requiredKeys: ["type"] },
      ),
    ) as fc.Arbitrary<Json>,
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie("value")),
    ) as fc.Arbitrary<Json>,
  }));
  let fitting = 0;
  fc.assert(
    fc.property(node, value, (schema, input) => {
      const expected = validate(input, structuredClone(schema) as object, "2020-12").valid;
      if (expected) fitting += 1;
      expect(compileInputSchema(schema)(input) === undefined).toBe(expected);
    }),
    { numRuns: 3_000 },
  );
  expect(fitting).toBeGreaterThan(100);
});
