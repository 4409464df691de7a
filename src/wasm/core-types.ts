import type { ByteCursor } from "../bytes.ts";
import type { WasmFeature } from "./artifact.types.ts";
import type { ArtifactReading } from "./reading.ts";

/** A type of a core module: a function's, or a form that only has a name here. */
export interface CoreType {
  /** For a function: `(i32, i32) -> (i32)`; `undefined` for structures, arrays and continuations. */
  readonly signature: string | undefined;
}

/** Features found so far. */
export type Features = Set<WasmFeature>;

const numberTypes: ReadonlyMap<number, string> = new Map([
  [0x7f, "i32"],
  [0x7e, "i64"],
  [0x7d, "f32"],
  [0x7c, "f64"],
]);

/** The abstract heap types (WebAssembly 3.0 §5.3.3) and the feature that each came with. */
const heapTypes: ReadonlyMap<number, readonly [name: string, feature: WasmFeature]> = new Map([
  [0x70, ["func", "reference-types"]],
  [0x6f, ["extern", "reference-types"]],
  [0x69, ["exn", "exceptions"]],
  [0x74, ["noexn", "exceptions"]],
  [0x68, ["cont", "stack-switching"]],
  [0x75, ["nocont", "stack-switching"]],
  [0x6e, ["any", "gc"]],
  [0x6d, ["eq", "gc"]],
  [0x6c, ["i31", "gc"]],
  [0x6b, ["struct", "gc"]],
  [0x6a, ["array", "gc"]],
  [0x71, ["none", "gc"]],
  [0x72, ["noextern", "gc"]],
  [0x73, ["nofunc", "gc"]],
]);

/**
 * Reads a value type (WebAssembly 3.0 §5.3.4).
 *
 * @returns Its text: `i32`, `externref`, `(ref null 3)`.
 * @throws PluginError `artifact/unsupported` for a type that this reader does not know.
 */
export function readValueType(
  reading: ArtifactReading,
  cursor: ByteCursor,
  features: Features,
): string {
  const byte = cursor.peek();
  const number = numberTypes.get(byte);
  if (number !== undefined) {
    cursor.skip(1);
    return number;
  }
  if (byte === 0x7b) {
    cursor.skip(1);
    features.add("simd");
    return "v128";
  }
  return readReferenceType(reading, cursor, features);
}

/** Reads a reference type: `funcref`, `externref`, `(ref 3)`. */
export function readReferenceType(
  reading: ArtifactReading,
  cursor: ByteCursor,
  features: Features,
): string {
  const byte = cursor.peek();
  if (byte !== 0x63 && byte !== 0x64) {
    return `${readAbstractHeapType(reading, cursor, features)}ref`;
  }
  cursor.skip(1);
  features.add("function-references");
  return `(ref ${byte === 0x63 ? "null " : ""}${readHeapType(reading, cursor, features)})`;
}

function readHeapType(reading: ArtifactReading, cursor: ByteCursor, features: Features): string {
  const byte = cursor.peek();
  if (byte === 0x62) {
    // An exact reference, of the custom descriptors proposal.
    cursor.skip(1);
    features.add("gc");
    return `(exact ${cursor.leb32()})`;
  }
  if (byte >= 0x40 && byte < 0x80) return readAbstractHeapType(reading, cursor, features);
  return String(cursor.signedLeb(33));
}

function readAbstractHeapType(
  reading: ArtifactReading,
  cursor: ByteCursor,
  features: Features,
): string {
  const start = cursor.offset;
  let byte = cursor.u8();
  let shared = "";
  if (byte === 0x65) {
    features.add("threads");
    shared = "shared ";
    byte = cursor.u8();
  }
  const known = heapTypes.get(byte);
  if (known === undefined) {
    return reading.unsupported(`the type 0x${byte.toString(16)} is unknown`, start);
  }
  features.add(known[1]);
  return `${shared}${known[0]}`;
}

/** Reads a vector of recursive types: the content of a type section. */
export function readCoreTypes(
  reading: ArtifactReading,
  cursor: ByteCursor,
  features: Features,
): CoreType[] {
  const types: CoreType[] = [];
  for (let left = reading.countItems(cursor); left > 0; left -= 1) {
    readRecursiveType(reading, cursor, features, types);
  }
  return types;
}

/** Reads one recursive type, which may define many, and adds what it defines to `types`. */
export function readRecursiveType(
  reading: ArtifactReading,
  cursor: ByteCursor,
  features: Features,
  types: CoreType[],
): void {
  if (cursor.peek() !== 0x4e) {
    types.push(readSubtype(reading, cursor, features));
    return;
  }
  cursor.skip(1);
  features.add("gc");
  for (let left = reading.countItems(cursor); left > 0; left -= 1) {
    types.push(readSubtype(reading, cursor, features));
  }
}

function readSubtype(reading: ArtifactReading, cursor: ByteCursor, features: Features): CoreType {
  const byte = cursor.peek();
  if (byte === 0x50 || byte === 0x4f) {
    cursor.skip(1);
    features.add("gc");
    for (let left = reading.count(cursor); left > 0; left -= 1) cursor.leb32();
  }
  return readCompositeType(reading, cursor, features);
}

function readCompositeType(
  reading: ArtifactReading,
  cursor: ByteCursor,
  features: Features,
): CoreType {
  const start = cursor.offset;
  let byte = cursor.u8();
  if (byte === 0x65) {
    features.add("threads");
    byte = cursor.u8();
  }
  for (const prefix of [0x4c, 0x4d]) {
    if (byte !== prefix) continue;
    // "describes" and "descriptor", of the custom descriptors proposal.
    features.add("gc");
    cursor.leb32();
    byte = cursor.u8();
  }
  switch (byte) {
    case 0x60:
      return readFunctionType(reading, cursor, features);
    case 0x5f:
      features.add("gc");
      for (let left = reading.count(cursor); left > 0; left -= 1) {
        readFieldType(reading, cursor, features);
      }
      return { signature: undefined };
    case 0x5e:
      features.add("gc");
      readFieldType(reading, cursor, features);
      return { signature: undefined };
    case 0x5d:
      features.add("stack-switching");
      cursor.signedLeb(33);
      return { signature: undefined };
    default:
      return reading.unsupported(`the type form 0x${byte.toString(16)} is unknown`, start);
  }
}

function readFieldType(reading: ArtifactReading, cursor: ByteCursor, features: Features): void {
  const byte = cursor.peek();
  if (byte === 0x78 || byte === 0x77) cursor.skip(1);
  else readValueType(reading, cursor, features);
  if (cursor.u8() > 1) cursor.fail("a field's mutability is unknown", cursor.offset - 1);
}

function readFunctionType(
  reading: ArtifactReading,
  cursor: ByteCursor,
  features: Features,
): CoreType {
  const parameters = readValueTypes(reading, cursor, features);
  const results = readValueTypes(reading, cursor, features);
  if (results.length > 1) features.add("multi-value");
  return { signature: `(${parameters.join(", ")}) -> (${results.join(", ")})` };
}

function readValueTypes(
  reading: ArtifactReading,
  cursor: ByteCursor,
  features: Features,
): readonly string[] {
  const types: string[] = [];
  for (let left = reading.countItems(cursor); left > 0; left -= 1) {
    types.push(readValueType(reading, cursor, features));
  }
  return types;
}
