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
  // No text has fewer bytes than UTF-16 units: of a huge one, nothing behind that is looked at.
  const isLonger = text.length > room.bytes;
  const whole = wellFormed(isLonger ? text.slice(0, room.bytes) : text);
  if (!isLonger && isWithin(whole, room)) return whole;
  const left = { bytes: room.bytes - ellipsisBytes, jsonBytes: room.jsonBytes - ellipsisBytes };
  let kept = 0;
  let tooLong = Math.min(whole.length, Math.max(0, left.bytes) + 1);
  while (tooLong - kept > 1) {
    const middle = (kept + tooLong) >>> 1;
    if (isWithin(beginning(whole, middle), left)) kept = middle;
    else tooLong = middle;
  }
  return `${beginning(whole, kept)}${ellipsis}`;
}

/** @returns How many UTF-8 bytes the text takes between the quotes of a JSON string. */
export function jsonTextBytes(text: string): number {
  return utf8Bytes(JSON.stringify(wellFormed(text))) - 2;
}

/**
 * Counts UTF-8 bytes.
 *
 * Guests run in interpreters, where a loop over 64 KiB of characters takes as long as a network: what
 * is done here is left to a few passes of the engine's own.
 *
 * @param text Without lone surrogates, as JSON is.
 */
export function utf8Bytes(text: string): number {
  const twoOrMore = text.replace(/[^\u0080-\uffff]+/g, "");
  if (twoOrMore === "") return text.length;
  const threeOrMore = twoOrMore.replace(/[\u0080-\u07ff]+/g, "");
  const pairs = threeOrMore.replace(/[^\ud800-\udfff]+/g, "");
  return text.length + twoOrMore.length + threeOrMore.length - pairs.length;
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

function isWithin(text: string, { bytes, jsonBytes }: TextRoom): boolean {
  // A UTF-16 unit takes at most three bytes, and six when JSON escapes it: short text needs no counting.
  if (text.length * 3 <= bytes && text.length * 6 <= jsonBytes) return true;
  return utf8Bytes(text) <= bytes && jsonTextBytes(text) <= jsonBytes;
}

/** The first UTF-16 units of a text, without the first half of a character at their end. */
function beginning(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? length - 1 : length);
}
