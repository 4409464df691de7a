import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** The repository's root. */
export const repository = fileURLToPath(new URL("../../", import.meta.url));

/** An import or re-export of one source file. */
export interface SourceImport {
  /** As it stands in the source. */
  readonly specifier: string;
  /** The file below src/ that it means, or undefined for packages and `#ports`. */
  readonly target: string | undefined;
}

/** One file below src/, parsed. */
export interface SourceFile {
  /** Below src/, with slashes: `wasm/artifact.ts`. */
  readonly path: string;
  /** The room that it is in, or undefined for the foundation and the entries. */
  readonly room: string | undefined;
  readonly text: string;
  readonly lines: number;
  readonly imports: readonly SourceImport[];
  readonly syntax: ts.SourceFile;
}

/** Reads all of src/. */
export function readSourceTree(): readonly SourceFile[] {
  return readdirSync(`${repository}src`, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts"))
    .sort()
    .map(readSourceFile);
}

function readSourceFile(path: string): SourceFile {
  const text = readFileSync(`${repository}src/${path}`, "utf8");
  const imports = ts.preProcessFile(text).importedFiles.map(({ fileName: specifier }) => ({
    specifier,
    target: specifier.startsWith(".")
      ? posix.normalize(posix.join(posix.dirname(path), specifier))
      : undefined,
  }));
  return {
    path,
    room: roomOf(path),
    text,
    lines: text.split("\n").length - 1,
    imports,
    syntax: ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true),
  };
}

/** @returns The first folder of a path below src/, or undefined for a file directly in it. */
export function roomOf(path: string): string | undefined {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : undefined;
}

/** @returns Every node of a file, in no particular order. */
export function* nodesOf(root: ts.Node): Iterable<ts.Node> {
  const pending: ts.Node[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    yield node;
    ts.forEachChild(node, (child) => {
      pending.push(child);
    });
  }
}

/**
 * @returns The names that a file uses as values without declaring or importing them anywhere in it.
 */
export function outsideNames(file: SourceFile): ReadonlySet<string> {
  const used = new Set<string>();
  const declared = new Set<string>();
  for (const node of nodesOf(file.syntax)) {
    if (!ts.isIdentifier(node)) continue;
    if (isDeclaredName(node)) declared.add(node.text);
    else if (isValueUse(node)) used.add(node.text);
  }
  return new Set([...used].filter((name) => !declared.has(name)));
}

function isDeclaredName(node: ts.Identifier): boolean {
  const { parent } = node;
  return (
    (ts.isVariableDeclaration(parent) ||
      ts.isParameter(parent) ||
      ts.isBindingElement(parent) ||
      ts.isFunctionLike(parent) ||
      ts.isClassLike(parent) ||
      ts.isImportSpecifier(parent) ||
      ts.isImportClause(parent) ||
      ts.isNamespaceImport(parent)) &&
    parent.name === node
  );
}

function isValueUse(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isBindingElement(parent)) return parent.initializer === node;
  if (ts.isPropertyDeclaration(parent) || ts.isPropertySignature(parent)) return false;
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false;
  if (ts.isMethodDeclaration(parent) || ts.isMethodSignature(parent)) return false;
  if (ts.isGetAccessor(parent) || ts.isJSDocNameReference(parent)) return false;
  // Types may name anything: they are gone at run time.
  return !ts.isPartOfTypeNode(node) && !ts.isTypeNode(parent);
}
