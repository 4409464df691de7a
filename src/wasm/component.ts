import type { ByteCursor } from "../bytes.ts";
import { readCanonicals } from "./canonical.ts";
import { externAt, readAlias, readSort } from "./component-alias.ts";
import { addExtern, type ComponentEntry, type Extern, type Scope } from "./component-entities.ts";
import { readCoreInstances, readInstances } from "./component-instances.ts";
import type { ComponentReading } from "./component-reading.ts";
import { enterScope, named, readExternType, readTypes } from "./component-types.ts";
import { readCoreModule } from "./core-module.ts";
import { readCoreType } from "./core-module-type.ts";
import { readExternName } from "./extern-name.ts";
import { type ComponentDefinition, emptyDefinition } from "./instantiation.ts";
import { readValueTypeUse } from "./value-types.ts";

/** A component while its sections are read. */
interface ComponentState {
  readonly component: ComponentReading;
  readonly scope: Scope;
  readonly definition: ComponentDefinition;
  readonly imports: Map<string, Extern>;
  readonly exports: Map<string, Extern>;
}

/** What a component imports and exports, and where its definition stands. */
export interface ComponentDraft {
  readonly imports: ReadonlyMap<string, Extern>;
  readonly entry: ComponentEntry;
}

/** Sections by their number (component model, Binary.md "Component Definitions"); any order, any number. */
const sections: ReadonlyMap<number, (state: ComponentState, cursor: ByteCursor) => void> = new Map([
  [1, readModule],
  [
    2,
    ({ component, scope, definition }, cursor) =>
      readCoreInstances(component, scope, definition, cursor),
  ],
  [3, readCoreTypes],
  [4, readNested],
  [
    5,
    ({ component, scope, definition }, cursor) =>
      readInstances(component, scope, definition, cursor),
  ],
  [6, readAliases],
  [7, ({ component, scope }, cursor) => readTypes(component, scope, cursor)],
  [
    8,
    ({ component, scope, definition }, cursor) =>
      readCanonicals(component, scope, definition, cursor),
  ],
  [9, readStart],
  [10, readImports],
  [11, readExports],
  [12, readValues],
]);

const nestedSection = 4;

/**
 * Reads a component and everything nested in it.
 *
 * @param component What the artifact's components have in common.
 * @param start Where its preamble starts.
 * @param end Where it ends.
 * @param outer The scope around it; `undefined` for the outermost.
 */
export function readComponent(
  component: ComponentReading,
  start: number,
  end: number,
  outer: Scope | undefined,
): ComponentDraft {
  const { reading } = component;
  const scope = enterScope(component, outer);
  component.nesting = Math.max(component.nesting, scope.levels);
  const state: ComponentState = {
    component,
    scope,
    definition: emptyDefinition(),
    imports: new Map(),
    exports: new Map(),
  };
  const cursor = reading.cursor(start, end);
  cursor.skip(8); // the preamble, which says that this is a component, was read by the caller
  while (!cursor.isAtEnd) {
    const offset = cursor.offset;
    const id = cursor.u8();
    const content = cursor.sub(cursor.leb32());
    if (id === 0) {
      content.name();
      continue;
    }
    const read = sections.get(id) ?? reading.unsupported(`the section ${id} is unknown`, offset);
    const before = reading.componentItems;
    read(state, content);
    if (!content.isAtEnd) content.fail(`the section ${id} has bytes left over`);
    if (id !== nestedSection) state.definition.items += reading.componentItems - before;
  }
  const definition = component.definitions.push(state.definition) - 1;
  return {
    imports: state.imports,
    entry: { sort: "component", exports: state.exports, definition },
  };
}

function readModule({ component, scope }: ComponentState, cursor: ByteCursor): void {
  const { reading, modules } = component;
  reading.addComponentItems(1);
  if (preamble(cursor) !== "module") cursor.fail("a module section holds no module");
  modules.push(readCoreModule(reading, cursor.offset, cursor.end));
  scope.modules.push({ module: modules.length - 1 });
  cursor.skip(cursor.remaining);
}

function readNested({ component, scope }: ComponentState, cursor: ByteCursor): void {
  component.reading.addComponentItems(1);
  if (preamble(cursor) !== "component") cursor.fail("a component section holds no component");
  scope.components.push(readComponent(component, cursor.offset, cursor.end, scope).entry);
  cursor.skip(cursor.remaining);
}

/**
 * Says what starts at a cursor, without moving it.
 *
 * @returns `undefined` when the bytes are neither a core module nor a component of a known version.
 */
export function preamble(cursor: ByteCursor): "module" | "component" | undefined {
  if (cursor.remaining < 8) return undefined;
  const at = (index: number): number => cursor.bytes[cursor.offset + index] ?? 0;
  const isWasm = at(0) === 0x00 && at(1) === 0x61 && at(2) === 0x73 && at(3) === 0x6d;
  if (!isWasm || at(5) !== 0 || at(7) !== 0) return undefined;
  if (at(4) === 0x01 && at(6) === 0x00) return "module";
  return at(4) === 0x0d && at(6) === 0x01 ? "component" : undefined;
}

function readCoreTypes({ component }: ComponentState, cursor: ByteCursor): void {
  for (let left = component.reading.countComponentItems(cursor); left > 0; left -= 1) {
    readCoreType(component, cursor);
  }
}

function readAliases({ component, scope }: ComponentState, cursor: ByteCursor): void {
  for (let left = component.reading.countComponentItems(cursor); left > 0; left -= 1) {
    readAlias(component, scope, cursor);
  }
}

function readStart({ component, scope }: ComponentState, cursor: ByteCursor): void {
  component.features.add("component-values");
  if (scope.functions[cursor.leb32()] === undefined) cursor.fail("the start function is not there");
  for (let left = component.reading.count(cursor); left > 0; left -= 1) cursor.leb32();
  cursor.leb32();
}

function readValues({ component, scope }: ComponentState, cursor: ByteCursor): void {
  component.features.add("component-values");
  for (let left = component.reading.countComponentItems(cursor); left > 0; left -= 1) {
    readValueTypeUse(component, scope, cursor);
    cursor.skip(cursor.leb32());
  }
}

function readImports({ component, scope, imports }: ComponentState, cursor: ByteCursor): void {
  for (let left = component.reading.countComponentItems(cursor); left > 0; left -= 1) {
    const start = cursor.offset;
    const name = readExternName(component, cursor, "component import");
    const extern = named(name, readExternType(component, scope, cursor));
    if (imports.has(name)) cursor.fail("two imports have the same name", start);
    imports.set(name, extern);
    addExtern(scope, extern);
  }
}

function readExports({ component, scope, exports }: ComponentState, cursor: ByteCursor): void {
  for (let left = component.reading.countComponentItems(cursor); left > 0; left -= 1) {
    const start = cursor.offset;
    const name = readExternName(component, cursor, "component export");
    const sort = readSort(component, cursor);
    const defined = externAt(scope, sort, cursor.leb32());
    if (defined === undefined) cursor.fail("what is exported does not exist", start);
    const isAscribed = cursor.u8();
    if (isAscribed > 1) cursor.fail("an export's type is neither absent nor present", start);
    const extern =
      isAscribed === 0 ? defined : ascribed(defined, readExternType(component, scope, cursor));
    if (extern === undefined) cursor.fail("an export is of another sort than its type", start);
    if (exports.has(name)) cursor.fail("two exports have the same name", start);
    const exported = named(name, extern);
    exports.set(name, exported);
    addExtern(scope, exported);
  }
}

/** An export under the type that it was given; what it is stays known. */
function ascribed(defined: Extern, type: Extern): Extern | undefined {
  if (defined.kind !== type.kind) return undefined;
  if (defined.kind === "component" && type.kind === "component") {
    const { definition } = defined.entry;
    return { kind: "component", entry: { ...type.entry, definition } };
  }
  return defined.kind === "module" ? defined : type;
}
