import ts from "typescript";
import { describe, expect, test } from "vitest";
import { nodesOf, outsideNames, readSourceTree } from "./source-tree.ts";

const tree = readSourceTree();

/** Rooms that read packages and artifacts and decide about them: they run and compile nothing. */
const readingRooms = ["archive", "manifest", "package", "wasm", "grants", "inspect", "store"];

describe("[load/no-compile] [inspect/no-compile] reading a package", () => {
  test("no room that only reads names WebAssembly", () => {
    const users = tree.filter(
      (file) =>
        file.room !== undefined &&
        readingRooms.includes(file.room) &&
        outsideNames(file).has("WebAssembly"),
    );
    expect(users.map(({ path }) => path)).toEqual([]);
  });

  test("no room that only reads imports code by a name made at run time", () => {
    const importers = tree.filter(
      (file) =>
        file.room !== undefined &&
        readingRooms.includes(file.room) &&
        [...nodesOf(file.syntax)].some(
          (node) =>
            ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword,
        ),
    );
    expect(importers.map(({ path }) => path)).toEqual([]);
  });

  test("the runtime, which does compile, is seen to name it", () => {
    const users = tree.filter(
      (file) => file.room !== undefined && outsideNames(file).has("WebAssembly"),
    );
    expect(new Set(users.map(({ room }) => room))).toEqual(new Set(["runtime"]));
  });
});
