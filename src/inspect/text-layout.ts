import { inspectionLimits } from "../limits.ts";

/** How a report or a difference is rendered. */
export interface RenderOptions {
  /** Marks for a terminal; nothing is marked without it. */
  readonly style?: TextStyle;
  /** Columns of a line, 40 to 200; 80 when left out. */
  readonly width?: number;
}

/** How parts of a text are marked; a terminal's colours, or nothing. Each gets inert text. */
export interface TextStyle {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
}

const same = (text: string) => text;

/** The style that marks nothing. */
export const plainStyle: TextStyle = Object.freeze({
  bold: same,
  dim: same,
  red: same,
  green: same,
  yellow: same,
});

/** @returns The columns to render with, within their bounds. */
export function pageWidth(wanted = inspectionLimits.columns.default): number {
  const { minColumns, maxColumns } = inspectionLimits;
  return Math.min(Math.max(wanted, minColumns.default), maxColumns.default);
}

// East Asian wide and full-width characters and emoji, which terminals give two columns.
const wide =
  /[\u1100-\u115f\u231a-\u231b\u23e9-\u23f3\u25fd-\u25fe\u2614-\u2615\u2648-\u2653\u26a1\u2705\u2728\u274c\u2753-\u2757\u2795-\u2797\u2b1b-\u2b1c\u2b50\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** @returns How many columns a terminal gives inert text. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (wide.test(character)) columns += 2;
    else if (!/\p{Mark}/u.test(character)) columns += 1;
  }
  return columns;
}

/**
 * Breaks text into lines at spaces; a word that is longer than a line is broken where the line ends.
 *
 * @param text Inert text; runs of white space become one space.
 * @param width The most columns of a line, at least two.
 * @returns The lines; none for text without any word.
 */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/u).filter((each) => each !== "")) {
    for (const piece of pieces(word, width)) {
      if (line === "") line = piece;
      else if (columnsOf(line) + 1 + columnsOf(piece) <= width) line += ` ${piece}`;
      else {
        lines.push(line);
        line = piece;
      }
    }
  }
  return line === "" ? lines : [...lines, line];
}

function pieces(word: string, width: number): string[] {
  const parts: string[] = [];
  let part = "";
  let columns = 0;
  for (const character of word) {
    const more = columnsOf(character);
    if (columns + more > width) {
      parts.push(part);
      part = "";
      columns = 0;
    }
    part += character;
    columns += more;
  }
  return [...parts, part];
}

/** Where a labelled paragraph stands. */
export interface ParagraphPlace {
  /** Columns before the label. */
  readonly indent: number;
  /** Columns from the label's start to the text's. */
  readonly labelColumns: number;
  /** The most columns of a line. */
  readonly width: number;
}

/**
 * Lays out a label with a paragraph beside it; further lines start below the text.
 *
 * @param label Inert text, shorter than its columns.
 * @param text Inert text.
 * @param place The columns.
 * @param mark Marks the label.
 * @returns The lines, one at least.
 */
export function labelled(
  label: string,
  text: string,
  place: ParagraphPlace,
  mark: (text: string) => string = same,
): string[] {
  const { indent, labelColumns, width } = place;
  const rest = " ".repeat(indent + labelColumns);
  const gap = " ".repeat(Math.max(1, labelColumns - columnsOf(label)));
  const [first = "", ...others] = wrapText(text, width - indent - labelColumns);
  const start = " ".repeat(indent) + (label === "" ? "" : mark(label));
  return [(start + gap + first).trimEnd(), ...others.map((line) => rest + line)];
}
