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
 * Makes the redaction of some secrets: as they are, percent-encoded, as JSON writes them, in base64.
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
  const encoded = btoa(value);
  return [
    value,
    encodeURIComponent(value),
    inner,
    inner.replaceAll("/", "\\/"),
    encoded.replace(/=+$/u, ""),
    encoded.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/u, ""),
  ];
}

function escapePattern(text: string): string {
  return text.replace(/[$()*+./?[\\\]^{|}-]/gu, (mark) => (mark === "-" ? "\\x2d" : `\\${mark}`));
}
