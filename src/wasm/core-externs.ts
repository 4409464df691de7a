import type { ByteCursor } from "../bytes.ts";
import {
  addFunction,
  addMemory,
  addTable,
  addTag,
  type ExternKind,
  externKinds,
  type ModuleState,
  readMutability,
  sizeOf,
} from "./core-spaces.ts";
import { readValueType } from "./core-types.ts";

/** Reads the import section: names, kinds and types. */
export function readImports(state: ModuleState, cursor: ByteCursor): void {
  const { reading } = state;
  for (let left = reading.countItems(cursor); left > 0; left -= 1) {
    const module = reading.readName("core import module", cursor);
    const field = reading.readName("core import field", cursor);
    const offset = cursor.offset;
    const byte = cursor.u8();
    const kind =
      externKinds[byte] ??
      reading.unsupported(`the kind of import 0x${byte.toString(16)} is unknown`, offset);
    const signature = readImportType(state, kind, cursor);
    state.imports.push(Object.freeze({ module, field, kind, signature }));
  }
  state.importedFunctions = state.functions.length;
  state.importedGlobals = state.globals.length;
}

function readImportType(
  state: ModuleState,
  kind: ExternKind,
  cursor: ByteCursor,
): string | undefined {
  const { reading, features } = state;
  switch (kind) {
    case "function":
      addFunction(state, cursor);
      return state.functions.at(-1);
    case "table":
      addTable(state, cursor, true);
      return undefined;
    case "memory":
      addMemory(state, cursor, true);
      return undefined;
    case "global": {
      readValueType(reading, cursor, features);
      const isMutable = readMutability(state, cursor);
      if (isMutable) features.add("mutable-globals");
      state.globals.push(isMutable);
      return undefined;
    }
    case "tag":
      addTag(state, cursor);
      return undefined;
  }
}

/** Reads the export section: names, kinds and what they name. */
export function readExports(state: ModuleState, cursor: ByteCursor): void {
  const { reading } = state;
  for (let left = reading.countItems(cursor); left > 0; left -= 1) {
    const name = reading.readName("core export", cursor);
    const offset = cursor.offset;
    const byte = cursor.u8();
    const kind =
      externKinds[byte] ??
      reading.unsupported(`the kind of export 0x${byte.toString(16)} is unknown`, offset);
    const index = cursor.leb32();
    if (index >= sizeOf(state, kind)) cursor.fail("an export's index does not exist", offset);
    const signature = kind === "function" ? state.functions[index] : undefined;
    if (kind === "memory") state.exportedMemories.set(name, index);
    if (kind === "table") state.exportedTables.set(name, index);
    if (kind === "global" && state.globals[index]) state.features.add("mutable-globals");
    state.exports.push(Object.freeze({ name, kind, signature }));
  }
}
