import { dereference, type Schema, type SchemaDraft, validate } from "@cfworker/json-schema";
import { boundedText } from "../diagnostic.ts";
import { type InputCheck, inputPlace } from "../instance/input-schema.ts";
import { isJsonObject, type Json } from "../json.ts";

/**
 * Compiles a host tool's schema, which may be any JSON Schema without references to other documents.
 *
 * No code is generated. The time that a check takes is not bounded: the host wrote the schema. That
 * is why a plugin's schema is checked otherwise (`instance/input-schema`).
 *
 * @param schema The schema; a copy of it is kept.
 * @returns The check, or why the schema can't be used.
 */
export function compileHostSchema(
  schema: Json,
): { readonly check: InputCheck } | { readonly problem: string } {
  if (!isJsonObject(schema) || schema.type !== "object") {
    return { problem: 'its input schema is not a schema of an object (type: "object")' };
  }
  const copy = structuredClone(schema) as Schema;
  const draft = draftOf(schema.$schema);
  try {
    const lookup = dereference(copy);
    const open = Object.values(lookup).find(
      (node) => typeof node === "object" && hasOpenReference(node, lookup),
    );
    if (open !== undefined)
      return { problem: "its input schema refers to a schema that is not in it" };
    validate({}, copy, draft, lookup);
    return { check: (value) => firstProblem(validate(value, copy, draft, lookup).errors) };
  } catch {
    return { problem: "its input schema can't be compiled" };
  }
}

function draftOf(id: Json | undefined): SchemaDraft {
  if (typeof id !== "string") return "2020-12";
  if (id.includes("draft-04")) return "4";
  if (id.includes("draft-06") || id.includes("draft-07")) return "7";
  return id.includes("2019-09") ? "2019-09" : "2020-12";
}

function hasOpenReference(node: Schema, lookup: Readonly<Record<string, unknown>>): boolean {
  const target = node.__absolute_ref__;
  return target !== undefined && lookup[target] === undefined;
}

/** Keywords whose error only says that something below them has one. */
const wrappers = new Set([
  "properties",
  "patternProperties",
  "additionalProperties",
  "unevaluatedProperties",
  "propertyNames",
  "items",
  "additionalItems",
  "prefixItems",
  "unevaluatedItems",
  "dependentSchemas",
  "allOf",
  "if",
  "$ref",
  "$recursiveRef",
]);

function firstProblem(errors: ReturnType<typeof validate>["errors"]): ReturnType<InputCheck> {
  const error = errors.find(({ keyword }) => !wrappers.has(keyword)) ?? errors[0];
  if (error === undefined) return undefined;
  const place = inputPlace(stepsOf(error.instanceLocation));
  if (error.keyword === "false") return `${place} is not allowed there`;
  return `${place}: ${boundedText(error.error.replace(/\.$/, ""), 240)}`;
}

/** The steps of a JSON pointer as the validator writes it: `#/cities/2/postal%20code`. */
function stepsOf(pointer: string): (string | number)[] {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => {
      const name = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
      return /^\d+$/.test(name) ? Number(name) : name;
    });
}
