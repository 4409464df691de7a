import type { Json } from "../json.ts";
import { jsonLimits } from "../limits.ts";

/** A value's JSON, or why it has none. */
export type PlainJson =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly reason: string };

/**
 * Copies plain data, as TOML and JSON parsers give it, into frozen JSON.
 *
 * Refused: integers beyond 2^53 - 1, `nan` and `inf`, dates, the key `__proto__`, anything that is not
 * plain data, and nesting deeper than {@link jsonLimits}; the last also ends a cycle.
 *
 * @param value Anything.
 * @returns The copy, or the first problem as the end of a sentence.
 */
export function plainJson(value: unknown): PlainJson {
  const problems: string[] = [];
  const copied = copy(value, jsonLimits.depth.default, (reason) => {
    problems.push(reason);
    return null;
  });
  const [reason] = problems;
  return reason === undefined ? { ok: true, value: copied } : { ok: false, reason };
}

type Refuse = (reason: string) => Json;

function copy(value: unknown, levels: number, refuse: Refuse): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "bigint":
    case "number":
      return copyNumber(value, refuse);
    case "object":
      return value === null ? null : copyObject(value, levels, refuse);
    default:
      return refuse(notPlain);
  }
}

const notPlain = "has a value that is no plain data";

function copyNumber(value: number | bigint, refuse: Refuse): Json {
  const number = Number(value);
  if (!Number.isFinite(number)) return refuse("has a number that JSON does not know");
  if (typeof value === "bigint" && !Number.isSafeInteger(number)) {
    return refuse("has an integer beyond 2^53 - 1, which JSON readers round");
  }
  return number + 0; // JSON readers differ about -0
}

function copyObject(value: object, levels: number, refuse: Refuse): Json {
  if (levels === 0) return refuse(`is nested deeper than ${jsonLimits.depth.default} levels`);
  if (Array.isArray(value)) {
    return Object.freeze(value.map((item) => copy(item, levels - 1, refuse)));
  }
  if (value instanceof Date) return refuse("has a date or time; write it as text");
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return refuse(notPlain);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (entries.some(([key]) => key === "__proto__")) return refuse("has the key __proto__");
  return Object.freeze(
    Object.fromEntries(entries.map(([key, item]) => [key, copy(item, levels - 1, refuse)])),
  );
}
