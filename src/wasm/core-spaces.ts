import type { ByteCursor } from "../bytes.ts";
import type { CoreExport, CoreImport } from "./artifact.types.ts";
import type { CodeFindings } from "./core-code.ts";
import { type Limits, readMemoryType, readTableType } from "./core-limits.ts";
import type { CoreType } from "./core-types.ts";

/** A kind of what core modules import, define and export. */
export type ExternKind = CoreExport["kind"];

/** A memory or table in a module's index space. */
export interface LimitedEntry {
  readonly limits: Limits;
  /** A table's element type; empty for a memory. */
  readonly element: string;
  readonly isImported: boolean;
}

/** What is known of a module while its sections are read: its index spaces and findings. */
export interface ModuleState extends CodeFindings {
  types: readonly CoreType[];
  /** The signature of every function, imported ones first. */
  readonly functions: (string | undefined)[];
  importedFunctions: number;
  readonly memories: LimitedEntry[];
  readonly tables: LimitedEntry[];
  /** Whether each global can change, imported ones first. */
  readonly globals: boolean[];
  tags: number;
  readonly imports: CoreImport[];
  readonly exports: CoreExport[];
  /** Memories and tables by the names that they are exported by. */
  readonly exportedMemories: Map<string, number>;
  readonly exportedTables: Map<string, number>;
  hasStart: boolean;
  bodies: number;
  /** What the data count section says, and how many data segments there are. */
  promisedSegments: number | undefined;
  segments: number;
}

/** The kinds in the order of their encoding. */
export const externKinds = ["function", "table", "memory", "global", "tag"] as const;

/** Reads the type of a function and adds it. */
export function addFunction(state: ModuleState, cursor: ByteCursor): void {
  const type = state.types[cursor.leb32()];
  if (type === undefined) cursor.fail("a function's type does not exist");
  state.functions.push(type.signature);
}

/** Reads the type of a table and adds it. */
export function addTable(state: ModuleState, cursor: ByteCursor, isImported: boolean): void {
  const { element, limits } = readTableType(state.reading, cursor, state.features);
  state.tables.push({ limits, element, isImported });
  if (state.tables.length > 1) state.features.add("reference-types");
}

/** Reads the type of a memory and adds it. */
export function addMemory(state: ModuleState, cursor: ByteCursor, isImported: boolean): void {
  const limits = readMemoryType(cursor, state.features);
  state.memories.push({ limits, element: "", isImported });
  if (state.memories.length > 1) state.features.add("multi-memory");
}

/** Reads the type of a tag and adds it. */
export function addTag(state: ModuleState, cursor: ByteCursor): void {
  state.features.add("exceptions");
  if (cursor.u8() !== 0) cursor.fail("a tag's attribute is unknown", cursor.offset - 1);
  if (cursor.leb32() >= state.types.length) cursor.fail("a tag's type does not exist");
  state.tags += 1;
}

/** Reads whether a global can change. */
export function readMutability(state: ModuleState, cursor: ByteCursor): boolean {
  const flags = cursor.u8();
  if (flags > 3) cursor.fail("a global's mutability is unknown", cursor.offset - 1);
  if (flags > 1) state.features.add("threads");
  return (flags & 1) !== 0;
}

/** How many entries of a kind the module has so far. */
export function sizeOf(state: ModuleState, kind: CoreExport["kind"]): number {
  switch (kind) {
    case "function":
      return state.functions.length;
    case "table":
      return state.tables.length;
    case "memory":
      return state.memories.length;
    case "global":
      return state.globals.length;
    case "tag":
      return state.tags;
  }
}
