import type { ByteCursor } from "../bytes.ts";
import { addExtern, type Extern, type Scope } from "./component-entities.ts";
import type { ComponentReading } from "./component-reading.ts";
import { findExport } from "./core-linking.ts";

/** A sort of definition, as aliases, exports and instantiation arguments name it. */
export type Sort = Extern["kind"] | "core" | "core memory" | "core table";

const sorts: ReadonlyMap<number, Extern["kind"]> = new Map([
  [0x01, "function"],
  [0x02, "value"],
  [0x03, "type"],
  [0x04, "component"],
  [0x05, "instance"],
]);

const coreModule = 0x11;

/**
 * Reads a sort (component model, Binary.md `sort`).
 *
 * @returns The sort; `core` for one that only core modules have and nothing here follows.
 */
export function readSort({ reading }: ComponentReading, cursor: ByteCursor): Sort {
  const start = cursor.offset;
  const byte = cursor.u8();
  if (byte === 0x00) {
    const core = cursor.u8();
    if (core === coreModule) return "module";
    if (core === 0x01) return "core table";
    if (core === 0x02) return "core memory";
    if (core > 0x04 && core !== 0x10 && core !== 0x12) {
      reading.unsupported(`the core sort 0x${core.toString(16)} is unknown`, start);
    }
    return "core";
  }
  const sort = sorts.get(byte);
  return sort ?? reading.unsupported(`the sort 0x${byte.toString(16)} is unknown`, start);
}

/** Reads one alias and adds what it names to the scope. */
export function readAlias(component: ComponentReading, scope: Scope, cursor: ByteCursor): void {
  const { reading } = component;
  const start = cursor.offset;
  const sort = readSort(component, cursor);
  const target = cursor.u8();
  if (target === 0x00) {
    const instance = scope.instances[cursor.leb32()];
    const name = reading.readName("component alias", cursor);
    const extern = instance?.exports.get(name);
    if (extern?.kind !== sort) cursor.fail("an alias names what is not there", start);
    addExtern(scope, extern);
  } else if (target === 0x01) {
    const { core } = scope;
    const instance = core.instances[cursor.leb32()];
    const name = reading.readName("core alias", cursor);
    if (sort === "core memory") core.memory.push(findExport(instance, "memory", name));
    if (sort === "core table") core.table.push(findExport(instance, "table", name));
  } else if (target === 0x02) {
    const levels = cursor.leb32();
    const index = cursor.leb32();
    if (!sort.startsWith("core"))
      addExtern(scope, outerExtern(scope, sort, levels, index, cursor, start));
  } else reading.unsupported(`the alias target ${target} is unknown`, start);
}

function outerExtern(
  scope: Scope,
  sort: Sort,
  levels: number,
  index: number,
  cursor: ByteCursor,
  start: number,
): Extern {
  let from: Scope | undefined = scope;
  for (let left = levels; left > 0 && from !== undefined; left -= 1) from = from.outer;
  const extern = from === undefined ? undefined : externAt(from, sort, index);
  return extern ?? cursor.fail("an outer alias names what is not there", start);
}

/**
 * What stands at an index of a scope.
 *
 * @returns It, or `undefined` when there is nothing, or nothing that is kept.
 */
export function externAt(scope: Scope, sort: Sort, index: number): Extern | undefined {
  switch (sort) {
    case "function":
      return withKind("function", scope.functions[index]);
    case "instance":
      return withKind("instance", scope.instances[index]);
    case "component":
      return withKind("component", scope.components[index]);
    case "module":
      return withKind("module", scope.modules[index]);
    case "type":
      return withKind("type", scope.types[index]);
    case "value":
      return { kind: "value" };
    default:
      return undefined;
  }
}

function withKind<Kind extends Exclude<Extern["kind"], "value">>(
  kind: Kind,
  entry: Extract<Extern, { readonly kind: Kind }>["entry"] | undefined,
): Extern | undefined {
  return entry === undefined ? undefined : ({ kind, entry } as Extern);
}
