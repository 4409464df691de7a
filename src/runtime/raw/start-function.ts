import { ByteCursor, type CursorFailure, concatBytes, encodeUtf8 } from "../../bytes.ts";

/** The name that a start function is exported by; it has a character that no guest's name may have. */
export const startExport = "start;";

const exportSection = 7;
const startSection = 8;
const preambleBytes = 8;

const failure: CursorFailure = {
  code: "artifact/malformed",
  phase: "preparation",
  subject: "the artifact",
};

/**
 * Turns a module's start function into an export, so that the host calls it after instantiation.
 *
 * Engines show a module's memory only once it is instantiated, which is after the start function ran; the
 * ABI lets a start function read its input and write an output (reference §4.4).
 *
 * @param bytes A core module that admission has read.
 * @returns The module without a start section; the same bytes when it had none.
 */
export function exposeStart(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const sections = readSections(bytes);
  const start = sections.find(({ id }) => id === startSection);
  if (start === undefined) return bytes;
  const index = new ByteCursor(bytes, failure, start.content, start.end).leb32();
  const exported = sections.find(({ id }) => id === exportSection);
  const parts: Uint8Array[] = [bytes.subarray(0, preambleBytes)];
  for (const section of sections) {
    // Where there are no exports yet, theirs is the start section's place.
    const isReplaced = section === (exported ?? start);
    if (isReplaced) parts.push(...exportsWith(bytes, exported, index));
    else if (section !== start) parts.push(bytes.subarray(section.begin, section.end));
  }
  return concatBytes(parts);
}

interface Section {
  readonly id: number;
  readonly begin: number;
  readonly content: number;
  readonly end: number;
}

function readSections(bytes: Uint8Array): readonly Section[] {
  const cursor = new ByteCursor(bytes, failure, preambleBytes);
  const sections: Section[] = [];
  while (!cursor.isAtEnd) {
    const begin = cursor.offset;
    const id = cursor.u8();
    const length = cursor.leb32();
    const content = cursor.offset;
    cursor.skip(length);
    sections.push({ id, begin, content, end: cursor.offset });
  }
  return sections;
}

/** The export section with one more function in it. */
function exportsWith(
  bytes: Uint8Array,
  section: Section | undefined,
  index: number,
): readonly Uint8Array[] {
  const cursor = new ByteCursor(bytes, failure, section?.content ?? 0, section?.end ?? 0);
  const count = section === undefined ? 0 : cursor.leb32();
  const name = encodeUtf8(startExport);
  const content = [
    leb32(count + 1),
    bytes.subarray(cursor.offset, cursor.end),
    leb32(name.length),
    name,
    Uint8Array.of(0),
    leb32(index),
  ];
  const length = content.reduce((total, part) => total + part.length, 0);
  return [Uint8Array.of(exportSection), leb32(length), ...content];
}

function leb32(value: number): Uint8Array {
  const encoded: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) encoded.push((rest & 0x7f) | 0x80);
  encoded.push(rest);
  return Uint8Array.from(encoded);
}
