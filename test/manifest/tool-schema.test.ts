import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../../src/json.ts";
import { toolSchemaProblem } from "../../src/manifest/manifest.ts";

/** A root with one property. */
const withProperty = (node: Json): Json => ({ type: "object", properties: { city: node } });

describe("a tool schema is accepted", () => {
  it.each<[string, Json]>([
    ["that is an empty object", { type: "object" }],
    [
      "with every keyword",
      {
        type: "object",
        title: "Forecast",
        description: "What to forecast",
        properties: {
          city: { type: "string", enum: ["Kyoto", "Ōsaka"] },
          days: { type: "integer", title: "Days" },
          list: { type: "array", items: { type: "array", items: { type: "null" } } },
          any: { type: "array" },
          deep: { type: "object", additionalProperties: { type: "number" } },
          flag: { type: "boolean" },
        },
        required: ["city", "days"],
        additionalProperties: false,
      },
    ],
    ["that requires what no properties list", { type: "object", required: ["a"] }],
    [
      "with names that mean something to JavaScript",
      withProperty({
        type: "object",
        properties: { constructor: { type: "string" }, toString: { type: "null" } },
        required: ["constructor"],
      }),
    ],
    [
      "with values that only look alike",
      withProperty({ type: "array", enum: [1, "1", [1], { a: 1 }, { a: "1" }, null, true] }),
    ],
  ])("%s", (_, schema) => {
    expect(toolSchemaProblem(schema)).toBeUndefined();
  });
});

describe("a tool schema is refused, and the place is named", () => {
  it.each<[Json, string, RegExp]>([
    [null, "$", /must be an object/u],
    [true, "$", /must be an object/u],
    [[], "$", /must be an object/u],
    ["object", "$", /must be an object/u],
    [{}, "$", /must have the type "object"/u],
    [{ type: "string" }, "$", /must have the type "object"/u],
    [{ type: ["object"] }, "$", /must have the type "object"/u],
    [{ type: "object", $ref: "#/x" }, "$.$ref", /not a keyword/u],
    [{ type: "object", oneOf: [] }, "$.oneOf", /not a keyword/u],
    [{ type: "object", "a b": 1 }, '$["a b"]', /not a keyword/u],
    [{ type: "object", title: 1 }, "$.title", /must be a string/u],
    [{ type: "object", description: null }, "$.description", /must be a string/u],
    [{ type: "object", items: { type: "null" } }, "$.items", /type array only/u],
    [{ type: "object", properties: [] }, "$.properties", /must be an object/u],
    [withProperty(true), "$.properties.city", /must be an object/u],
    [withProperty({}), "$.properties.city.type", /must be one of object, array/u],
    [withProperty({ type: "text" }), "$.properties.city.type", /must be one of/u],
    [withProperty({ type: "string", pattern: "x" }), "$.properties.city.pattern", /keyword/u],
    [withProperty({ type: "string", required: [] }), "$.properties.city.required", /object only/u],
    [withProperty({ type: "array", items: [] }), "$.properties.city.items", /must be an object/u],
    [
      withProperty({ type: "array", items: { type: "array", items: { type: "x" } } }),
      "$.properties.city.items.items.type",
      /must be one of/u,
    ],
    [
      withProperty({ type: "object", additionalProperties: { type: "object", properties: 1 } }),
      "$.properties.city.additionalProperties.properties",
      /must be an object/u,
    ],
    [
      { type: "object", additionalProperties: "no" },
      "$.additionalProperties",
      /must be an object/u,
    ],
    [{ type: "object", required: "a" }, "$.required", /array of strings/u],
    [{ type: "object", required: [1] }, "$.required[0]", /must be a string/u],
    [{ type: "object", required: ["a", "a"] }, "$.required[1]", /twice/u],
    [{ type: "object", properties: {}, required: ["a"] }, "$.required[0]", /not in properties/u],
    [
      { type: "object", properties: {}, required: ["constructor"] },
      "$.required[0]",
      /not in properties/u,
    ],
    [withProperty({ type: "string", enum: [] }), "$.properties.city.enum", /at least one/u],
    [withProperty({ type: "string", enum: "a" }), "$.properties.city.enum", /at least one/u],
    [withProperty({ type: "string", enum: [1, 2, 1] }), "$.properties.city.enum[2]", /twice/u],
    [
      withProperty({
        type: "object",
        enum: [
          { a: 1, b: [2] },
          { b: [2], a: 1 },
        ],
      }),
      "$.properties.city.enum[1]",
      /twice/u,
    ],
    [
      { type: "object", properties: JSON.parse('{"__proto__":{"type":"string"}}') as Json },
      "$.properties",
      /__proto__/u,
    ],
  ])("%j", (schema, path, reason) => {
    const problem = toolSchemaProblem(schema);
    expect(problem?.path).toBe(path);
    expect(problem?.reason).toMatch(reason);
  });

  it("whatever names it uses, in bounded and inert text", () => {
    const name = `\u001b]0;${"x".repeat(5000)}`;
    const problem = toolSchemaProblem({ type: "object", properties: { [name]: 1 } });
    expect(problem?.path).toMatch(/^\$\.properties\["\\u001b\]0;x+…$/u);
    expect(Buffer.byteLength(problem?.path ?? "")).toBeLessThanOrEqual(200);
  });

  it("past 64 levels, and not before", () => {
    const nested = (levels: number): Json =>
      levels === 1 ? { type: "array" } : { type: "array", items: nested(levels - 1) };
    const root = (levels: number): Json => ({
      type: "object",
      additionalProperties: nested(levels - 1),
    });
    expect(toolSchemaProblem(root(64))).toBeUndefined();
    expect(toolSchemaProblem(root(65))?.reason).toMatch(/deeper than 64/u);
  });
});

describe("any JSON", () => {
  it("is answered, never thrown at", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const problem = toolSchemaProblem(value as Json);
        if (problem !== undefined) expect(problem.path.startsWith("$")).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
