import { refuseArchive } from "../archive/archive.ts";
import { directoryLimits } from "../limits.ts";
import { matchesSegment, matchesSequence, parseSegment, type SegmentGlob } from "./ignore-glob.ts";

/** The file at a directory's root that says what else is left out when it is packed. */
export const ignoreFileName = ".yoiignore";

/** What packing leaves out wherever it lies (decisions "pack"); `.yoiignore` can take it back with `!`. */
export const defaultIgnorePatterns = Object.freeze([
  ".git",
  "node_modules",
  "target",
  "dist",
  "*.yoi-plugin",
]);

/** Any number of folders in a pattern. */
const anyFolders = Symbol("**");

interface IgnorePattern {
  readonly isNegated: boolean;
  readonly isForFolders: boolean;
  readonly segments: readonly (SegmentGlob | typeof anyFolders)[];
}

/**
 * Says whether a directory's file or folder is left out. What lies in a folder that is left out is
 * left out with it, so it is never asked about.
 */
export type IgnoreRules = (path: string, isFolder: boolean) => boolean;

/**
 * Makes the rules for what a package directory leaves out: the defaults, then `.yoiignore`.
 *
 * The file has gitignore's syntax, matched with case; named character classes are refused.
 *
 * @param source The text of `.yoiignore`; empty when there is none.
 * @returns The rules; the last pattern that matches decides.
 * @throws PluginError `archive/malformed` or `archive/bounds` that names the line.
 */
export function ignoreRules(source: string): IgnoreRules {
  const patterns = defaultIgnorePatterns.flatMap((line) => parseLine(line) ?? []);
  const maxPatterns = patterns.length + directoryLimits.ignorePatterns.default;
  for (const [index, line] of source.split(/\r?\n/u).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const pattern = parseLine(line);
    if (pattern === undefined) {
      refuseArchive(
        "malformed",
        `Line ${index + 1} of ${ignoreFileName} is not a pattern that is supported here.`,
      );
    }
    patterns.push(pattern);
    if (patterns.length > maxPatterns) {
      refuseArchive(
        "bounds",
        `${ignoreFileName} has more than ${directoryLimits.ignorePatterns.default} patterns.`,
      );
    }
  }
  return (path, isFolder) => {
    const segments = path.split("/");
    const last = patterns.findLast(
      (pattern) => (isFolder || !pattern.isForFolders) && matchesPath(pattern, segments),
    );
    return last !== undefined && !last.isNegated;
  };
}

function parseLine(line: string): IgnorePattern | undefined {
  let source = withoutTrailingSpaces(line);
  const isNegated = source.startsWith("!");
  if (isNegated) source = source.slice(1);
  const isForFolders = source.endsWith("/");
  if (isForFolders) source = source.slice(0, -1);
  const isAnchored = source.includes("/");
  if (source.startsWith("/")) source = source.slice(1);
  if (source === "") return undefined;

  const segments: (SegmentGlob | typeof anyFolders)[] = isAnchored ? [] : [anyFolders];
  for (const part of source.split("/")) {
    const segment = part === "**" && isAnchored ? anyFolders : parseSegment(part);
    if (segment === undefined || part === "") return undefined;
    segments.push(segment);
  }
  // "a/**" is what lies in a, not a itself.
  if (segments.at(-1) === anyFolders) segments.push({ parts: [{ kind: "many" }] });
  return { isNegated, isForFolders, segments };
}

/** Spaces at the end do not count, unless a backslash stands before them. */
function withoutTrailingSpaces(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === " " && line[end - 2] !== "\\") end -= 1;
  return line.slice(0, end);
}

function matchesPath(pattern: IgnorePattern, segments: readonly string[]): boolean {
  return matchesSequence(
    pattern.segments,
    segments,
    (element) => element === anyFolders,
    (element, segment) => element !== anyFolders && matchesSegment(element, segment),
  );
}
