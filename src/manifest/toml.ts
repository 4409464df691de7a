import { parse, TomlError } from "smol-toml";
import { decodeUtf8 } from "../bytes.ts";
import { jsonLimits } from "../limits.ts";

/** A parsed TOML value: integers are `bigint`, floats `number`, dates and times `Date`. */
export type Toml = string | bigint | number | boolean | Date | readonly Toml[] | TomlTable;

/** A TOML table; it has no prototype, so every key is only data. */
export interface TomlTable {
  readonly [key: string]: Toml;
}

/** What {@link parseToml} gives: the table, or why there is none (a sentence without any of the text). */
export type TomlResult =
  | { readonly ok: true; readonly value: TomlTable }
  | { readonly ok: false; readonly reason: string; readonly isTooLarge: boolean };

/**
 * Parses TOML from outside.
 *
 * Refused: more than `maxBytes`, invalid UTF-8, and nesting deeper than {@link jsonLimits}, whether by
 * arrays and inline tables or by dotted keys.
 *
 * @param bytes The file's bytes.
 * @param maxBytes The most bytes.
 * @returns The table, or the reason why not with its line and column; it never throws.
 */
export function parseToml(bytes: Uint8Array, maxBytes: number): TomlResult {
  if (bytes.length > maxBytes) {
    return failure(`the text has ${bytes.length} bytes and at most ${maxBytes} are allowed`, true);
  }
  const text = decodeUtf8(bytes);
  if (text === undefined) return failure("the text is not valid UTF-8");
  const maxDepth = jsonLimits.depth.default;
  try {
    const value = parse(text, { integersAsBigInt: true, maxDepth }) as TomlTable;
    return isDeeperThan(value, maxDepth) ? tooDeep() : { ok: true, value };
  } catch (error) {
    return error instanceof TomlError
      ? syntaxFailure(error)
      : failure("the text is not valid TOML");
  }
}

/** Says whether a TOML value is a table. */
export function isTomlTable(value: unknown): value is TomlTable {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null;
}

function syntaxFailure(error: TomlError): TomlResult {
  // The parser's message goes on with an excerpt of the file, which must not be shown.
  const [reason = ""] = error.message.split("\n", 1);
  if (reason.includes("excessively nested")) return tooDeep();
  const detail = reason.replace("Invalid TOML document: ", "");
  return failure(`line ${error.line}, column ${error.column}: ${detail}`);
}

function tooDeep(): TomlResult {
  return failure(`the text is nested deeper than ${jsonLimits.depth.default} levels`, true);
}

function failure(reason: string, isTooLarge = false): TomlResult {
  return { ok: false, reason, isTooLarge };
}

function isDeeperThan(value: Toml, levels: number): boolean {
  if (typeof value !== "object" || value instanceof Date) return false;
  if (levels === 0) return true;
  return Object.values(value).some((item) => isDeeperThan(item, levels - 1));
}
