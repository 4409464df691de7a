import type { ByteCursor } from "../bytes.ts";
import type { ByteRange } from "./artifact.types.ts";
import { type Features, readReferenceType } from "./core-types.ts";
import type { ArtifactReading } from "./reading.ts";

/** The limits of a memory or table as the bytes have them, in its own pages or elements. */
export interface Limits {
  readonly minimum: number;
  readonly maximum: number | undefined;
  readonly isShared: boolean;
  readonly is64: boolean;
  /** The bytes of a page as a power of two, when the memory says it; 16 otherwise. */
  readonly pageBits: number | undefined;
  /** Where they lie in the artifact. */
  readonly range: ByteRange;
}

const hasMaximum = 1;
const isShared = 2;
const is64 = 4;
const hasPageSize = 8;

/**
 * Reads the limits of a memory or table (WebAssembly 3.0 §5.3.10).
 *
 * @param cursor At the flags.
 * @param allowed The flags that may be set.
 */
export function readLimits(cursor: ByteCursor, allowed: 7 | 15): Limits {
  const start = cursor.offset;
  const flags = cursor.u8();
  if ((flags & ~allowed) !== 0) cursor.fail("the flags of limits are unknown", cursor.offset - 1);
  const read = (): number => ((flags & is64) === 0 ? cursor.leb32() : Number(cursor.leb64()));
  const minimum = read();
  const maximum = (flags & hasMaximum) === 0 ? undefined : read();
  let pageBits: number | undefined;
  if ((flags & hasPageSize) !== 0) {
    pageBits = cursor.leb32();
    if (pageBits > 16) cursor.fail("a page is larger than 64 KiB");
  }
  return {
    minimum,
    maximum,
    isShared: (flags & isShared) !== 0,
    is64: (flags & is64) !== 0,
    pageBits,
    range: { start, end: cursor.offset },
  };
}

/** Reads a memory type and notes the features that it needs. */
export function readMemoryType(cursor: ByteCursor, features: Features): Limits {
  const limits = readLimits(cursor, 15);
  if (limits.isShared) features.add("threads");
  if (limits.is64) features.add("memory64");
  if (limits.pageBits !== undefined) features.add("custom-page-sizes");
  return limits;
}

/** A table's type. */
export interface TableType {
  readonly element: string;
  readonly limits: Limits;
}

/** Reads a table type and notes the features that it needs. */
export function readTableType(
  reading: ArtifactReading,
  cursor: ByteCursor,
  features: Features,
): TableType {
  let element = "funcref";
  // A table of funcref is of the first WebAssembly version; the type elsewhere is not.
  if (cursor.peek() === 0x70) cursor.skip(1);
  else element = readReferenceType(reading, cursor, features);
  const limits = readLimits(cursor, 7);
  if (limits.isShared) features.add("threads");
  if (limits.is64) features.add("memory64");
  return { element, limits };
}
