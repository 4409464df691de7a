import { type CursorFailure, decodeUtf8 } from "../bytes.ts";
import { type ErrorCode, PluginError } from "../errors.ts";
import { featureBit, immediate } from "./opcode.ts";

const multiValue = featureBit("multi-value");
const referenceTypes = featureBit("reference-types");
const simd = featureBit("simd");
const multiMemory = featureBit("multi-memory");
const memory64 = featureBit("memory64");
const exceptions = featureBit("exceptions");
const gc = featureBit("gc");
const functionReferences = featureBit("function-references");
const stackSwitching = featureBit("stack-switching");

/**
 * Skips immediates exactly, and notes the features that they need.
 *
 * It is the half of an instruction walker that knows how immediates are encoded.
 */
export class ImmediateSkipper {
  readonly bytes: Uint8Array;
  /** The absolute offset of the next byte. */
  at: number;
  /** Where the bytes that may be read end. */
  limit: number;
  /** The features that everything skipped so far needs, as a mask. */
  features = 0;
  /** Where the instruction starts that failures are about. */
  instruction: number;
  readonly #failure: CursorFailure;

  constructor(bytes: Uint8Array, failure: CursorFailure, start: number, limit: number) {
    this.bytes = bytes;
    this.at = start;
    this.limit = Math.min(limit, bytes.length);
    this.instruction = start;
    this.#failure = failure;
  }

  /** Skips one kind of immediate. */
  skip(follows: number): void {
    switch (follows) {
      case immediate.none:
        return;
      case immediate.index:
        this.u32();
        return;
      case immediate.int32:
        this.#signed(5, 0x78);
        return;
      case immediate.memoryArgument:
        this.#memoryArgument();
        return;
      case immediate.blockType:
        this.#blockType();
        return;
      case immediate.int64:
        this.#signed(10, 0x7f);
        return;
      case immediate.oneByte:
        this.#fixed(1);
        return;
      case immediate.fourBytes:
        this.#fixed(4);
        return;
      case immediate.eightBytes:
        this.#fixed(8);
        return;
      case immediate.sixteenBytes:
        this.#fixed(16);
        return;
      case immediate.memoryArgumentAndLane:
        this.#memoryArgument();
        this.#fixed(1);
        return;
      case immediate.memory:
        this.#memory();
        return;
      case immediate.twoMemories:
        this.#memory();
        this.#memory();
        return;
      case immediate.segmentAndMemory:
        this.u32();
        this.#memory();
        return;
      case immediate.twoIndices:
        this.u32();
        this.u32();
        return;
      case immediate.typeAndTable:
        this.u32();
        if (this.u32() !== 0) this.features |= referenceTypes;
        return;
      case immediate.heapType:
        this.#heapType();
        return;
      default:
        this.#skipList(follows);
    }
  }

  #skipList(follows: number): void {
    switch (follows) {
      case immediate.labelTable:
        // One label more than the count says: the default.
        for (let left = this.#count() + 1; left > 0; left -= 1) this.u32();
        return;
      case immediate.valueTypes:
        for (let left = this.#count(); left > 0; left -= 1) this.#valueType();
        return;
      case immediate.tryTable:
        this.#blockType();
        for (let left = this.#count(); left > 0; left -= 1) this.#catch();
        return;
      case immediate.valueType:
        this.#valueType();
        return;
      case immediate.castBranch:
        if (this.byte() > 3) this.fail("the flags of a cast are unknown");
        this.u32();
        this.#heapType();
        this.#heapType();
        return;
      case immediate.resume:
      case immediate.resumeThrow:
        if (follows === immediate.resumeThrow) this.u32();
        this.#handlers();
        return;
      default:
        throw new RangeError(`there is no immediate ${follows}`);
    }
  }

  #catch(): void {
    const kind = this.byte();
    if (kind > 3) this.fail("a catch clause has an unknown kind");
    if (kind < 2) this.u32(); // the tag; catch_all has none
    this.u32();
  }

  #handlers(): void {
    this.u32();
    for (let left = this.#count(); left > 0; left -= 1) {
      const kind = this.byte();
      if (kind > 1) this.fail("a handler has an unknown kind");
      this.u32();
      if (kind === 0) this.u32();
    }
  }

  #memory(): void {
    if (this.u32() !== 0) this.features |= multiMemory;
  }

  #memoryArgument(): void {
    const flags = this.u32();
    if (flags >= 0x80) this.fail("a memory argument has an unknown flag");
    if ((flags & 0x40) !== 0) {
      this.features |= multiMemory;
      this.u32();
    }
    this.#offset();
  }

  /** A 64-bit offset; one that does not fit 32 bits needs a 64-bit memory. */
  #offset(): void {
    const first = this.at;
    for (let length = 1; length <= 10; length += 1) {
      const byte = this.byte();
      if (byte >= 0x80) continue;
      if (length === 10 && byte > 1) break;
      if (length > 5 || (length === 5 && byte > 0x0f)) this.features |= memory64;
      return;
    }
    this.fail("an offset is longer than 64 bits", first);
  }

  #blockType(): void {
    const byte = this.#peek();
    if (byte === 0x40) this.at += 1;
    else if (byte < 0x40 || byte >= 0x80) {
      this.features |= multiValue;
      this.#signed(5, 0x70);
    } else this.#valueType();
  }

  #valueType(): void {
    const byte = this.byte();
    if (byte >= 0x7c && byte <= 0x7f) return; // f64, f32, i64, i32
    if (byte === 0x7b) this.features |= simd;
    else if (byte === 0x63 || byte === 0x64) {
      this.features |= functionReferences;
      this.#heapType();
    } else this.#abstractHeapType(byte);
  }

  #heapType(): void {
    const byte = this.#peek();
    if (byte < 0x40 || byte >= 0x80) {
      this.features |= functionReferences;
      this.#signed(5, 0x70);
    } else {
      this.at += 1;
      this.#abstractHeapType(byte);
    }
  }

  #abstractHeapType(byte: number): void {
    if (byte === 0x70 || byte === 0x6f) this.features |= referenceTypes;
    else if (byte === 0x69 || byte === 0x74) this.features |= exceptions;
    else if (byte === 0x68 || byte === 0x75) this.features |= stackSwitching;
    else if (byte >= 0x6a && byte <= 0x73) this.features |= gc;
    else this.fail("a type is unknown", this.at - 1);
  }

  #fixed(length: number): void {
    this.at += length;
    if (this.at > this.limit) this.fail("an instruction is cut short");
  }

  #peek(): number {
    if (this.at >= this.limit) this.fail("an instruction is cut short");
    return this.bytes[this.at] as number;
  }

  /** Reads one byte. */
  byte(): number {
    const byte = this.#peek();
    this.at += 1;
    return byte;
  }

  /** A count of immediates of at least one byte each, so that a lie costs no time. */
  #count(): number {
    const count = this.u32();
    if (count > this.limit - this.at) this.fail("an instruction is cut short");
    return count;
  }

  /** Reads an unsigned LEB128 integer of at most 32 bits. */
  u32(): number {
    const first = this.at;
    let value = this.byte();
    if (value < 0x80) return value;
    value &= 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.byte();
      if (shift === 28 && byte > 0x0f) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    this.fail("an integer is longer than 32 bits", first);
  }

  /** A signed integer of at most `most` bytes; `sign` are the bits of the last byte that must agree. */
  #signed(most: number, sign: number): void {
    const first = this.at;
    for (let length = 1; length <= most; length += 1) {
      const byte = this.byte();
      if (byte >= 0x80) continue;
      if (length === most && (byte & sign) !== 0 && (byte & sign) !== sign) break;
      return;
    }
    this.fail("an integer is too long", first);
  }

  /** Reads a length-prefixed UTF-8 name. */
  name(): string {
    const start = this.at;
    const length = this.#count();
    this.at += length;
    const text = decodeUtf8(this.bytes.subarray(this.at - length, this.at));
    return text ?? this.fail("a name is not UTF-8", start);
  }

  /** Refuses what is encoded just before this place, because nothing here knows it. */
  unsupported(what: string, offset = this.at - 1): never {
    return this.#throw(
      "artifact/unsupported",
      `${what} (at byte ${offset}). Build the guest without it.`,
      offset,
    );
  }

  /** Refuses the opcode of the instruction. */
  refuse(name: string): never {
    return this.unsupported(`the opcode ${name} is unknown`, this.instruction);
  }

  /** Fails with what malformed bytes are reported as. */
  fail(reason: string, offset = this.instruction): never {
    return this.#throw(this.#failure.code, `${reason} (at byte ${offset}).`, offset);
  }

  #throw(code: ErrorCode, what: string, offset: number): never {
    const { phase, subject } = this.#failure;
    throw new PluginError({ code, phase, message: `In ${subject}, ${what}`, details: { offset } });
  }
}
