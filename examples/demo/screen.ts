/** Text for a terminal of 80 columns: colour only where somebody sees it. */
const hasColour = process.stdout.isTTY && process.env.NO_COLOR === undefined;

const style = (start: number, end: number) => (text: string) =>
  hasColour ? `\u001b[${start}m${text}\u001b[${end}m` : text;

export const bold = style(1, 22);
export const dim = style(2, 22);
export const green = style(32, 39);
export const red = style(31, 39);
export const cyan = style(36, 39);

/** Writes one line, or an empty one. */
export function say(line = ""): void {
  process.stdout.write(`${line}\n`);
}

/** Writes the heading of a part. */
export function heading(number: number, text: string): void {
  say();
  say(bold(`${number}. ${text}`));
  say();
}

/**
 * Makes text of a plugin fit to be shown: no control or formatting characters, no long lines.
 *
 * @param text Anything a plugin wrote.
 * @param columns The most characters of a line.
 */
export function shown(text: string, columns = 76): readonly string[] {
  return text
    .split("\n")
    .slice(0, 24)
    .map((line) => line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, " ").slice(0, columns));
}

/** Makes a plugin's text fit to be shown as a paragraph. */
export function wrapped(text: string, columns: number): readonly string[] {
  const [line = ""] = shown(text.replaceAll("\n", " "), 1000);
  return line.match(new RegExp(`.{1,${columns}}(?:\\s+|$)`, "gu")) ?? [];
}

/** Writes milliseconds the way a person reads them, in eight columns. */
export function duration(milliseconds: number): string {
  const text =
    milliseconds >= 1000
      ? `${(milliseconds / 1000).toFixed(1)} s`
      : `${milliseconds < 10 ? milliseconds.toFixed(1) : milliseconds.toFixed(0)} ms`;
  return text.padStart(8);
}

/** Writes a size the way a person reads it. */
export function size(bytes: number): string {
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} KB`;
}
