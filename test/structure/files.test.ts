import { posix } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { entries, nodeRooms, rooms } from "./room-table.ts";
import { nodesOf, outsideNames, readSourceTree, roomOf, type SourceFile } from "./source-tree.ts";

const tree = readSourceTree();
const maxLines = 300;

/** Longer files, each for a reason. */
const longFiles = new Map([["limits.ts", "every number of the library stands in one file"]]);

/** Globals that only browsers and their workers have. */
const browserGlobals = [
  "Worker",
  "addEventListener",
  "caches",
  "document",
  "importScripts",
  "indexedDB",
  "localStorage",
  "location",
  "navigator",
  "postMessage",
  "self",
  "sessionStorage",
  "window",
];

/** Globals that reach the system: a room that needs one gets it through a port. */
const ambientGlobals = ["Buffer", "EventSource", "WebSocket", "XMLHttpRequest", "fetch", "process"];

/** Globals that make code from text. */
const codeMakers = ["eval", "Function"];

describe("the files of src", () => {
  test(`no file is longer than ${maxLines} lines`, () => {
    const long = tree.filter(({ path, lines }) => lines > maxLines && !longFiles.has(path));
    expect(long.map(({ path, lines }) => `${path} ${lines}`)).toEqual([]);
  });

  test("no file is named after nothing in particular", () => {
    const vague = /(^|\/|-)(utils?|helpers?|common|misc|shared|manager|index)(\.|-|\/)/u;
    const named = tree.filter(({ path }) => path !== "index.ts" && vague.test(path));
    expect(named.map(({ path }) => path)).toEqual([]);
  });

  test("nothing is exported as default", () => {
    expect(tree.filter(hasDefaultExport).map(({ path }) => path)).toEqual([]);
  });

  test("only entries and a room's doors pass on what other files export, a door its own room's", () => {
    const barrels = tree
      .filter(({ path }) => !entries.includes(path))
      .flatMap((file) => reexports(file).map((target) => ({ file, target })))
      .filter(({ file, target }) => !isDoor(file) || roomOf(target) !== file.room)
      .map(({ file, target }) => `${file.path} → ${target}`);
    expect(barrels).toEqual([]);
  });

  test("a browser's globals are used by *.browser.ts files alone", () => {
    expect(usersOf(browserGlobals, ({ path }) => path.endsWith(".browser.ts"))).toEqual([]);
  });

  test("what reaches the system is used by platform files and Node-only rooms alone", () => {
    const isPlatform = ({ path, room }: SourceFile) =>
      /\.(node|browser)\.ts$/u.test(path) ||
      path === "cli.ts" ||
      (room !== undefined && nodeRooms.has(room));
    expect(usersOf(ambientGlobals, isPlatform)).toEqual([]);
  });

  test("nothing makes code from text", () => {
    expect(usersOf(codeMakers, () => false)).toEqual([]);
  });

  test("no module keeps state that changes", () => {
    const stateful = tree.flatMap(({ path, syntax }) =>
      syntax.statements
        .filter(ts.isVariableStatement)
        .filter(({ declarationList }) => (declarationList.flags & ts.NodeFlags.Const) === 0)
        .map((statement) => `${path}: ${statement.getText(syntax).slice(0, 60)}`),
    );
    expect(stateful).toEqual([]);
  });

  test("no rule of the linter or the compiler is switched off, but one that says why", () => {
    const agreed = /\/\/ biome-ignore lint\/suspicious\/noControlCharactersInRegex: \w.*/gu;
    const marks = /biome-ignore|eslint-disable|@ts-(ignore|nocheck|expect-error)/u;
    const found = tree.filter(({ text }) => marks.test(text.replaceAll(agreed, "")));
    expect(found.map(({ path }) => path)).toEqual([]);
  });
});

/** @returns The files that a file re-exports from, below src/. */
function reexports({ path, syntax }: SourceFile): readonly string[] {
  return syntax.statements.flatMap((statement) =>
    ts.isExportDeclaration(statement) &&
    statement.moduleSpecifier !== undefined &&
    ts.isStringLiteral(statement.moduleSpecifier)
      ? [posix.join(posix.dirname(path), statement.moduleSpecifier.text)]
      : [],
  );
}

function isDoor({ path, room }: SourceFile): boolean {
  return (
    room !== undefined && rooms.get(room)?.doors.includes(path.slice(room.length + 1)) === true
  );
}

function hasDefaultExport({ syntax }: SourceFile): boolean {
  return [...nodesOf(syntax)].some(
    (node) =>
      ts.isExportAssignment(node) ||
      (ts.canHaveModifiers(node) &&
        ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) === true),
  );
}

/** @returns Each use of one of the names outside the files that may, as `path: name`. */
function usersOf(names: readonly string[], mayUse: (file: SourceFile) => boolean): string[] {
  return tree
    .filter((file) => !mayUse(file))
    .flatMap((file) => {
      const outside = outsideNames(file);
      return names.filter((name) => outside.has(name)).map((name) => `${file.path}: ${name}`);
    });
}
