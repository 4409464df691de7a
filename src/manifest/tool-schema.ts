import { boundedText } from "../diagnostic.ts";
import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import { jsonLimits } from "../limits.ts";

/** What is wrong with a tool's input schema, and where. */
export interface ToolSchemaProblem {
  /** `$` for the root, then keywords and names: `$.properties.city`; inert and bounded. */
  readonly path: string;
  /** The reason as the end of a sentence about the path. */
  readonly reason: string;
}

const types = ["object", "array", "string", "number", "integer", "boolean", "null"];

/** The keywords, and the one type that a keyword is for. */
const keywords: ReadonlyMap<string, string | undefined> = new Map([
  ["type", undefined],
  ["title", undefined],
  ["description", undefined],
  ["enum", undefined],
  ["properties", "object"],
  ["required", "object"],
  ["additionalProperties", "object"],
  ["items", "array"],
]);

const pathBytes = 200;

/**
 * Checks an input schema against the subset of JSON Schema that tools may use (reference §4.2).
 *
 * The host shows such a schema to models and checks calls against it, so a schema that means
 * something else there, or nothing, is refused before the tool is registered.
 *
 * @param schema A tool's `input_schema`.
 * @returns The first problem, or `undefined` for a good schema.
 */
export function toolSchemaProblem(schema: Json): ToolSchemaProblem | undefined {
  if (isDeeperThan(schema, jsonLimits.depth.default)) {
    return problem("$", `is nested deeper than ${jsonLimits.depth.default} levels`);
  }
  if (isJsonObject(schema) && schema.type !== "object") {
    return problem("$", 'must have the type "object"');
  }
  return nodeProblem(schema, "$");
}

function nodeProblem(node: Json | undefined, path: string): ToolSchemaProblem | undefined {
  if (!isJsonObject(node)) return problem(path, "must be an object");
  const { type } = node;
  if (typeof type !== "string" || !types.includes(type)) {
    return problem(`${path}.type`, `must be one of ${types.join(", ")}`);
  }
  for (const keyword of Object.keys(node)) {
    if (!keywords.has(keyword)) {
      return problem(step(path, keyword), "is not a keyword that tool schemas may use");
    }
    const owner = keywords.get(keyword);
    if (owner !== undefined && owner !== type) {
      return problem(step(path, keyword), `is for nodes of type ${owner} only`);
    }
  }
  return (
    textProblem(node, path) ??
    enumProblem(node.enum, `${path}.enum`) ??
    propertiesProblem(node.properties, `${path}.properties`) ??
    requiredProblem(node, `${path}.required`) ??
    additionalProblem(node.additionalProperties, `${path}.additionalProperties`) ??
    (node.items === undefined ? undefined : nodeProblem(node.items, `${path}.items`))
  );
}

function textProblem(node: JsonObject, path: string): ToolSchemaProblem | undefined {
  for (const keyword of ["title", "description"]) {
    const text = node[keyword];
    if (text !== undefined && typeof text !== "string") {
      return problem(`${path}.${keyword}`, "must be a string");
    }
  }
  return undefined;
}

function enumProblem(values: Json | undefined, path: string): ToolSchemaProblem | undefined {
  if (values === undefined) return undefined;
  if (!isList(values) || values.length === 0) {
    return problem(path, "must be an array with at least one value");
  }
  return repetition(values.map(canonicalText), path);
}

function propertiesProblem(
  properties: Json | undefined,
  path: string,
): ToolSchemaProblem | undefined {
  if (properties === undefined) return undefined;
  if (!isJsonObject(properties)) return problem(path, "must be an object");
  for (const [name, node] of Object.entries(properties)) {
    if (name === "__proto__") return problem(path, "may not have the property __proto__");
    const found = nodeProblem(node, step(path, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

function requiredProblem(node: JsonObject, path: string): ToolSchemaProblem | undefined {
  const { required, properties } = node;
  if (required === undefined) return undefined;
  if (!isList(required)) return problem(path, "must be an array of strings");
  for (const [index, name] of required.entries()) {
    if (typeof name !== "string") return problem(`${path}[${index}]`, "must be a string");
    if (isJsonObject(properties) && !Object.hasOwn(properties, name)) {
      return problem(`${path}[${index}]`, "names a property that is not in properties");
    }
  }
  return repetition(required.map(String), path);
}

function additionalProblem(value: Json | undefined, path: string): ToolSchemaProblem | undefined {
  if (value === undefined || typeof value === "boolean") return undefined;
  return nodeProblem(value, path);
}

function repetition(values: readonly string[], path: string): ToolSchemaProblem | undefined {
  const seen = new Set<string>();
  for (const [index, value] of values.entries()) {
    if (seen.has(value)) return problem(`${path}[${index}]`, "is there twice");
    seen.add(value);
  }
  return undefined;
}

/** Equal text for equal JSON values, whatever the order of their keys. */
function canonicalText(value: Json): string {
  if (isList(value)) return `[${value.map(canonicalText).join()}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}:${canonicalText(item)}`,
  );
  return `{${members.sort().join()}}`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isDeeperThan(value: Json, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((item) => isDeeperThan(item, levels - 1));
}

/** Goes one key down; a key that could be mistaken for several is quoted. */
function step(path: string, key: string): string {
  return /^[\w$-]+$/u.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

function problem(path: string, reason: string): ToolSchemaProblem {
  return { path: boundedText(path, pathBytes), reason };
}
