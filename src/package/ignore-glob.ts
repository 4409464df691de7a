/**
 * The wildcards of gitignore patterns, matched without backtracking into the past: time grows with
 * the product of the two lengths at most, whatever the pattern.
 */

type Part =
  | { readonly kind: "text"; readonly character: string }
  | { readonly kind: "one" }
  | { readonly kind: "many" }
  | { readonly kind: "class"; readonly isNegated: boolean; readonly ranges: readonly Range[] };

interface Range {
  readonly first: number;
  readonly last: number;
}

/** A pattern for one segment of a path. */
export interface SegmentGlob {
  readonly parts: readonly Part[];
}

/**
 * Reads one segment of a pattern: `*`, `?`, `[a-z]`, `[!a-z]` and `\` before a character.
 *
 * @param source The segment, without slashes.
 * @returns The pattern, or `undefined` when it is not well-formed.
 */
export function parseSegment(source: string): SegmentGlob | undefined {
  const characters = [...source];
  const parts: Part[] = [];
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] as string;
    if (character === "*") {
      if (parts.at(-1)?.kind !== "many") parts.push({ kind: "many" });
    } else if (character === "?") {
      parts.push({ kind: "one" });
    } else if (character === "[") {
      const parsed = parseClass(characters, at + 1);
      if (parsed === undefined) return undefined;
      parts.push(parsed.part);
      at = parsed.end;
    } else if (character === "\\") {
      at += 1;
      const escaped = characters[at];
      if (escaped === undefined) return undefined;
      parts.push({ kind: "text", character: escaped });
    } else {
      parts.push({ kind: "text", character });
    }
  }
  return { parts };
}

function parseClass(
  characters: readonly string[],
  start: number,
): { readonly part: Part; readonly end: number } | undefined {
  let at = start;
  const isNegated = characters[at] === "!" || characters[at] === "^";
  if (isNegated) at += 1;
  const ranges: Range[] = [];
  const take = (): number | undefined => {
    if (characters[at] === "\\") at += 1;
    const character = characters[at];
    at += 1;
    return character?.codePointAt(0);
  };
  // A bracket right at the start is a member.
  for (let isFirst = true; isFirst || characters[at] !== "]"; isFirst = false) {
    // Named classes such as [:alpha:] are not supported: better no pattern than another one.
    if (characters[at] === "[" && characters[at + 1] === ":") return undefined;
    const first = take();
    if (first === undefined) return undefined;
    let last: number | undefined = first;
    if (characters[at] === "-" && characters[at + 1] !== "]") {
      at += 1;
      last = take();
      if (last === undefined) return undefined;
    }
    ranges.push({ first, last });
  }
  return { part: { kind: "class", isNegated, ranges }, end: at };
}

/**
 * Says whether a segment of a path fits a pattern.
 *
 * @param glob The pattern.
 * @param segment The segment.
 * @returns Whether all of it fits.
 */
export function matchesSegment(glob: SegmentGlob, segment: string): boolean {
  return matchesSequence(glob.parts, [...segment], (part) => part.kind === "many", fits);
}

/**
 * Matches a sequence against a pattern in which some elements stand for any number of items.
 *
 * @param pattern The pattern.
 * @param items The sequence.
 * @param isMany Says which elements stand for any number of items.
 * @param fitsOne Says whether one item fits another element.
 * @returns Whether the whole sequence fits the whole pattern.
 */
export function matchesSequence<Element, Item>(
  pattern: readonly Element[],
  items: readonly Item[],
  isMany: (element: Element) => boolean,
  fitsOne: (element: Element, item: Item) => boolean,
): boolean {
  let at = 0;
  let item = 0;
  // Only the last "many" ever needs to take more: giving to an earlier one can't help.
  let many = -1;
  let taken = 0;
  while (item < items.length) {
    const element = pattern[at];
    if (element !== undefined && isMany(element)) {
      many = at;
      taken = item;
      at += 1;
    } else if (element !== undefined && fitsOne(element, items[item] as Item)) {
      at += 1;
      item += 1;
    } else if (many !== -1) {
      taken += 1;
      item = taken;
      at = many + 1;
    } else {
      return false;
    }
  }
  return pattern.slice(at).every(isMany);
}

function fits(part: Part, character: string): boolean {
  if (part.kind === "text") return part.character === character;
  if (part.kind === "class") {
    const code = character.codePointAt(0) ?? 0;
    const isMember = part.ranges.some((range) => range.first <= code && code <= range.last);
    return isMember !== part.isNegated;
  }
  return true;
}
