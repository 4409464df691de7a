import { inertText } from "../diagnostic.ts";
import type { CliIo, CliStream } from "./cli-io.ts";

/** Marks text for a terminal; marks nothing where there is none. Whatever goes in comes out inert. */
export interface Style {
  readonly plain: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
}

/**
 * Chooses how text on a stream looks: coloured on a terminal, unless `NO_COLOR` is set.
 *
 * @param io The environment to look at.
 * @param stream The stream.
 * @returns The style.
 */
export function styleOf(io: Pick<CliIo, "environment">, stream: CliStream): Style {
  const { NO_COLOR = "", TERM } = io.environment;
  const isColoured = stream.isTerminal && NO_COLOR === "" && TERM !== "dumb";
  const plain = (text: string) => inertText(text, { keepLines: true });
  const mark = (on: number, off: number) => (text: string) =>
    isColoured ? `\u001b[${on}m${plain(text)}\u001b[${off}m` : plain(text);
  return {
    plain,
    bold: mark(1, 22),
    dim: mark(2, 22),
    red: mark(31, 39),
    green: mark(32, 39),
    yellow: mark(33, 39),
  };
}

/**
 * Breaks text into lines at spaces; a word that is longer than a line is broken where the line ends.
 *
 * @param text Inert text; its own line breaks stay.
 * @param width The most columns of a line.
 * @param indent Columns of spaces before every line but the first.
 * @returns The lines.
 */
export function wrapText(text: string, width = 80, indent = 0): string[] {
  return text.split("\n").flatMap((paragraph, index) => {
    const lines: string[] = [];
    let line = index === 0 ? "" : " ".repeat(indent);
    let isEmpty = true;
    for (const word of paragraph.split(" ").flatMap((long) => pieces(long, width - indent))) {
      const next = isEmpty ? line + word : `${line} ${word}`;
      if (isEmpty || columnsOf(next) <= width) {
        line = next;
      } else {
        if (line.trim() !== "") lines.push(line);
        line = " ".repeat(indent) + word;
      }
      isEmpty = false;
    }
    return [...lines, line];
  });
}

/** @returns How many columns a terminal gives the text: two for East Asian wide characters and emoji. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (!/\p{Mark}/u.test(character)) columns += wide.test(character) ? 2 : 1;
  }
  return columns;
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

function pieces(word: string, width: number): string[] {
  if (columnsOf(word) <= width) return [word];
  const parts: string[] = [];
  let part = "";
  for (const character of word) {
    if (columnsOf(part + character) > width) {
      parts.push(part);
      part = "";
    }
    part += character;
  }
  return [...parts, part];
}
