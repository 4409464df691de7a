import { boundedText, quoteName } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import { jsonLimits } from "../limits.ts";

/**
 * Says what is wrong with an input: where, what was expected, what is there. `undefined` when it fits.
 *
 * The text is inert and bounded, and has nothing of the input but property names.
 */
export type InputCheck = (value: Json) => string | undefined;

/** Property names and array indexes from the root of an input to one place in it. */
export type InputPath = readonly (string | number)[];

/** Writes where in an input something is: `$.cities[2]["postal code"]`, bounded and inert. */
export function inputPlace(path: InputPath): string {
  const shown = path.slice(0, 8).map((step) => {
    if (typeof step === "number") return `[${step}]`;
    return /^[A-Za-z_][\w-]{0,63}$/.test(step) ? `.${step}` : `[${quoteName(step)}]`;
  });
  return `$${shown.join("")}${path.length > shown.length ? "…" : ""}`;
}

/**
 * Compiles a plugin's `input_schema` to a check, once for all calls (reference §4.2).
 *
 * A plugin chooses its schema, so the check may not cost more than the input is long: it stops at the
 * first problem, and every keyword takes time linear in the value that it looks at. A validator that
 * collects problems does not have that property: 1,500 required names under `additionalProperties`
 * and an input of 14 KB made one collect 2.2 million of them, 490 MB.
 *
 * @param schema A schema of the subset that registration admits.
 * @returns The check.
 * @throws PluginError `registry/invalid-tool` when the schema is outside the subset.
 */
export function compileInputSchema(schema: Json): InputCheck {
  const check = compileNode(schema, 0);
  return (value) => check(value, []);
}

type NodeCheck = (value: Json, path: (string | number)[]) => string | undefined;

function compileNode(node: Json, depth: number): NodeCheck {
  if (!isJsonObject(node)) return refuseSchema("a node is not an object");
  if (depth >= jsonLimits.depth.default) return refuseSchema("it is nested too deep");
  const checks = [typeCheck(node.type)];
  if (node.enum !== undefined) checks.push(enumCheck(node.enum));
  if (node.type === "object") checks.push(...objectChecks(node, depth));
  if (node.type === "array" && node.items !== undefined)
    checks.push(itemsCheck(compileNode(node.items, depth + 1)));
  return (value, path) => {
    for (const check of checks) {
      const problem = check(value, path);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
}

/** What a type's name in a schema means, and how a message calls it. */
const types: ReadonlyMap<Json | undefined, string> = new Map([
  ["object", "an object"],
  ["array", "an array"],
  ["string", "a string"],
  ["number", "a number"],
  ["integer", "a whole number"],
  ["boolean", "true or false"],
  ["null", "null"],
]);

function typeCheck(type: Json | undefined): NodeCheck {
  const expected = types.get(type);
  if (expected === undefined) return refuseSchema("a node has no type that is known");
  return (value, path) => {
    const given = typeOf(value);
    if (given === type) return undefined;
    if (given === "number" && type === "integer") {
      return Number.isInteger(value)
        ? undefined
        : `${inputPlace(path)} must be a whole number and has a fraction`;
    }
    return `${inputPlace(path)} must be ${expected} and is ${types.get(given)}`;
  };
}

function typeOf(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function enumCheck(values: Json): NodeCheck {
  if (!Array.isArray(values)) return refuseSchema("an enum is not an array");
  const allowed = new Set((values as readonly Json[]).map(canonicalJson));
  const shown = listed([...allowed]);
  return (value, path) =>
    allowed.has(canonicalJson(value))
      ? undefined
      : `${inputPlace(path)} must be one of ${shown} and is none of them`;
}

/** JSON with sorted keys: equal for values that JSON Schema calls equal. */
function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonicalJson).join()}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`,
  );
  return `{${members.sort().join()}}`;
}

function objectChecks(node: JsonObject, depth: number): NodeCheck[] {
  const { required = [], properties = {}, additionalProperties = true } = node;
  if (!Array.isArray(required)) return refuseSchema("required is not an array");
  if (!isJsonObject(properties)) return refuseSchema("properties is not an object");
  const known = new Map(
    Object.entries(properties).map(([name, schema]) => [name, compileNode(schema, depth + 1)]),
  );
  const others =
    typeof additionalProperties === "boolean"
      ? otherwise(additionalProperties, [...known.keys()])
      : compileNode(additionalProperties, depth + 1);
  return [requiredCheck(required as readonly Json[]), propertiesCheck(known, others)];
}

function requiredCheck(required: readonly Json[]): NodeCheck {
  const names = required.map((name) =>
    typeof name === "string" ? name : refuseSchema("a required name is not a string"),
  );
  return (value, path) => {
    const missing = names.find((name) => !Object.hasOwn(value as JsonObject, name));
    return missing === undefined
      ? undefined
      : `${inputPlace([...path, missing])} is required and missing`;
  };
}

function propertiesCheck(known: ReadonlyMap<string, NodeCheck>, others: NodeCheck): NodeCheck {
  return (value, path) => {
    for (const [name, property] of Object.entries(value as JsonObject)) {
      path.push(name);
      const problem = (known.get(name) ?? others)(property, path);
      if (problem !== undefined) return problem;
      path.pop();
    }
    return undefined;
  };
}

function otherwise(isAllowed: boolean, known: readonly string[]): NodeCheck {
  if (isAllowed) return () => undefined;
  const shown = known.length === 0 ? "it takes none" : `it takes ${listed(known)}`;
  return (_value, path) => `${inputPlace(path)} is not a property of the tool: ${shown}`;
}

function itemsCheck(check: NodeCheck): NodeCheck {
  return (value, path) => {
    for (const [index, item] of (value as readonly Json[]).entries()) {
      path.push(index);
      const problem = check(item, path);
      if (problem !== undefined) return problem;
      path.pop();
    }
    return undefined;
  };
}

/** The first few of the schema's own names or values, which a plugin chose. */
function listed(texts: readonly string[]): string {
  const shown = texts.slice(0, 6).map((text) => boundedText(text, 40));
  return shown.join(", ") + (texts.length > shown.length ? ", …" : "");
}

function refuseSchema(problem: string): never {
  throw new PluginError({
    code: "registry/invalid-tool",
    phase: "registration",
    message: `The tool's input schema can't be used: ${problem}.`,
  });
}
