import type { ByteCursor } from "../bytes.ts";
import { deepestNesting } from "../limits.ts";
import { readAlias } from "./component-alias.ts";
import {
  addExtern,
  type ComponentEntry,
  type Extern,
  type FunctionType,
  type InstanceEntry,
  openScope,
  type Scope,
  type TypeEntry,
} from "./component-entities.ts";
import type { ComponentReading } from "./component-reading.ts";
import { readCoreType } from "./core-module-type.ts";
import { readValueType as readCoreValueType } from "./core-types.ts";
import { readExternName } from "./extern-name.ts";
import { witName } from "./type-text.ts";
import { readLabelled, readValueType, readValueTypeUse, TypeBuilder } from "./value-types.ts";

/** Reads a type section: value, function, instance, component and resource types. */
export function readTypes(component: ComponentReading, scope: Scope, cursor: ByteCursor): void {
  for (let left = component.reading.countComponentItems(cursor); left > 0; left -= 1) {
    scope.types.push(readType(component, scope, cursor));
  }
}

function readType(component: ComponentReading, scope: Scope, cursor: ByteCursor): TypeEntry {
  const byte = cursor.u8();
  switch (byte) {
    case 0x3f:
      return readResource(component, cursor);
    case 0x40:
    case 0x43:
      return readFunction(component, scope, cursor, byte === 0x43);
    case 0x41:
      return readComponentType(component, scope, cursor);
    case 0x42:
      return readInstanceType(component, scope, cursor);
    default:
      return readValueType(component, scope, cursor, byte);
  }
}

function readResource({ reading, features }: ComponentReading, cursor: ByteCursor): TypeEntry {
  if (readCoreValueType(reading, cursor, features) === "i64") features.add("memory64");
  const hasDestructor = cursor.u8();
  if (hasDestructor > 1) cursor.fail("a destructor is neither absent nor present");
  if (hasDestructor === 1) cursor.leb32();
  return { sort: "resource", text: "resource" };
}

function readFunction(
  component: ComponentReading,
  scope: Scope,
  cursor: ByteCursor,
  isAsync: boolean,
): FunctionType {
  if (isAsync) component.features.add("component-async");
  const builder = new TypeBuilder(component).add(`${isAsync ? "async " : ""}func(`);
  readLabelled(component, scope, cursor, "parameter", (label, type, isFirst) => {
    const comma = isFirst ? "" : ", ";
    builder.add(`${comma}${witName(label)}: `, comma).addType(type);
  });
  builder.add(")");
  if (hasResult(cursor)) {
    builder.add(" -> ").addType(readValueTypeUse(component, scope, cursor));
  }
  return builder.build("function");
}

/** Reads the head of a result list: whether a result's type follows. */
export function hasResult(cursor: ByteCursor): boolean {
  const byte = cursor.u8();
  if (byte === 0) return true;
  if (byte !== 1 || cursor.u8() !== 0) cursor.fail("a result list is unknown", cursor.offset - 1);
  return false;
}

function readInstanceType(
  component: ComponentReading,
  outer: Scope,
  cursor: ByteCursor,
): InstanceEntry {
  return { sort: "instance", exports: readDeclarations(component, outer, cursor, false) };
}

function readComponentType(
  component: ComponentReading,
  outer: Scope,
  cursor: ByteCursor,
): ComponentEntry {
  const exports = readDeclarations(component, outer, cursor, true);
  return { sort: "component", exports, definition: undefined };
}

function readDeclarations(
  component: ComponentReading,
  outer: Scope,
  cursor: ByteCursor,
  mayImport: boolean,
): ReadonlyMap<string, Extern> {
  const scope = enterScope(component, outer);
  const exports = new Map<string, Extern>();
  for (let left = component.reading.countComponentItems(cursor); left > 0; left -= 1) {
    const start = cursor.offset;
    const byte = cursor.u8();
    if (byte === 0x00) readCoreType(component, cursor);
    else if (byte === 0x01) scope.types.push(readType(component, scope, cursor));
    else if (byte === 0x02) readAlias(component, scope, cursor);
    else if (byte === 0x03 && mayImport) {
      const name = readExternName(component, cursor, "component type import");
      addExtern(scope, named(name, readExternType(component, scope, cursor)));
    } else if (byte === 0x04) {
      const name = readExternName(component, cursor, "component type export");
      const extern = named(name, readExternType(component, scope, cursor));
      addExtern(scope, extern);
      exports.set(name, extern);
    } else
      component.reading.unsupported(`the declaration 0x${byte.toString(16)} is unknown`, start);
  }
  return exports;
}

/** Opens a scope inside another one, within the bound on nesting. */
export function enterScope(component: ComponentReading, outer: Scope | undefined): Scope {
  const scope = openScope(outer);
  const { reading } = component;
  const most = Math.min(reading.limits.nesting, deepestNesting.default);
  if (scope.levels > most) {
    reading.overLimit("nesting", "levels of components and types inside one another", most);
  }
  return scope;
}

/** Reads the type of an import or export (component model, Binary.md `externtype`). */
export function readExternType(
  component: ComponentReading,
  scope: Scope,
  cursor: ByteCursor,
): Extern {
  const { reading, features } = component;
  const start = cursor.offset;
  const byte = cursor.u8();
  switch (byte) {
    case 0x00:
      if (cursor.u8() !== 0x11) cursor.fail("the sort of an import or export is unknown", start);
      cursor.leb32();
      return { kind: "module", entry: { module: undefined } };
    case 0x01: {
      const type = scope.types[cursor.leb32()];
      if (type?.sort === "function") return { kind: "function", entry: type };
      return cursor.fail("a function's type does not exist", start);
    }
    case 0x02:
      // As tools write it: the type at once, without the bound that the specification puts before it.
      features.add("component-values");
      readValueTypeUse(component, scope, cursor);
      return { kind: "value" };
    case 0x03: {
      const bound = cursor.u8();
      if (bound === 1) return { kind: "type", entry: { sort: "resource", text: "resource" } };
      const type = bound === 0 ? scope.types[cursor.leb32()] : undefined;
      if (type !== undefined) return { kind: "type", entry: type };
      return cursor.fail("a type's bound does not exist", start);
    }
    case 0x04: {
      const type = scope.types[cursor.leb32()];
      if (type?.sort !== "component")
        return cursor.fail("a component's type does not exist", start);
      return { kind: "component", entry: type };
    }
    case 0x05: {
      const type = scope.types[cursor.leb32()];
      if (type?.sort !== "instance") return cursor.fail("an instance's type does not exist", start);
      return { kind: "instance", entry: type };
    }
    default:
      return reading.unsupported(`the sort 0x${byte.toString(16)} is unknown`, start);
  }
}

/** Gives an extern the name that it is imported or exported by: types are written by it from here on. */
export function named(name: string, extern: Extern): Extern {
  if (extern.kind !== "type") return extern;
  const { entry } = extern;
  if (entry.sort !== "value" && entry.sort !== "resource") return extern;
  return { kind: "type", entry: { ...entry, text: witName(name) } };
}
