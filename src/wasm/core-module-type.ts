import type { ByteCursor } from "../bytes.ts";
import type { ComponentReading } from "./component-reading.ts";
import { readMemoryType, readTableType } from "./core-limits.ts";
import { readRecursiveType, readValueType } from "./core-types.ts";

/**
 * Reads a core type of a component: a function type, a recursive type or a module type.
 *
 * Nothing later needs what it says; its names are noted and its features found.
 */
export function readCoreType(component: ComponentReading, cursor: ByteCursor): void {
  const { reading, features } = component;
  const start = cursor.offset;
  const byte = cursor.peek();
  if (byte === 0x50) {
    cursor.skip(1);
    readModuleType(component, cursor);
    return;
  }
  if (byte === 0x00) {
    // Says that the 0x50 which follows is a subtype, not a module type.
    cursor.skip(1);
    if (cursor.peek() !== 0x50) cursor.fail("a core type is unknown", start);
  }
  readRecursiveType(reading, cursor, features, []);
}

function readModuleType(component: ComponentReading, cursor: ByteCursor): void {
  const { reading, features } = component;
  for (let left = reading.countComponentItems(cursor); left > 0; left -= 1) {
    const start = cursor.offset;
    const byte = cursor.u8();
    if (byte === 0x00) {
      reading.readName("core import module", cursor);
      reading.readName("core import field", cursor);
      readCoreExternType(component, cursor);
    } else if (byte === 0x01) readRecursiveType(reading, cursor, features, []);
    else if (byte === 0x02) {
      if (cursor.u8() !== 0x10 || cursor.u8() !== 0x01) cursor.fail("an alias is unknown", start);
      cursor.leb32();
      cursor.leb32();
    } else if (byte === 0x03) {
      reading.readName("core export", cursor);
      readCoreExternType(component, cursor);
    } else reading.unsupported(`the declaration 0x${byte.toString(16)} is unknown`, start);
  }
}

function readCoreExternType({ reading, features }: ComponentReading, cursor: ByteCursor): void {
  const start = cursor.offset;
  switch (cursor.u8()) {
    case 0x00:
      cursor.leb32();
      break;
    case 0x01:
      readTableType(reading, cursor, features);
      break;
    case 0x02:
      readMemoryType(cursor, features);
      break;
    case 0x03:
      readValueType(reading, cursor, features);
      cursor.u8();
      break;
    case 0x04:
      features.add("exceptions");
      cursor.u8();
      cursor.leb32();
      break;
    default:
      reading.unsupported("the kind of a core import or export is unknown", start);
  }
}
