/**
 * Text measured and cut in UTF-8 bytes, without TextEncoder: the engines that guests run in have none.
 */

/** How much room there is for a text. */
export interface TextRoom {
  /** UTF-8 bytes of the text itself. */
  readonly bytes: number;
  /** UTF-8 bytes of the text between the quotes of a JSON string. */
  readonly jsonBytes: number;
}

const ellipsis = "…";
const ellipsisBytes = 3;

/**
 * Cuts text to the room there is, never inside a character, and marks the cut with an ellipsis.
 *
 * A lone surrogate, which UTF-8 can't hold, becomes U+FFFD.
 *
 * @param text Any text.
 * @param room The most bytes, the ellipsis included.
 * @returns The text, or its beginning.
 */
export function cutText(text: string, room: TextRoom): string {
  // A UTF-16 unit takes at most three bytes, and six when JSON escapes it: short text needs no counting.
  if (text.length * 3 <= room.bytes && text.length * 6 <= room.jsonBytes) return wellFormed(text);
  let bytes = 0;
  let jsonBytes = 0;
  let kept = 0;
  for (const character of text) {
    bytes += utf8Bytes(character);
    jsonBytes += escapedBytes(character);
    if (bytes > room.bytes || jsonBytes > room.jsonBytes) {
      return `${wellFormed(text.slice(0, kept))}${ellipsis}`;
    }
    const isRoomForEllipsis =
      bytes <= room.bytes - ellipsisBytes && jsonBytes <= room.jsonBytes - ellipsisBytes;
    if (isRoomForEllipsis) kept += character.length;
  }
  return wellFormed(text);
}

/** @returns How many UTF-8 bytes the text takes between the quotes of a JSON string. */
export function jsonTextBytes(text: string): number {
  let bytes = 0;
  for (const character of text) bytes += escapedBytes(character);
  return bytes;
}

/** Says whether text fits the room as it is. */
export function fitsIn(text: string, room: TextRoom): boolean {
  return cutText(text, room) === wellFormed(text);
}

/** Replaces control characters, but for line feeds and tabs, with spaces. */
export function withoutControls(text: string): string {
  // Not \p{Cc}: guest engines come without Unicode property tables.
  return text.replace(/[^\t\n -~\u00a0-\uffff]/g, " ");
}

function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udfff]/gu, "\ufffd");
}

function utf8Bytes(character: string): number {
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x1_0000 ? 3 : 4;
}

function escapedBytes(character: string): number {
  if (character === '"' || character === "\\") return 2;
  if (character >= " ") return utf8Bytes(character);
  return "\b\t\n\f\r".includes(character) ? 2 : 6;
}
