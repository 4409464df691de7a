import { ByteCursor } from "../bytes.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { type InstructionWalker, readIndex } from "./instruction.ts";
import {
  type IndexSpace,
  type ModuleShape,
  meterFailure,
  refuse,
  type Section,
} from "./meter-shape.ts";

const globalGet = 0x23;
const refFunc = 0xd2;
const end = 0x0b;

/** Where an item of a module stands once the meter's imports are there. */
export function shifted(space: IndexSpace, index: number): number {
  return index < space.imported ? index : index + space.added;
}

/** Writes the sections that name functions or globals, with the indices that they have afterwards. */
export class SectionWriter {
  /** The functions that may be called other than by a direct call: 1 for each of those. */
  readonly exposed: Uint8Array;
  readonly #shape: ModuleShape;
  readonly #walker: InstructionWalker;

  constructor(shape: ModuleShape, walker: InstructionWalker) {
    this.#shape = shape;
    this.#walker = walker;
    this.exposed = new Uint8Array(shape.functions.total);
  }

  /**
   * Writes one section's content.
   *
   * @param section The section: globals, exports, start, elements or data; any other is copied.
   */
  write(section: Section, out: ByteWriter): void {
    const { bytes } = this.#shape;
    const cursor = new ByteCursor(bytes, meterFailure, section.start, section.end);
    if (section.id === 8) {
      this.#function(cursor, out);
    } else {
      const write = this.#writers[section.id];
      if (write === undefined) {
        out.copy(bytes, section.start, section.end);
        return;
      }
      const count = cursor.leb32();
      out.leb32(count);
      for (let left = count; left > 0; left -= 1) write(cursor, out);
    }
    if (!cursor.isAtEnd) cursor.fail(`the section ${section.id} has bytes left over`);
  }

  readonly #writers: Readonly<Record<number, (cursor: ByteCursor, out: ByteWriter) => void>> = {
    6: (cursor, out) => {
      this.#valueType(cursor, out);
      out.u8(cursor.u8());
      this.#constant(cursor, out);
    },
    7: (cursor, out) => {
      const name = cursor.take(cursor.leb32());
      out.leb32(name.length);
      out.copy(name);
      const kind = cursor.u8();
      out.u8(kind);
      if (kind === 0) this.#function(cursor, out);
      else if (kind === 3) this.#global(cursor, out);
      else out.leb32(cursor.leb32());
    },
    9: (cursor, out) => this.#elements(cursor, out),
    11: (cursor, out) => {
      const flags = cursor.leb32();
      if (flags > 2) cursor.fail("a data segment is of an unknown kind");
      out.leb32(flags);
      if (flags === 2) out.leb32(cursor.leb32());
      if (flags !== 1) this.#constant(cursor, out);
      const content = cursor.take(cursor.leb32());
      out.leb32(content.length);
      out.copy(content);
    },
  };

  #elements(cursor: ByteCursor, out: ByteWriter): void {
    const flags = cursor.leb32();
    if (flags > 7) cursor.fail("an element segment is of an unknown kind");
    out.leb32(flags);
    const isActive = (flags & 1) === 0;
    const isExplicit = (flags & 2) !== 0;
    const isExpressions = (flags & 4) !== 0;
    if (isActive && isExplicit) out.leb32(cursor.leb32());
    if (isActive) this.#constant(cursor, out);
    if (isExpressions && (flags & 3) !== 0) this.#valueType(cursor, out);
    else if ((flags & 3) !== 0) out.u8(cursor.u8());
    const count = cursor.leb32();
    out.leb32(count);
    for (let left = count; left > 0; left -= 1) {
      if (isExpressions) this.#constant(cursor, out);
      else this.#function(cursor, out);
    }
  }

  /** Copies a value type of one byte; the longer ones need features that were refused before. */
  #valueType(cursor: ByteCursor, out: ByteWriter): void {
    const type = cursor.u8();
    if (type < 0x65 || type > 0x7f)
      refuse("a type is not one that guests may use", cursor.offset - 1);
    out.u8(type);
  }

  #constant(cursor: ByteCursor, out: ByteWriter): void {
    const walker = this.#walker;
    walker.reset(cursor.offset, cursor.end);
    while (walker.next()) {
      if (walker.opcode === globalGet || walker.opcode === refFunc) {
        const index = readIndex(walker.bytes, walker.immediates);
        out.u8(walker.opcode);
        if (walker.opcode === globalGet) {
          // That came with garbage collection, which admission refuses.
          if (index >= this.#shape.globals.imported)
            refuse("a constant reads a global of the module's own", walker.start);
          this.#globalIndex(cursor, index, out);
        } else this.#functionIndex(cursor, index, out);
      } else {
        out.copy(walker.bytes, walker.start, walker.end);
      }
      if (walker.opcode !== end) continue;
      cursor.skip(walker.end - cursor.offset);
      return;
    }
    cursor.fail("a constant expression has no end");
  }

  #function(cursor: ByteCursor, out: ByteWriter): void {
    this.#functionIndex(cursor, cursor.leb32(), out);
  }

  #functionIndex(cursor: ByteCursor, index: number, out: ByteWriter): void {
    const { functions } = this.#shape;
    if (index >= functions.total) cursor.fail("a function is not there");
    this.exposed[index] = 1;
    out.leb32(shifted(functions, index));
  }

  #global(cursor: ByteCursor, out: ByteWriter): void {
    this.#globalIndex(cursor, cursor.leb32(), out);
  }

  #globalIndex(cursor: ByteCursor, index: number, out: ByteWriter): void {
    const { globals } = this.#shape;
    if (index >= globals.total) cursor.fail("a global is not there");
    out.leb32(shifted(globals, index));
  }
}
