/** Takes the values of bound secrets out of text that flows back to a guest. */
export interface Redaction {
  /** The most UTF-8 bytes of anything it looks for. */
  readonly longestBytes: number;
  /**
   * Replaces every spelling of every secret by `<redacted>`.
   *
   * @param text The text, read `longestBytes` further than what is shown of it.
   * @param shown How many UTF-16 units of the text are shown; all when absent.
   */
  redact(text: string, shown?: number): string;
}

/** The redaction of a call that sends no secret. */
export const noRedaction: Redaction = Object.freeze({
  longestBytes: 0,
  redact: (text: string, shown?: number) => text.slice(0, shown),
});

/**
 * Makes the redaction of some secrets: as they are, percent-encoded or form-encoded, as JSON and HTML
 * write them, in base64 and base64url wherever in the encoded text they stand, and in hexadecimal.
 *
 * What it can't find is a secret that a server transforms otherwise: reversed, hashed, in parts.
 *
 * @param values The secrets, visible ASCII, none of them empty.
 * @returns The redaction; it ignores case, because servers change the case of what they echo.
 */
export function createRedaction(values: readonly string[]): Redaction {
  if (values.length === 0) return noRedaction;
  const spellings = [...new Set(values.flatMap(spellingsOf))];
  // The longest first, so that no shorter spelling inside it leaves a rest of it behind.
  spellings.sort((left, right) => right.length - left.length);
  const pattern = new RegExp(spellings.map(escapePattern).join("|"), "giu");
  return Object.freeze({
    longestBytes: spellings[0]?.length ?? 0,
    redact(text: string, shown = text.length) {
      let redacted = "";
      let at = 0;
      for (const { index, 0: found } of text.matchAll(pattern)) {
        if (index >= shown) break;
        redacted += `${text.slice(at, index)}<redacted>`;
        at = index + found.length;
      }
      return redacted + text.slice(at, Math.max(at, shown));
    },
  });
}

function spellingsOf(value: string): readonly string[] {
  const inner = JSON.stringify(value).slice(1, -1);
  const percent = encodeURIComponent(value);
  return [
    value,
    percent,
    percent.replace(/[!'()*~]/gu, (mark) => `%${mark.charCodeAt(0).toString(16)}`),
    percent.replaceAll("%20", "+"),
    encodeURIComponent(percent),
    inner,
    inner.replaceAll("/", "\\/"),
    ...["&#39;", "&#x27;", "&apos;"].flatMap((single) =>
      ["&quot;", "&#34;"].map((double) => htmlText(value, single, double)),
    ),
    Array.from(value, (mark) => mark.charCodeAt(0).toString(16).padStart(2, "0")).join(""),
    ...base64Spellings(value).flatMap((encoded) => [
      encoded,
      encoded.replaceAll("+", "-").replaceAll("/", "_"),
    ]),
  ];
}

function htmlText(value: string, singleQuote: string, doubleQuote: string): string {
  return value
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', doubleQuote)
    .replaceAll("'", singleQuote);
}

/**
 * What a secret's base64 looks like alone, and after one or two bytes more: inside of a longer text
 * it is one of these, without the characters that its neighbours have a part in.
 */
function base64Spellings(value: string): readonly string[] {
  const alone = btoa(value).replace(/=+$/u, "");
  const inside = [0, 1, 2].map((before) => {
    const whole = Math.floor(((before + value.length) * 8) / 6);
    return btoa("\0".repeat(before) + value).slice(Math.ceil((before * 8) / 6), whole);
  });
  // A few characters of base64 are a word of ordinary text as well.
  return [alone, ...inside.filter(({ length }) => length >= leastInside)];
}

const leastInside = 8;

function escapePattern(text: string): string {
  return text.replace(/[$()*+./?[\\\]^{|}-]/gu, (mark) => (mark === "-" ? "\\x2d" : `\\${mark}`));
}
