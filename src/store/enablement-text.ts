import { isDeepStrictEqual } from "node:util";
import type { Json } from "../json.ts";
import { readEnablementOf } from "./enablement.ts";
import { refuseRecord } from "./record-schema.ts";
import type { Enablement, EnablementRecord } from "./store.types.ts";

/**
 * Puts a record into the TOML text of enablement records, in place of those with its id.
 *
 * What else is in the text stays as it is written, comments included, as far as the text is laid out
 * in `[[enabled]]` tables.
 *
 * @param text The text; empty for a new file.
 * @param record The record.
 * @returns The new text, which reads as the old records with this one.
 * @throws PluginError `options/invalid` when the text is malformed, or the record can't be written.
 */
export function withRecord(text: string, record: EnablementRecord): string {
  return edited(text, record.id, record);
}

/**
 * Takes the records with an id out of the TOML text of enablement records.
 *
 * @param text The text.
 * @param id The id.
 * @returns The new text.
 * @throws PluginError `options/invalid` when the text is malformed.
 */
export function withoutRecord(text: string, id: string): string {
  return edited(text, id, undefined);
}

function edited(text: string, id: string, record: EnablementRecord | undefined): string {
  const before = readEnablementOf(subject, text).enabled;
  const expected: Enablement = {
    enabled: [
      ...before.filter((each) => each.id !== id),
      ...(record === undefined ? [] : [record]),
    ],
  };
  const isExpected = (made: string) => isDeepStrictEqual(readBack(made), expected);

  const { start, blocks } = splitBlocks(text);
  if (blocks.length === before.length) {
    const kept = blocks.filter((_, index) => before[index]?.id !== id);
    const made = joined([start, ...kept], record);
    // Inside a text of several lines, a line that looks like a table's head is none.
    if (isExpected(made)) return made;
  }
  const made = joined([], ...expected.enabled);
  return isExpected(made)
    ? made
    : refuseRecord("The enablement record", "it holds what TOML can't say, such as null");
}

const subject = "The enablement file";

function readBack(text: string): Enablement | undefined {
  try {
    return readEnablementOf(subject, text);
  } catch {
    return undefined; // not the records that were expected, whatever is wrong with it
  }
}

/** The text before the first record, and one text for each record. */
function splitBlocks(text: string): { readonly start: string; readonly blocks: readonly string[] } {
  const blocks: string[][] = [[]];
  for (const line of text.split(/(?<=\n)/u)) {
    if (/^\s*\[\[\s*enabled\s*\]\]/u.test(line)) {
      // Comments right above a record speak of it.
      const comments: string[] = [];
      const above = blocks.at(-1) ?? [];
      while (/^\s*#/u.test(above.at(-1) ?? "")) comments.unshift(above.pop() ?? "");
      blocks.push(comments);
    }
    blocks.at(-1)?.push(line);
  }
  const [start = "", ...rest] = blocks.map((lines) => lines.join(""));
  return { start, blocks: rest };
}

function joined(
  parts: readonly string[],
  ...records: readonly (EnablementRecord | undefined)[]
): string {
  const written = records.flatMap((record) => (record === undefined ? [] : [recordText(record)]));
  const all = [...parts, ...written].map((part) => part.trim()).filter((part) => part !== "");
  return all.length === 0 ? "" : `${all.join("\n\n")}\n`;
}

/** One record, its lists and its config in one line each, or one line an item. */
function recordText(record: EnablementRecord): string {
  const { id, version, digest, surfaces, grants, config } = record;
  const lines = [
    "[[enabled]]",
    ...field("id", id),
    ...field("version", version),
    ...field("digest", digest),
    ...(surfaces.length === 0 ? [] : field("surfaces", surfaces)),
    ...(config === undefined ? [] : field("config", config)),
  ];
  const granted = Object.entries(grants).flatMap(([name, value]) => grantField(name, value));
  if (granted.length > 0) lines.push("", "[enabled.grants]", ...granted);
  return lines.join("\n");
}

function grantField(name: string, value: Json | readonly object[]): readonly string[] {
  if (!Array.isArray(value)) return field(name, value as Json);
  if (value.length === 0) return [];
  return [`${name} = [`, ...value.map((item) => `  ${tomlText(item as Json)},`), "]"];
}

function field(name: string, value: Json | undefined): readonly string[] {
  return value === undefined ? [] : [`${name} = ${tomlText(value)}`];
}

/** A value in one line; what TOML has no word for is written so that it is not read back. */
function tomlText(value: Json): string {
  if (typeof value === "string") return stringText(value);
  if (typeof value === "number") {
    return Number.isInteger(value) && !Number.isSafeInteger(value)
      ? value.toExponential()
      : String(value);
  }
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(tomlText).join(", ")}]`;
  const fields = Object.entries(value).map(([key, item]) => `${keyText(key)} = ${tomlText(item)}`);
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/u.test(key) ? key : stringText(key);
}

/** TOML's basic strings have JSON's escapes, and allow one control character less. */
function stringText(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}
