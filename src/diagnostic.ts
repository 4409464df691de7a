/**
 * Text from a guest or a package, made safe to print, log or put into a message.
 *
 * Nothing here trusts its input: what comes out has no control, escape, bidi or invisible
 * formatting character and is bounded in UTF-8 bytes.
 */

/** Header and field names whose values never appear in a message (reference §5.4). */
export const secretNames = [
  "proxy-authorization",
  "authorization",
  "set-cookie",
  "cookie",
  "x-api-key",
  "x-auth-token",
  "api-key",
  "apikey",
  "token",
  "secret",
  "password",
] as const;

// Controls (C0, DEL, C1), soft hyphen, Arabic letter mark, zero-width and bidi marks, line and
// paragraph separators, invisible operators, shorthand and musical controls, byte-order mark,
// interlinear marks, lone surrogates, tag characters: everything that changes how the text around it
// reads or that a terminal obeys.
const inertPattern =
  /[\p{Cc}\p{Cs}\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]|\u034f|\u17b4|\u17b5|[\u180b-\u180d]|\u180f|[\ufe00-\ufe0f]/gu;

/**
 * Replaces every character that a terminal or a reader could be misled by with a space.
 *
 * @param text Any text.
 * @param options `keepLines` keeps line feeds and tabs, for text that is shown as a block.
 * @returns Text of printable characters, of the same length or shorter.
 */
export function inertText(text: string, options: { readonly keepLines?: boolean } = {}): string {
  return text.replace(inertPattern, (character) =>
    options.keepLines === true && (character === "\n" || character === "\t") ? character : " ",
  );
}

/**
 * Cuts text to a number of UTF-8 bytes at a character boundary, marking the cut with an ellipsis.
 *
 * @param text Any text.
 * @param maxBytes The most UTF-8 bytes of the result, the ellipsis included.
 * @returns The text, or its beginning followed by `…`.
 */
export function cutText(text: string, maxBytes: number): string {
  // A UTF-16 unit takes at most three bytes, so short text needs no counting.
  if (text.length * 3 <= maxBytes) return text;
  let bytes = 0;
  let kept = 0;
  for (const character of text) {
    bytes += utf8Length(character);
    if (bytes > maxBytes) return `${text.slice(0, kept)}…`;
    if (bytes <= maxBytes - 3) kept += character.length;
  }
  return text;
}

/**
 * Bounds text and makes it inert: what every message passes through.
 *
 * @param text Any text.
 * @param maxBytes The most UTF-8 bytes of the result.
 * @returns Inert text of at most that many bytes.
 */
export function boundedText(text: string, maxBytes: number): string {
  // Cut the source first so that an endless text is never scanned whole.
  return cutText(inertText(text.slice(0, maxBytes + 1)), maxBytes);
}

/**
 * Quotes a name that a guest or package chose, for use inside a message.
 *
 * @param name The name.
 * @returns The name in double quotes, inert, at most 80 bytes of it.
 */
export function quoteName(name: string): string {
  return `"${boundedText(name, 80).replaceAll('"', "'")}"`;
}

/**
 * Removes secrets from text that is about to be shown or logged.
 *
 * The whole rest of the line after a header-like secret name goes, because a value may hold spaces;
 * a URL loses its userinfo and its query (reference §5.4, decisions "Diagnostics").
 *
 * @param text Any text.
 * @returns The text with `<redacted>` in place of what must not be seen.
 */
export function redactText(text: string): string {
  return text
    .replace(redactPattern, "$1$2<redacted>")
    .replace(/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#@]*@/giu, "$1<redacted>@")
    .replace(/\b([a-z][a-z0-9+.-]{0,30}:\/\/[^\s?#]*)[?#]\S*/giu, "$1?<redacted>");
}

const redactPattern = new RegExp(
  `(${secretNames.join("|")})(["']?[ \\t]*[=:][ \\t]*)[^\\r\\n]+`,
  "giu",
);

/** @returns How many bytes the text takes in UTF-8, counting a lone surrogate as three. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(index + 1))) {
      bytes += 4;
      index += 1;
    } else bytes += 3;
  }
  return bytes;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

/** @returns Whether the text is Unicode: without a lone surrogate, so that UTF-8 can carry it unchanged. */
export function isWellFormedText(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** @returns The text of whatever was thrown, also when it has none; neither bounded nor inert. */
export function thrownText(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    return "a value that has no text"; // its own toString or message threw
  }
}
