import { type AnyNode, type Identifier, type MemberExpression, type Pattern, parse } from "acorn";
import { quoteName } from "../../diagnostic.ts";

/** Glue that has the expected shape, as a script: an expression whose value is a function of `globals`. */
export interface CheckedGlue {
  readonly script: string;
  readonly globals: readonly string[];
}

/** Names from outside that the bindings generator's code uses. Anything else is not its work. */
const allowedGlobals: ReadonlySet<string> = new Set([
  "Array",
  "ArrayBuffer",
  "BigInt",
  "BigInt64Array",
  "BigUint64Array",
  "Boolean",
  "DataView",
  "Error",
  "FinalizationRegistry",
  "Float32Array",
  "Float64Array",
  "Infinity",
  "Int16Array",
  "Int32Array",
  "Int8Array",
  "JSON",
  "Map",
  "Math",
  "NaN",
  "Number",
  "Object",
  "Promise",
  "RangeError",
  "Reflect",
  "Set",
  "String",
  "Symbol",
  "TextDecoder",
  "TextEncoder",
  "TypeError",
  "Uint16Array",
  "Uint32Array",
  "Uint8Array",
  "WeakMap",
  "WeakRef",
  "WebAssembly",
  "clearInterval",
  "clearTimeout",
  "console",
  "globalThis",
  "queueMicrotask",
  "setInterval",
  "setTimeout",
]);

/**
 * Names that need no value from outside: the language's own, and `vals`, which the generator's
 * UTF-16 lifting uses without declaring it; code that gets there ends in a ReferenceError.
 */
const languageNames: ReadonlySet<string> = new Set(["undefined", "arguments", "vals"]);

/** What the generator reads of the global object. */
const globalProperties: ReadonlySet<string | undefined> = new Set(["WebAssembly", "process"]);

/** Properties that lead from a value to the means of making code or changing other objects' kind. */
const refusedProperties: ReadonlySet<string> = new Set([
  "__proto__",
  "__defineGetter__",
  "__defineSetter__",
  "__lookupGetter__",
  "__lookupSetter__",
  "caller",
  "callee",
  "constructor",
  "eval",
  "Function",
  "setPrototypeOf",
]);

/** Syntax that the generator never writes. */
const refusedSyntax: ReadonlySet<string> = new Set([
  "DebuggerStatement",
  "ExportAllDeclaration",
  "ExportDefaultDeclaration",
  "ImportDeclaration",
  "ImportExpression",
  "MetaProperty",
  "TaggedTemplateExpression",
  "WithStatement",
]);

/**
 * Checks generated glue against the shape that the bindings generator gives it, and cuts it into a
 * script that can be loaded without being a module.
 *
 * Names inside an artifact were checked on its bytes before; this is the second fence. It looks at
 * the parsed code: which names come from outside, which properties are reached, which statements
 * stand at the top. Whatever is unexpected refuses the whole.
 *
 * @param glue The generated module.
 * @returns The script, or the reason why it is refused.
 */
export function checkGlue(glue: string): CheckedGlue | { readonly refused: string } {
  let program: ReturnType<typeof parse>;
  try {
    program = parse(glue, { ecmaVersion: 2023, sourceType: "module" });
  } catch {
    return { refused: "it is not valid JavaScript" };
  }
  const names = collectNames(program);
  if (names.refused !== undefined) return { refused: names.refused };
  const outside = [...names.used].filter((name) => !names.declared.has(name)).sort();
  const globals = outside.filter((name) => !languageNames.has(name));
  const foreign = globals.find((name) => !allowedGlobals.has(name));
  if (foreign !== undefined) return { refused: `it uses the name ${quoteName(foreign)}` };
  const body = scriptBody(glue, program.body);
  if (body === undefined) return { refused: "its top level has an unexpected statement" };
  return {
    script: `(function (${globals.join(", ")}) {\n"use strict";\n${body}\nreturn instantiate;\n})`,
    globals,
  };
}

/** The exported `instantiate` without its export; the module has nothing else that is needed. */
function scriptBody(glue: string, statements: readonly AnyNode[]): string | undefined {
  let body: string | undefined;
  for (const statement of statements) {
    if (statement.type === "EmptyStatement") continue;
    if (statement.type === "ExpressionStatement" && statement.directive === "use components") {
      continue;
    }
    const declaration =
      statement.type === "ExportNamedDeclaration" ? statement.declaration : undefined;
    if (declaration?.type === "FunctionDeclaration" && declaration.id.name === "instantiate") {
      if (body !== undefined) return undefined;
      body = glue.slice(declaration.start, declaration.end);
    } else if (
      declaration?.type !== "VariableDeclaration" ||
      !declaration.declarations.every(({ id }) => id.type === "Identifier" && id.name === "_util")
    ) {
      return undefined;
    }
  }
  return body;
}

interface Names {
  readonly declared: Set<string>;
  readonly used: Set<string>;
  refused: string | undefined;
}

/** Walks the whole tree without recursion, whatever its depth. */
function collectNames(program: AnyNode): Names {
  const names: Names = { declared: new Set(), used: new Set(), refused: undefined };
  const pending: AnyNode[] = [program];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    readNode(node, names);
    for (const child of children(node)) pending.push(child);
  }
  for (const name of names.declared) {
    // A name that hides a global would make every other use of it look harmless.
    if (allowedGlobals.has(name) || name === "eval") names.refused ??= "it redefines a global name";
  }
  return names;
}

function readNode(node: AnyNode, names: Names): void {
  if (refusedSyntax.has(node.type))
    names.refused ??= "it uses syntax that the generator never uses";
  switch (node.type) {
    case "Identifier":
      names.used.add(node.name);
      break;
    case "VariableDeclarator":
      declare(node.id, names);
      break;
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      if (node.id) names.declared.add(node.id.name);
      for (const parameter of node.params) declare(parameter, names);
      break;
    case "ClassDeclaration":
    case "ClassExpression":
      if (node.id) names.declared.add(node.id.name);
      break;
    case "CatchClause":
      if (node.param) declare(node.param, names);
      break;
    case "MemberExpression":
      checkProperty(node.property, node.computed, names);
      checkGlobalProperty(node, names);
      break;
    case "Property":
      // Defining a property reaches nothing, unless it is the one that sets a prototype.
      if (propertyName(node.key, node.computed) === "__proto__")
        names.refused ??= "it sets a prototype";
      break;
    default:
  }
}

function checkProperty(key: AnyNode, isComputed: boolean, names: Names): void {
  const name = propertyName(key, isComputed);
  if (name !== undefined && refusedProperties.has(name)) {
    names.refused ??= "it reaches a property that the generator never uses";
  }
}

function checkGlobalProperty(node: MemberExpression, names: Names): void {
  const isGlobal = node.object.type === "Identifier" && node.object.name === "globalThis";
  if (isGlobal && !globalProperties.has(propertyName(node.property, node.computed))) {
    names.refused ??= "it reaches a global that the generator never uses";
  }
}

function propertyName(key: AnyNode, isComputed: boolean): string | undefined {
  if (key.type === "Literal") return String(key.value);
  return !isComputed && key.type === "Identifier" ? key.name : undefined;
}

function declare(pattern: Pattern, names: Names): void {
  const pending: (Pattern | null)[] = [pattern];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    switch (next?.type) {
      case "Identifier":
        names.declared.add((next as Identifier).name);
        break;
      case "ObjectPattern":
        for (const property of next.properties) {
          pending.push(property.type === "RestElement" ? property.argument : property.value);
        }
        break;
      case "ArrayPattern":
        pending.push(...next.elements);
        break;
      case "AssignmentPattern":
        pending.push(next.left);
        break;
      case "RestElement":
        pending.push(next.argument);
        break;
      default:
    }
  }
}

/** A node's child nodes, leaving out names that are property keys or labels rather than references. */
function* children(node: AnyNode): Iterable<AnyNode> {
  for (const [key, value] of Object.entries(node)) {
    if (isLabelPosition(node, key)) continue;
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) yield item;
    } else if (isNode(value)) {
      yield value;
    }
  }
}

function isLabelPosition(node: AnyNode, key: string): boolean {
  switch (node.type) {
    case "MemberExpression":
      return key === "property" && !node.computed;
    case "Property":
    case "PropertyDefinition":
    case "MethodDefinition":
      return key === "key" && !node.computed;
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return key === "label";
    default:
      return false;
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}
