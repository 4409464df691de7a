import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { expect, test } from "vitest";
import { requirements } from "./requirements.ts";
import { nodesOf, repository } from "./structure/source-tree.ts";

const idPattern = /\[([a-z]+\/[a-z][a-z0-9-]*)\]/gu;
const cited = citations();

test("every promise is shown by a test", () => {
  const unshown = Object.keys(requirements).filter((id) => !cited.has(id));
  expect(unshown).toEqual([]);
});

test("every promise that a test names exists", () => {
  const unknown = [...cited].filter(([id]) => !Object.hasOwn(requirements, id));
  expect(unknown).toEqual([]);
});

test("a promise is a sentence and says where it comes from", () => {
  for (const [id, { source, behaviour }] of Object.entries(requirements)) {
    expect(source, id).not.toBe("");
    expect(behaviour, id).toMatch(/^[A-Z0-9`].*\.$/u);
  }
});

/** Ids in titles of tests, and anywhere in the scripts of `.ci/`, with the file that names them. */
function citations(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const cite = (text: string, path: string) => {
    for (const [, id = ""] of text.matchAll(idPattern)) found.set(id, path);
  };
  for (const path of files("test").filter((name) => name.endsWith(".test.ts"))) {
    for (const title of titles(path)) cite(title, path);
  }
  for (const path of [...files(".ci"), ...files("examples/demo")]) cite(read(path), path);
  return found;
}

/** The first argument of every `test`, `it` and `describe`, also of their `.each` and `.for`. */
function titles(path: string): readonly string[] {
  const syntax = ts.createSourceFile(path, read(path), ts.ScriptTarget.ES2022, true);
  return [...nodesOf(syntax)].flatMap((node) => {
    if (!ts.isCallExpression(node)) return [];
    if (!/^(test|it|describe)\b/u.test(node.expression.getText(syntax))) return [];
    const title = node.arguments[0];
    return title !== undefined && (ts.isStringLiteralLike(title) || ts.isTemplateExpression(title))
      ? [title.getText(syntax)]
      : [];
  });
}

function files(folder: string): readonly string[] {
  return readdirSync(repository + folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(repository.length));
}

function read(path: string): string {
  return readFileSync(repository + path, "utf8");
}
