import type { ByteCursor } from "../bytes.ts";
import { externAt, readSort } from "./component-alias.ts";
import type { Extern, InstanceEntry, Scope } from "./component-entities.ts";
import type { ComponentReading } from "./component-reading.ts";
import { named } from "./component-types.ts";
import { readExternName } from "./extern-name.ts";
import { type ComponentDefinition, countInstantiation } from "./instantiation.ts";

const coreInstanceSort = 0x12;

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
      for (let args = reading.countComponentItems(cursor); args > 0; args -= 1) {
        reading.readName("core instantiation argument", cursor);
        if (cursor.u8() !== coreInstanceSort) cursor.fail("an argument is no instance", start);
        cursor.leb32();
      }
    } else if (form === 0x01) {
      for (let exports = reading.countComponentItems(cursor); exports > 0; exports -= 1) {
        reading.readName("core instance export", cursor);
        if (cursor.u8() > 0x04) reading.unsupported("an export's kind is unknown", start);
        cursor.leb32();
      }
    } else reading.unsupported(`the core instance 0x${form.toString(16)} is unknown`, start);
  }
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
