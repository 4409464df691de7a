import type { ByteCursor } from "../bytes.ts";
import type { CoreModuleFacts, MemoryFacts, TableFacts, WasmFeature } from "./artifact.types.ts";
import { readCode, readConstant, readData, readElements } from "./core-code.ts";
import { readExports, readImports } from "./core-externs.ts";
import type { LimitedKind, ModuleLinks } from "./core-linking.ts";
import {
  addFunction,
  addMemory,
  addTable,
  addTag,
  type LimitedEntry,
  type ModuleState,
  readMutability,
} from "./core-spaces.ts";
import { readCoreTypes, readValueType } from "./core-types.ts";
import { InstructionWalker } from "./instruction.ts";
import { featuresOfMask } from "./opcode.ts";
import { type ArtifactReading, artifactFailure } from "./reading.ts";

/** What was read of a core module; {@link moduleFacts} makes facts of it once it is known what is linked. */
export interface CoreModuleDraft {
  readonly facts: Omit<CoreModuleFacts, "instantiations" | "memories" | "tables">;
  readonly memories: readonly LimitedEntry[];
  readonly tables: readonly LimitedEntry[];
  readonly links: { readonly [Kind in LimitedKind]: ModuleLinks };
}

/** Sections in the order in which they may stand, each at most once (WebAssembly 3.0 §5.5). */
const sections: ReadonlyMap<number, readonly [order: number, read: SectionReader]> = new Map([
  [1, [1, readTypeSection]],
  [2, [2, readImports]],
  [3, [3, readFunctionSection]],
  [4, [4, readTableSection]],
  [5, [5, readMemorySection]],
  [13, [6, readTagSection]],
  [6, [7, readGlobalSection]],
  [7, [8, readExports]],
  [8, [9, readStartSection]],
  [9, [10, readElements]],
  [12, [11, readDataCountSection]],
  [10, [12, readCodeSection]],
  [11, [13, readDataSection]],
]);

type SectionReader = (state: ModuleState, cursor: ByteCursor) => void;

/**
 * Reads a core module (WebAssembly 3.0 §5), every instruction included, without compiling it.
 *
 * @param reading The artifact.
 * @param start Where the module's preamble starts.
 * @param end Where the module ends.
 * @throws PluginError `artifact/malformed`, `artifact/unsupported` or `artifact/limit`.
 */
export function readCoreModule(
  reading: ArtifactReading,
  start: number,
  end: number,
): CoreModuleDraft {
  reading.addItems(1);
  const cursor = reading.cursor(start, end);
  cursor.skip(8); // the preamble, which says that this is a module, was read by the caller
  const state: ModuleState = {
    reading,
    walker: new InstructionWalker(reading.bytes, artifactFailure),
    features: new Set<WasmFeature>(),
    importedGlobals: 0,
    grownMemories: new Set(),
    grownTables: new Set(),
    opcodeFeatures: 0,
    types: [],
    functions: [],
    importedFunctions: 0,
    memories: [],
    tables: [],
    globals: [],
    tags: 0,
    imports: [],
    exports: [],
    exportedMemories: new Map(),
    exportedTables: new Map(),
    hasStart: false,
    bodies: 0,
    promisedSegments: undefined,
    segments: 0,
  };
  let last = 0;
  while (!cursor.isAtEnd) {
    const offset = cursor.offset;
    const id = cursor.u8();
    const content = cursor.sub(cursor.leb32());
    if (id === 0) {
      content.name();
      continue;
    }
    const section = sections.get(id);
    if (section === undefined) reading.unsupported(`the section ${id} is unknown`, offset);
    const [order, read] = section;
    if (order <= last) cursor.fail(`the section ${id} is out of order`, offset);
    last = order;
    read(state, content);
    if (!content.isAtEnd) content.fail(`the section ${id} has bytes left over`);
  }
  return draft(state, start, end);
}

function readTypeSection(state: ModuleState, cursor: ByteCursor): void {
  state.types = readCoreTypes(state.reading, cursor, state.features);
}

function readFunctionSection(state: ModuleState, cursor: ByteCursor): void {
  for (let left = state.reading.countItems(cursor); left > 0; left -= 1) addFunction(state, cursor);
}

function readTableSection(state: ModuleState, cursor: ByteCursor): void {
  for (let left = state.reading.countItems(cursor); left > 0; left -= 1) {
    const hasInitialElement = cursor.peek() === 0x40;
    if (hasInitialElement) {
      cursor.skip(1);
      if (cursor.u8() !== 0) cursor.fail("a table's encoding is unknown", cursor.offset - 1);
      state.features.add("function-references");
    }
    addTable(state, cursor, false);
    if (hasInitialElement) readConstant(state, cursor);
  }
}

function readMemorySection(state: ModuleState, cursor: ByteCursor): void {
  for (let left = state.reading.countItems(cursor); left > 0; left -= 1) {
    addMemory(state, cursor, false);
  }
}

function readTagSection(state: ModuleState, cursor: ByteCursor): void {
  for (let left = state.reading.countItems(cursor); left > 0; left -= 1) addTag(state, cursor);
}

function readGlobalSection(state: ModuleState, cursor: ByteCursor): void {
  for (let left = state.reading.countItems(cursor); left > 0; left -= 1) {
    readValueType(state.reading, cursor, state.features);
    state.globals.push(readMutability(state, cursor));
    readConstant(state, cursor);
  }
}

function readStartSection(state: ModuleState, cursor: ByteCursor): void {
  const index = cursor.leb32();
  if (index >= state.functions.length) cursor.fail("the start function does not exist");
  if (state.functions[index] !== "() -> ()") cursor.fail("the start function is not () -> ()");
  state.hasStart = true;
}

function readDataCountSection(state: ModuleState, cursor: ByteCursor): void {
  state.promisedSegments = cursor.leb32();
  state.features.add("bulk-memory");
}

function readDataSection(state: ModuleState, cursor: ByteCursor): void {
  state.segments = readData(state, cursor);
}

function readCodeSection(state: ModuleState, cursor: ByteCursor): void {
  state.bodies = readCode(state, cursor);
}

function draft(state: ModuleState, start: number, end: number): CoreModuleDraft {
  const functions = state.functions.length - state.importedFunctions;
  if (state.bodies !== functions) {
    state.reading
      .cursor(start, end)
      .fail(`a module declares ${functions} functions and defines ${state.bodies}`);
  }
  if (state.promisedSegments !== undefined && state.promisedSegments !== state.segments) {
    state.reading
      .cursor(start, end)
      .fail("a module has another number of data segments than it says");
  }
  const ofInstructions = featuresOfMask(state.walker.features | state.opcodeFeatures);
  for (const feature of ofInstructions) state.features.add(feature);
  return {
    facts: {
      start,
      end,
      imports: Object.freeze(state.imports),
      exports: Object.freeze(state.exports),
      features: Object.freeze([...state.features]),
      hasStart: state.hasStart,
      functions,
    },
    memories: state.memories,
    tables: state.tables,
    links: {
      memory: links(state, "memory", state.grownMemories),
      table: links(state, "table", state.grownTables),
    },
  };
}

function links(state: ModuleState, kind: LimitedKind, grown: Set<number>): ModuleLinks {
  return {
    imports: state.imports.filter((item) => item.kind === kind),
    exports: kind === "memory" ? state.exportedMemories : state.exportedTables,
    grown,
  };
}

/**
 * A module's facts, once it is known how it is linked and instantiated.
 *
 * @param mayGrowUnknown Whether some module can grow a memory or table of which it can't be told which it is.
 */
export function moduleFacts(
  { facts, memories, tables, links }: CoreModuleDraft,
  instantiations: number,
  mayGrowUnknown: boolean,
): CoreModuleFacts {
  const grows = ({ grown, exports }: ModuleLinks): ((index: number) => boolean) => {
    const exported = new Set(mayGrowUnknown ? exports.values() : []);
    return (index) => grown.has(index) || exported.has(index);
  };
  const growsMemory = grows(links.memory);
  const growsTable = grows(links.table);
  return Object.freeze({
    ...facts,
    instantiations,
    memories: Object.freeze(memories.map((entry, index) => memoryFacts(entry, growsMemory(index)))),
    tables: Object.freeze(tables.map((entry, index) => tableFacts(entry, growsTable(index)))),
  });
}

function memoryFacts({ limits, isImported }: LimitedEntry, isGrown: boolean): MemoryFacts {
  const scale = 2 ** ((limits.pageBits ?? 16) - 16);
  return Object.freeze({
    minPages: Math.ceil(limits.minimum * scale),
    maxPages: limits.maximum === undefined ? undefined : Math.ceil(limits.maximum * scale),
    isShared: limits.isShared,
    is64: limits.is64,
    isImported,
    isGrown,
    limits: Object.freeze(limits.range),
  });
}

function tableFacts({ limits, element, isImported }: LimitedEntry, isGrown: boolean): TableFacts {
  return Object.freeze({
    minElements: limits.minimum,
    maxElements: limits.maximum,
    is64: limits.is64,
    isImported,
    isGrown,
    limits: Object.freeze(limits.range),
    element,
  });
}
