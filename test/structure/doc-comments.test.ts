import ts from "typescript";
import { expect, test } from "vitest";
import { readSourceTree, type SourceFile } from "./source-tree.ts";

const tree = readSourceTree();

/** Files whose exports are named by somebody else, under one comment for all of them. */
const namedElsewhere: readonly string[] = ["runtime/component/generator-wasi.ts"];

test("every exported name has a doc comment", () => {
  const bare = tree
    .filter(({ path }) => !namedElsewhere.includes(path))
    .flatMap((file) => undocumented(file).map((name) => `${file.path}: ${name}`));
  expect(bare).toEqual([]);
});

test("the comments are really read", () => {
  expect(tree.flatMap(exportedDeclarations).flatMap(comments).length).toBeGreaterThan(200);
});

function undocumented(file: SourceFile): readonly string[] {
  return exportedDeclarations(file)
    .filter((statement) => comments(statement).length === 0)
    .map((statement) => firstLine(statement.getText(file.syntax)));
}

/** An overload's or a merged declaration's comment stands on its first one. */
function exportedDeclarations({ syntax }: SourceFile): readonly ts.Statement[] {
  const seen = new Set<string>();
  return syntax.statements.filter((statement) => {
    if (!ts.canHaveModifiers(statement)) return false;
    const isExported = ts
      .getModifiers(statement)
      ?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (isExported !== true) return false;
    const name = ts.isFunctionDeclaration(statement) ? statement.name?.text : undefined;
    if (name === undefined) return true;
    const isFirst = !seen.has(name);
    seen.add(name);
    return isFirst;
  });
}

function comments(statement: ts.Statement): readonly string[] {
  return ts
    .getJSDocCommentsAndTags(statement)
    .filter(ts.isJSDoc)
    .map((comment) =>
      comment
        .getText()
        .replace(/^\/\*\*\s*/u, "")
        .replaceAll(/\s*\*\/$|^\s*\* ?/gmu, ""),
    );
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]?.slice(0, 80) ?? "";
}
