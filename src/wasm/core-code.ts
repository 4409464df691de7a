import type { ByteCursor } from "../bytes.ts";
import { type Features, readReferenceType, readValueType } from "./core-types.ts";
import { type InstructionWalker, shortLength } from "./instruction.ts";
import { plainOpcodes } from "./opcode.ts";
import type { ArtifactReading } from "./reading.ts";

/** What the code of one module is read with, and what is found in it. */
export interface CodeFindings {
  readonly reading: ArtifactReading;
  readonly walker: InstructionWalker;
  readonly features: Features;
  /** How many globals the module imports: the only ones that early constant expressions may read. */
  importedGlobals: number;
  /** The memories and tables, by index, that some instruction can make larger. */
  readonly grownMemories: Set<number>;
  readonly grownTables: Set<number>;
  /** The features of instructions that the walker did not see, as a mask. */
  opcodeFeatures: number;
}

const end = 0x0b;
const globalGet = 0x23;
const memoryGrow = 0x40;
const tableGrow = 0xfc000f;

/** Integer addition, subtraction and multiplication: the extended constant expressions. */
const arithmetic: ReadonlySet<number> = new Set([0x6a, 0x6b, 0x6c, 0x7c, 0x7d, 0x7e]);

/** Walks a constant expression up to and including its end. */
export function readConstant(findings: CodeFindings, cursor: ByteCursor): void {
  const { walker, features } = findings;
  walker.reset(cursor.offset, cursor.end);
  while (walker.next()) {
    const { opcode } = walker;
    if (opcode === end) {
      cursor.skip(walker.end - cursor.offset);
      return;
    }
    if (arithmetic.has(opcode)) features.add("extended-constants");
    else if (opcode === globalGet && indexAt(findings) >= findings.importedGlobals) {
      features.add("gc"); // constant expressions read defined globals since then
    }
  }
  cursor.fail("a constant expression has no end");
}

/** Walks the code section: every instruction of every function body. */
export function readCode(findings: CodeFindings, cursor: ByteCursor): number {
  const { reading, features } = findings;
  // Functions were counted where they were declared.
  const bodies = reading.count(cursor);
  for (let left = bodies; left > 0; left -= 1) {
    const size = cursor.leb32();
    if (size > cursor.remaining) cursor.fail("a function body is cut short");
    const bodyEnd = cursor.offset + size;
    for (let groups = reading.count(cursor); groups > 0; groups -= 1) {
      cursor.leb32();
      readValueType(reading, cursor, features);
    }
    if (cursor.offset >= bodyEnd) cursor.fail("a function body has no end");
    if (walkBody(findings, cursor.offset, bodyEnd) !== end) {
      cursor.fail("a function body has no end", bodyEnd);
    }
    cursor.skip(bodyEnd - cursor.offset);
  }
  return bodies;
}

/**
 * Walks the instructions of one function body.
 *
 * Most instructions of real code have no immediate or a short one, and are stepped over here; all
 * others are the walker's. A 12 MB guest has five million.
 *
 * @returns The opcode of the last one.
 */
function walkBody(findings: CodeFindings, start: number, bodyEnd: number): number {
  const { reading, walker } = findings;
  const { bytes } = reading;
  const { immediates, features } = plainOpcodes;
  let mask = 0;
  let at = start;
  let opcode = 0;
  while (at < bodyEnd) {
    opcode = bytes[at] as number;
    const length = shortLength(bytes, at, immediates[opcode] as number);
    if (length !== 0 && at + length <= bodyEnd) {
      mask |= features[opcode] as number;
      at += length;
      continue;
    }
    walker.reset(at, bodyEnd);
    walker.next();
    if (walker.opcode === memoryGrow) findings.grownMemories.add(indexAt(findings));
    else if (walker.opcode === tableGrow) findings.grownTables.add(indexAt(findings));
    at = walker.end;
  }
  findings.opcodeFeatures |= mask;
  return opcode;
}

/** The first immediate of the walker's instruction: an index, which the walker has checked. */
function indexAt({ reading, walker }: CodeFindings): number {
  let value = 0;
  let scale = 1;
  for (let at = walker.immediates; at < walker.end; at += 1) {
    const byte = reading.bytes[at] as number;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
    scale *= 128;
  }
  return value;
}

/** Walks the element section: tables' initial elements. */
export function readElements(findings: CodeFindings, cursor: ByteCursor): void {
  const { reading, features } = findings;
  for (let left = reading.countItems(cursor); left > 0; left -= 1) {
    const flags = cursor.leb32();
    if (flags > 7) cursor.fail("the flags of an element segment are unknown");
    const isActive = (flags & 1) === 0;
    const hasIndex = (flags & 2) !== 0;
    const hasExpressions = (flags & 4) !== 0;
    if (!isActive) features.add(hasIndex ? "reference-types" : "bulk-memory");
    if (isActive && hasIndex && cursor.leb32() !== 0) features.add("reference-types");
    if (isActive) readConstant(findings, cursor);
    if ((flags & 3) !== 0) readElementKind(findings, cursor, hasExpressions);
    for (let elements = reading.count(cursor); elements > 0; elements -= 1) {
      if (hasExpressions) readConstant(findings, cursor);
      else cursor.leb32();
    }
  }
}

function readElementKind(
  { reading, features }: CodeFindings,
  cursor: ByteCursor,
  hasExpressions: boolean,
): void {
  if (!hasExpressions) {
    if (cursor.u8() !== 0) cursor.fail("an element kind is unknown", cursor.offset - 1);
  } else if (cursor.peek() === 0x70) cursor.skip(1);
  else readReferenceType(reading, cursor, features);
}

/** Walks the data section: memories' initial bytes. */
export function readData(findings: CodeFindings, cursor: ByteCursor): number {
  const { reading, features } = findings;
  const segments = reading.countItems(cursor);
  for (let left = segments; left > 0; left -= 1) {
    const flags = cursor.leb32();
    if (flags > 2) cursor.fail("the flags of a data segment are unknown");
    if (flags === 1) features.add("bulk-memory");
    if (flags === 2 && cursor.leb32() !== 0) features.add("multi-memory");
    if (flags !== 1) readConstant(findings, cursor);
    cursor.skip(cursor.leb32());
  }
  return segments;
}
