import type { ByteCursor } from "../bytes.ts";
import { externAt, readSort } from "./component-alias.ts";
import type { Extern, InstanceEntry, ModuleEntry, Scope } from "./component-entities.ts";
import type { ComponentReading } from "./component-reading.ts";
import { named } from "./component-types.ts";
import { type CoreInstance, type LimitedRef, linkModule } from "./core-linking.ts";
import { readExternName } from "./extern-name.ts";
import { type ComponentDefinition, countInstantiation } from "./instantiation.ts";

const coreInstanceSort = 0x12;
const tableSort = 0x01;
const memorySort = 0x02;

/** Reads a section of core instances: modules instantiated, and exports gathered under new names. */
export function readCoreInstances(
  component: ComponentReading,
  scope: Scope,
  definition: ComponentDefinition,
  cursor: ByteCursor,
): void {
  const { reading } = component;
  for (let left = reading.countComponentItems(cursor); left > 0; left -= 1) {
    const start = cursor.offset;
    const form = cursor.u8();
    if (form === 0x00) {
      const module = scope.modules[cursor.leb32()];
      if (module === undefined) cursor.fail("an instantiated module does not exist", start);
      countInstantiation(definition, "modules", module.module);
      const args = readCoreArguments(component, scope, cursor);
      scope.core.instances.push(linkInstance(component, module, args));
    } else if (form === 0x01) {
      scope.core.instances.push({ exports: readCoreExports(component, scope, cursor) });
    } else reading.unsupported(`the core instance 0x${form.toString(16)} is unknown`, start);
  }
}

function readCoreArguments(
  { reading }: ComponentReading,
  { core }: Scope,
  cursor: ByteCursor,
): ReadonlyMap<string, CoreInstance> {
  const args = new Map<string, CoreInstance>();
  for (let left = reading.countComponentItems(cursor); left > 0; left -= 1) {
    const name = reading.readName("core instantiation argument", cursor);
    const start = cursor.offset;
    if (cursor.u8() !== coreInstanceSort) cursor.fail("an argument is no instance", start);
    const index = cursor.leb32();
    if (index >= core.instances.length) cursor.fail("an argument does not exist", start);
    args.set(name, core.instances[index]);
  }
  return args;
}

function linkInstance(
  component: ComponentReading,
  { module }: ModuleEntry,
  args: ReadonlyMap<string, CoreInstance>,
): CoreInstance {
  const draft = module === undefined ? undefined : component.modules[module];
  if (draft === undefined) {
    component.mayGrowUnknown = true;
    return undefined;
  }
  const { instance, isGrowingUnknown } = linkModule(draft, args);
  if (isGrowingUnknown) component.mayGrowUnknown = true;
  return instance;
}

function readCoreExports(
  { reading }: ComponentReading,
  { core }: Scope,
  cursor: ByteCursor,
): { readonly memory: Map<string, LimitedRef>; readonly table: Map<string, LimitedRef> } {
  const exports = { memory: new Map<string, LimitedRef>(), table: new Map<string, LimitedRef>() };
  for (let left = reading.countComponentItems(cursor); left > 0; left -= 1) {
    const name = reading.readName("core instance export", cursor);
    const start = cursor.offset;
    const sort = cursor.u8();
    if (sort > 0x04) reading.unsupported("the kind of an export is unknown", start);
    const index = cursor.leb32();
    if (sort === tableSort) exports.table.set(name, core.table[index]);
    if (sort === memorySort) exports.memory.set(name, core.memory[index]);
  }
  return exports;
}

/** Reads a section of instances: components instantiated, and items gathered under new names. */
export function readInstances(
  component: ComponentReading,
  scope: Scope,
  definition: ComponentDefinition,
  cursor: ByteCursor,
): void {
  const { reading } = component;
  for (let left = reading.countComponentItems(cursor); left > 0; left -= 1) {
    const start = cursor.offset;
    const form = cursor.u8();
    if (form === 0x00) {
      const instantiated = scope.components[cursor.leb32()];
      if (instantiated === undefined)
        cursor.fail("an instantiated component does not exist", start);
      countInstantiation(definition, "components", instantiated.definition);
      for (let args = reading.countComponentItems(cursor); args > 0; args -= 1) {
        reading.readName("instantiation argument", cursor);
        readSort(component, cursor);
        cursor.leb32();
      }
      scope.instances.push({ sort: "instance", exports: instantiated.exports });
    } else if (form === 0x01) scope.instances.push(readInlineExports(component, scope, cursor));
    else reading.unsupported(`the instance 0x${form.toString(16)} is unknown`, start);
  }
}

function readInlineExports(
  component: ComponentReading,
  scope: Scope,
  cursor: ByteCursor,
): InstanceEntry {
  const exports = new Map<string, Extern>();
  for (let left = component.reading.countComponentItems(cursor); left > 0; left -= 1) {
    const name = readExternName(component, cursor, "instance export");
    const start = cursor.offset;
    const sort = readSort(component, cursor);
    const extern = externAt(scope, sort, cursor.leb32());
    if (extern === undefined) cursor.fail("an instance exports what is not there", start);
    exports.set(name, named(name, extern));
  }
  return { sort: "instance", exports };
}
