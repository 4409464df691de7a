import { inertText } from "../diagnostic.ts";

/**
 * Writes a value as JSON that a terminal can be shown: every character that could steer it is escaped.
 *
 * @param value A value with a JSON form.
 * @returns Indented JSON that parses to the same value, and a line feed.
 */
export function inertJson(value: unknown): string {
  const text = JSON.stringify(value, null, 2);
  return `${text.replace(/[^\n\x20-\x7e]/gu, escaped)}\n`;
}

function escaped(character: string): string {
  if (inertText(character) === character) return character;
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
  ).join("");
}
