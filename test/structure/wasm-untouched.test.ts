import ts from "typescript";
import { describe, expect, test } from "vitest";
import { nodesOf, readSourceTree, type SourceFile } from "./source-tree.ts";

const tree = readSourceTree();

/** Rooms that read packages and artifacts and decide about them: they run and compile nothing. */
const readingRooms = ["archive", "manifest", "package", "wasm", "grants", "inspect", "store"];

/** What of the engine's WebAssembly compiles or runs a guest's bytes, or has it look at them. */
const engineWork = [
  "Instance",
  "Module",
  "compile",
  "compileStreaming",
  "instantiate",
  "instantiateStreaming",
  "validate",
];

describe("[load/no-compile] [inspect/no-compile] reading a package", () => {
  test("no room that only reads has the engine compile, run or validate anything", () => {
    const users = tree.filter((file) => isReading(file) && usesOf(file).some(isEngineWork));
    expect(users.map(({ path }) => path)).toEqual([]);
  });

  test("no room that only reads passes the engine on whole", () => {
    const users = tree.filter((file) => isReading(file) && usesOf(file).includes(""));
    expect(users.map(({ path }) => path)).toEqual([]);
  });

  test("no room that only reads imports code by a name made at run time", () => {
    const importers = tree.filter(
      (file) =>
        isReading(file) &&
        [...nodesOf(file.syntax)].some(
          (node) =>
            ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword,
        ),
    );
    expect(importers.map(({ path }) => path)).toEqual([]);
  });

  test("the runtime, which does compile, is seen to", () => {
    const users = tree.filter((file) => usesOf(file).some(isEngineWork));
    expect(users.map(({ room }) => room)).toContain("runtime");
  });
});

function isReading({ room }: SourceFile): boolean {
  return room !== undefined && readingRooms.includes(room);
}

function isEngineWork(property: string): boolean {
  return engineWork.includes(property);
}

/** The properties of `WebAssembly` that a file uses as values; an empty name for the object itself. */
function usesOf({ syntax }: SourceFile): readonly string[] {
  return [...nodesOf(syntax)].flatMap((node) => {
    if (!ts.isIdentifier(node) || node.text !== "WebAssembly") return [];
    const { parent } = node;
    if (ts.isQualifiedName(parent) || ts.isPartOfTypeNode(node)) return [];
    return ts.isPropertyAccessExpression(parent) && parent.expression === node
      ? [parent.name.text]
      : [""];
  });
}
