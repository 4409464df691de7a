import { isWellFormedText, utf8Length } from "../diagnostic.ts";
import type { Json } from "../json.ts";
import { jsonLimits } from "../limits.ts";
import { type InputCheck, inputPlace } from "./input-schema.ts";

/** A tool's input as it was when the call was made, or why it is refused; nothing is thrown for it. */
export type ToolInput =
  | {
      readonly ok: true;
      /** The JSON text: what is checked, and exactly what the guest gets. */
      readonly text: string;
      /** The text's length in UTF-8 bytes. */
      readonly bytes: number;
      /** The parsed text: plain data that shares nothing with what the caller passed. */
      readonly value: Json;
    }
  | {
      readonly ok: false;
      readonly code: "input/invalid" | "input/too-large";
      /** A sentence that says where in the input and what was expected. */
      readonly message: string;
    };

/**
 * Reads a call's input once, whatever the caller passed, and checks it before any guest starts.
 *
 * Refused: what is not JSON (functions, symbols, bigints, NaN, infinities, class instances, holes,
 * the key `__proto__`, lone surrogates), what is nested deeper than {@link jsonLimits} or refers to
 * itself, and what throws when it is read. As JSON.stringify does, a property whose value is
 * `undefined` is left out; nothing else is changed silently.
 *
 * @param input Anything; getters and proxies are read exactly once.
 * @param check The tool's own schema.
 * @param maxBytes The most UTF-8 bytes of the JSON text.
 * @returns The input, or the reason why not (decisions "Tool input").
 */
export function readToolInput(input: unknown, check: InputCheck, maxBytes: number): ToolInput {
  const snapshot = snapshotInput(input, maxBytes);
  if (!snapshot.ok) return snapshot;
  const problem = check(snapshot.value);
  return problem === undefined
    ? snapshot
    : invalid(`The input does not fit the tool's schema: ${problem}.`);
}

/**
 * Reads a call's input, or anything else that a host passes as JSON, once and without a schema.
 *
 * @param input Anything.
 * @param maxBytes The most UTF-8 bytes of the JSON text.
 * @param subject What the messages call it.
 * @returns The input, or the reason why not.
 */
export function snapshotInput(input: unknown, maxBytes: number, subject = "The input"): ToolInput {
  const walk: Walk = { budget: maxBytes, path: [], problem: undefined };
  let value: Json | undefined;
  try {
    value = copyJson(input, walk);
  } catch {
    // Only the caller's own code throws in the copy: a getter or a proxy.
    value = refuse(walk, "could not be read");
  }
  if (walk.budget < 0) return tooLarge(maxBytes, subject);
  if (value === undefined) return invalid(`${subject} is not JSON: ${walk.problem}.`);
  const text = JSON.stringify(value);
  const bytes = utf8Length(text);
  return bytes > maxBytes ? tooLarge(maxBytes, subject) : { ok: true, text, bytes, value };
}

interface Walk {
  /** Bytes left; every value and key costs at least what its JSON takes, so the copy stays bounded. */
  budget: number;
  readonly path: (string | number)[];
  problem: string | undefined;
}

/** @returns The copy, or `undefined` after the walk's budget ran out or its problem was set. */
function copyJson(value: unknown, walk: Walk): Json | undefined {
  walk.budget -= 1;
  if (walk.budget < 0) return undefined;
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") return copyString(value, walk);
  if (typeof value === "number") {
    // JSON has no -0; adding 0 makes it what the text will say.
    return Number.isFinite(value) ? value + 0 : refuse(walk, "is not a finite number");
  }
  if (typeof value !== "object") return refuse(walk, `is ${kindOf(value)}`);
  if (walk.path.length >= jsonLimits.depth.default) {
    walk.path.length = 0;
    return refuse(
      walk,
      `is nested deeper than ${jsonLimits.depth.default} levels, or refers to itself`,
    );
  }
  if (Array.isArray(value)) return copyArray(value, walk);
  if (!isPlain(value)) return refuse(walk, "is an instance of a class and not a plain object");
  return copyObject(value as Readonly<Record<string, unknown>>, walk);
}

function copyString(text: string, walk: Walk): string | undefined {
  walk.budget -= text.length;
  if (walk.budget < 0) return undefined;
  return isWellFormedText(text) ? text : refuse(walk, "has a lone surrogate");
}

function copyArray(items: readonly unknown[], walk: Walk): Json | undefined {
  const copy: Json[] = [];
  const { length } = items;
  for (let index = 0; index < length; index += 1) {
    walk.path.push(index);
    const item = copyJson(items[index], walk);
    if (item === undefined) return undefined;
    walk.path.pop();
    copy.push(item);
  }
  return copy;
}

function copyObject(object: Readonly<Record<string, unknown>>, walk: Walk): Json | undefined {
  const copy: Record<string, Json> = {};
  for (const key of Object.keys(object)) {
    walk.path.push(key);
    // Assigning this one key would set the copy's prototype.
    if (key === "__proto__") return refuse(walk, "is a key that is not allowed");
    if (copyString(key, walk) === undefined) return undefined;
    const property = object[key];
    if (property !== undefined) {
      const copied = copyJson(property, walk);
      if (copied === undefined) return undefined;
      copy[key] = copied;
    }
    walk.path.pop();
  }
  return copy;
}

/** Whether the object is a literal's, of this realm or another, or has no prototype. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function kindOf(value: unknown): string {
  return value === undefined ? "undefined" : `a ${typeof value}`;
}

function refuse(walk: Walk, problem: string): undefined {
  walk.problem ??= `${inputPlace(walk.path)} ${problem}`;
  return undefined;
}

function invalid(message: string): ToolInput {
  return { ok: false, code: "input/invalid", message };
}

function tooLarge(maxBytes: number, subject: string): ToolInput {
  return {
    ok: false,
    code: "input/too-large",
    message: `${subject} takes more than ${maxBytes} bytes as JSON, the most that is allowed.`,
  };
}
