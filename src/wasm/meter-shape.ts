import { ByteCursor, type CursorFailure } from "../bytes.ts";
import { quoteName } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";
import { meterLimits } from "../limits.ts";
import { ImmediateSkipper } from "./immediates.ts";
import { meterImports } from "./meter-imports.ts";
import { featureBit, featuresOfMask, immediate } from "./opcode.ts";

/** What malformed modules are reported as. */
export const meterFailure: CursorFailure = {
  code: "artifact/malformed",
  phase: "preparation",
  subject: "a core module",
};

/** One section's content in the module's bytes. */
export interface Section {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/** An index space: its imported items first, then those added here, then the module's own. */
export interface IndexSpace {
  /** How many items the module imports. */
  imported: number;
  /** How many items the module has, imported ones included. */
  total: number;
  /** How many items are added after the imported ones. */
  readonly added: number;
}

/** How large a memory or table is from the start, and may become, in pages or elements. */
export interface Size {
  readonly minimum: number;
  readonly maximum: number | undefined;
  readonly isImported: boolean;
}

/** A table's size, and its element type as it is encoded. */
export interface TableShape extends Size {
  readonly element: Uint8Array;
}

/** What metering must know of a module before it writes it anew. */
export interface ModuleShape {
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  /** How many imports there are, of any kind. */
  imports: number;
  /** For each type, how many parameters and results a function of it has. */
  readonly types: { readonly parameters: readonly number[]; readonly results: readonly number[] };
  readonly functions: IndexSpace;
  readonly globals: IndexSpace;
  /** The type of each function that the module defines. */
  readonly definedTypes: readonly number[];
  readonly memories: readonly Size[];
  readonly tables: readonly TableShape[];
}

/** The features that metered code may use; every other one is refused. */
const supported = (
  [
    "mutable-globals",
    "sign-extension",
    "saturating-conversion",
    "multi-value",
    "bulk-memory",
    "reference-types",
    "simd",
    "relaxed-simd",
    "tail-calls",
    "extended-constants",
    "multi-memory",
    "exceptions",
    "legacy-exceptions",
  ] as const
).reduce((mask, feature) => mask | featureBit(feature), 0);

/** The sections in the order in which they may stand (WebAssembly 3.0 §5.5.2). */
export const sectionOrder: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

const preamble = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/**
 * Reads what metering must know of a core module.
 *
 * @param bytes The module.
 * @throws PluginError `artifact/malformed`, `artifact/unsupported`, or `artifact/unknown-import`
 *   for a module that imports from the meter's own name.
 */
export function readShape(bytes: Uint8Array): ModuleShape {
  if (preamble.some((byte, index) => bytes[index] !== byte)) {
    new ByteCursor(bytes, meterFailure).fail("the preamble is not that of a core module");
  }
  const sections = readSections(bytes);
  const shape = {
    bytes,
    sections,
    imports: 0,
    types: { parameters: [] as number[], results: [] as number[] },
    functions: { imported: 0, total: 0, added: meterImports.functions },
    globals: { imported: 0, total: 0, added: meterImports.globals },
    definedTypes: [] as number[],
    memories: [] as Size[],
    tables: [] as TableShape[],
  };
  const skipper = new ImmediateSkipper(bytes, meterFailure, 0, 0);
  for (const { id, start, end } of sections) {
    skipper.at = start;
    skipper.instruction = start;
    skipper.limit = end;
    if (id === 6) shape.globals.total += countOf(skipper); // the globals themselves are read when written
    const read = readers[id];
    if (read === undefined) continue;
    for (let left = countOf(skipper); left > 0; left -= 1) read(skipper, shape);
    if (skipper.at !== end) skipper.fail(`the section ${id} has bytes left over`);
  }
  refuseFeatures(skipper.features);
  return shape;
}

/**
 * Refuses code that needs a feature that metering does not know.
 *
 * @param features The features needed, as a mask.
 * @throws PluginError `artifact/unsupported`
 */
export function refuseFeatures(features: number): void {
  const refused = featuresOfMask(features & ~supported);
  if (refused.length === 0) return;
  throw new PluginError({
    code: "artifact/unsupported",
    phase: meterFailure.phase,
    message: `A core module uses ${refused.join(", ")}, which guests may not use. Build the guest without it.`,
  });
}

/** Refuses what is well-formed, but nothing here knows how to meter. */
export function refuse(what: string, offset: number): never {
  throw new PluginError({
    code: "artifact/unsupported",
    phase: meterFailure.phase,
    message: `In ${meterFailure.subject}, ${what} (at byte ${offset}). Build the guest without it.`,
    details: { offset },
  });
}

/** Refuses a module with more to look at or to change than a bound on memory allows. */
export function refuseSize(): never {
  const most = meterLimits.codeEdits.default;
  throw new PluginError({
    code: "artifact/limit",
    phase: meterFailure.phase,
    message: `In ${meterFailure.subject}, metering has more than ${most} places to change. Build a smaller guest.`,
    details: { limit: "codeEdits", most },
  });
}

function readSections(bytes: Uint8Array): Section[] {
  const cursor = new ByteCursor(bytes, meterFailure, preamble.length);
  const sections: Section[] = [];
  let last = -1;
  while (!cursor.isAtEnd) {
    const offset = cursor.offset;
    const id = cursor.u8();
    const content = cursor.sub(cursor.leb32());
    if (id === 0) {
      content.name();
      continue; // they mean nothing to the engine, and may name functions by index
    }
    const order = sectionOrder.indexOf(id);
    if (order < 0) refuse(`the section ${id} is unknown`, offset);
    if (order <= last) cursor.fail(`the section ${id} is out of order`, offset);
    last = order;
    sections.push({ id, start: content.offset, end: content.end });
  }
  return sections;
}

/** Reads a count of items of at least one byte each, so that a lie costs no time. */
function countOf(skipper: ImmediateSkipper): number {
  const count = skipper.u32();
  if (count > skipper.limit - skipper.at) skipper.fail("a count is larger than what follows");
  return count;
}

type Draft = ModuleShape & {
  readonly types: { readonly parameters: number[]; readonly results: number[] };
  readonly definedTypes: number[];
  readonly memories: Size[];
  readonly tables: TableShape[];
};

const readers: Readonly<Record<number, (skipper: ImmediateSkipper, shape: Draft) => void>> = {
  1: readType,
  2: readImport,
  3(skipper, shape) {
    shape.definedTypes.push(readTypeIndex(skipper, shape));
    shape.functions.total += 1;
  },
  4: (skipper, shape) => readTable(skipper, shape),
  5: (skipper, shape) => readMemory(skipper, shape),
  13: readTag,
};

function readType(skipper: ImmediateSkipper, shape: Draft): void {
  const form = skipper.byte();
  if (form !== 0x60) skipper.unsupported("a type is not a function's");
  for (const counts of [shape.types.parameters, shape.types.results]) {
    const start = skipper.at;
    const count = countOf(skipper);
    skipper.at = start;
    skipper.skip(immediate.valueTypes);
    counts.push(count);
  }
}

function readImport(skipper: ImmediateSkipper, shape: Draft): void {
  shape.imports += 1;
  const module = skipper.name();
  const field = skipper.name();
  if (module === meterImports.module) {
    throw new PluginError({
      code: "artifact/unknown-import",
      phase: meterFailure.phase,
      message: `A core module imports ${quoteName(field)} from ${quoteName(module)}, a name that is kept for metering.`,
    });
  }
  switch (skipper.byte()) {
    case 0:
      readTypeIndex(skipper, shape);
      shape.functions.imported += 1;
      shape.functions.total += 1;
      return;
    case 1:
      readTable(skipper, shape, true);
      return;
    case 2:
      readMemory(skipper, shape, true);
      return;
    case 3:
      skipper.skip(immediate.valueType);
      skipper.byte();
      shape.globals.imported += 1;
      shape.globals.total += 1;
      return;
    case 4:
      readTag(skipper, shape);
      return;
    default:
      skipper.unsupported("an import is of an unknown kind");
  }
}

function readTag(skipper: ImmediateSkipper, shape: Draft): void {
  skipper.byte();
  readTypeIndex(skipper, shape);
}

/** Reads the index of a type of the module's own: the types that metering adds are not for it. */
function readTypeIndex(skipper: ImmediateSkipper, shape: Draft): number {
  const type = skipper.u32();
  if (type >= shape.types.results.length) skipper.fail("a type is not there");
  return type;
}

function readTable(skipper: ImmediateSkipper, shape: Draft, isImported = false): void {
  const start = skipper.at;
  if (skipper.bytes[start] === 0x40) skipper.unsupported("a table has a first element");
  skipper.skip(immediate.valueType);
  const element = skipper.bytes.slice(start, skipper.at);
  shape.tables.push({ element, ...readSize(skipper, isImported) });
}

function readMemory(skipper: ImmediateSkipper, shape: Draft, isImported = false): void {
  shape.memories.push(readSize(skipper, isImported));
}

function readSize(skipper: ImmediateSkipper, isImported: boolean): Size {
  const flags = skipper.byte();
  if (flags > 1) skipper.unsupported("a memory or table is shared, 64-bit or of another page size");
  const minimum = skipper.u32();
  return { minimum, maximum: flags === 1 ? skipper.u32() : undefined, isImported };
}
