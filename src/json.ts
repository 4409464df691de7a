import { decodeUtf8 } from "./bytes.ts";
import { utf8Length } from "./diagnostic.ts";
import { jsonLimits } from "./limits.ts";

/** A JSON value. Objects made by {@link parseJson} have no key `__proto__`. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** What {@link parseJson} gives: the value, or why there is none (a sentence without any of the text). */
export type JsonResult =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly reason: string; readonly isTooLarge: boolean };

/**
 * Parses JSON from outside.
 *
 * Refused: more than `maxBytes`, invalid UTF-8, nesting deeper than {@link jsonLimits}, an object
 * that has a key twice, and the key `__proto__`.
 *
 * @param source Text or its UTF-8 bytes.
 * @param maxBytes The most UTF-8 bytes.
 * @returns The value or the reason why not; it never throws.
 */
export function parseJson(source: string | Uint8Array, maxBytes: number): JsonResult {
  const size = typeof source === "string" ? utf8Length(source) : source.byteLength;
  if (size > maxBytes) {
    return failure(`it has ${size} bytes and at most ${maxBytes} are allowed`, true);
  }
  const text = typeof source === "string" ? source : decodeUtf8(source);
  if (text === undefined) return failure("it is not valid UTF-8");
  const problem = structureProblem(text);
  if (problem !== undefined) return failure(problem);
  try {
    return { ok: true, value: JSON.parse(text) as Json };
  } catch {
    return failure("it is not valid JSON");
  }
}

/**
 * Writes a value as JSON.
 *
 * @param value Any value.
 * @returns The text, or `undefined` when the value has no JSON form (a cycle, a function, a bigint).
 */
export function stringifyJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** Says whether a JSON value is an object, neither array nor null. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Freezes a JSON value through and through; it is no deeper than {@link parseJson} allows. */
export function freezeJson<Value extends Json>(value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  for (const item of Object.values(value)) freezeJson(item as Json);
  return Object.freeze(value);
}

function failure(reason: string, isTooLarge = false): JsonResult {
  return { ok: false, reason, isTooLarge };
}

/**
 * Walks brackets, strings and keys once, so that JSON.parse never sees text whose depth or keys are
 * refused; the rest of the grammar is JSON.parse's own.
 */
function structureProblem(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let key: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text[at];
    if (unit === '"') {
      const end = stringEnd(text, at);
      if (end === undefined) return "it is not valid JSON";
      key = text.slice(at, end + 1);
      at = end;
    } else if (unit === ":") {
      const keys = open.at(-1);
      if (key === undefined || keys === undefined) return "it is not valid JSON";
      const problem = keyProblem(key, keys);
      if (problem !== undefined) return problem;
      key = undefined;
    } else if (unit === "{" || unit === "[") {
      if (open.length >= jsonLimits.depth.default) {
        return `it is nested deeper than ${jsonLimits.depth.default} levels`;
      }
      open.push(unit === "{" ? new Set() : undefined);
    } else if (unit === "}" || unit === "]") {
      open.pop();
    }
  }
  return undefined;
}

function keyProblem(quoted: string, keys: Set<string>): string | undefined {
  let key: string;
  try {
    key = JSON.parse(quoted) as string;
  } catch {
    return "it is not valid JSON";
  }
  if (key === "__proto__") return "an object has the key __proto__";
  if (keys.has(key)) return "an object has the same key twice";
  keys.add(key);
  return undefined;
}

function stringEnd(text: string, start: number): number | undefined {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') return at;
  }
  return undefined;
}
