import { maxDataLevels } from "./output-limits.ts";
import { ToolError } from "./tool-error.ts";

/**
 * Writes a value as JSON that every host can read.
 *
 * A lone surrogate, which UTF-8 can't hold, becomes U+FFFD.
 *
 * @param value Anything.
 * @returns The JSON.
 * @throws ToolError `serialization` when the value has no JSON form (a function, a cycle, a bigint),
 *   `invalid_output` when it nests deeper than 32 levels or has a key `__proto__`.
 */
export function jsonValueText(value: unknown): string {
  const text = jsonText(value);
  if (text === undefined) {
    throw new ToolError("serialization", "What the plugin answers has no JSON form.");
  }
  if (!isReadable(JSON.parse(text), maxDataLevels)) {
    throw new ToolError(
      "invalid_output",
      `What the plugin answers nests deeper than ${maxDataLevels} levels, or has the key __proto__.`,
    );
  }
  // Engines write a lone surrogate as an escape, and a pair as it is.
  if (!/\\ud[89a-f]/.test(text)) return text;
  const whole = text.replace(/\\(?:ud[89a-f][0-9a-f]{2}|.)/g, (found) =>
    found.length > 2 ? "\ufffd" : found,
  );
  // Two keys may have become one, which hosts refuse.
  return whole === text ? text : JSON.stringify(JSON.parse(whole));
}

/**
 * Says whether hosts that read JSON strictly can read a value.
 *
 * @param value A JSON value.
 * @param levels How deep it may nest.
 */
export function isReadable(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (levels === 0 || Object.hasOwn(value, "__proto__")) return false;
  return Object.values(value).every((inner) => isReadable(inner, levels - 1));
}

/** @returns The value's JSON, or `undefined` when it has none (a cycle, a function, a bigint). */
export function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
