import { ByteCursor, concatBytes } from "../bytes.ts";
import type { ByteRange } from "./artifact.types.ts";
import { ByteWriter } from "./byte-writer.ts";
import { artifactFailure } from "./reading.ts";

/** Bytes that take the place of a stretch of an artifact, which lies within one section. */
export interface Patch extends ByteRange {
  readonly bytes: Uint8Array;
}

const preambleBytes = 8;

/**
 * Puts patches into an artifact and mends the sizes of the sections around them.
 *
 * @param bytes A well-formed artifact.
 * @param patches In the order of their places, none overlapping another.
 * @returns The artifact with the patches in place; everything else as it was, byte for byte.
 */
export function splice(bytes: Uint8Array, patches: readonly Patch[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  spliceArtifact(bytes, { start: 0, end: bytes.length }, patches, parts);
  return concatBytes(parts);
}

/** Adds a module or component with its patches to `parts`, and gives its new length. */
function spliceArtifact(
  bytes: Uint8Array,
  range: ByteRange,
  patches: readonly Patch[],
  parts: Uint8Array[],
): number {
  const isComponent = bytes[range.start + 6] === 1;
  const cursor = new ByteCursor(bytes, artifactFailure, range.start, range.end);
  let length = preambleBytes;
  parts.push(cursor.take(preambleBytes));
  let next = 0;
  while (!cursor.isAtEnd) {
    const header = cursor.offset;
    const id = cursor.u8();
    const size = cursor.leb32();
    const start = cursor.offset;
    cursor.skip(size);
    const end = cursor.offset;
    const first = next;
    while (next < patches.length && (patches[next] as Patch).start < end) next += 1;
    if (next === first) {
      parts.push(bytes.subarray(header, end));
      length += end - header;
      continue;
    }
    const inside = patches.slice(first, next);
    const holdsArtifact = isComponent && (id === 1 || id === 4);
    const content: Uint8Array[] = [];
    const contentLength = holdsArtifact
      ? spliceArtifact(bytes, { start, end }, inside, content)
      : spliceBytes(bytes, { start, end }, inside, content);
    const newHeader = sectionHeader(id, contentLength);
    parts.push(newHeader);
    for (const part of content) parts.push(part);
    length += newHeader.length + contentLength;
  }
  return length;
}

function spliceBytes(
  bytes: Uint8Array,
  range: ByteRange,
  patches: readonly Patch[],
  parts: Uint8Array[],
): number {
  let at = range.start;
  let length = 0;
  const add = (part: Uint8Array): void => {
    parts.push(part);
    length += part.length;
  };
  for (const patch of patches) {
    add(bytes.subarray(at, patch.start));
    add(patch.bytes);
    at = patch.end;
  }
  add(bytes.subarray(at, range.end));
  return length;
}

function sectionHeader(id: number, size: number): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(id);
  writer.leb32(size);
  return writer.finish();
}
