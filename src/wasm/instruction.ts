import type { CursorFailure } from "../bytes.ts";
import { ImmediateSkipper } from "./immediates.ts";
import { immediate, type OpcodeTable, plainOpcodes, prefixedOpcodes } from "./opcode.ts";

/** An opcode as one number: the byte itself, or `prefix << 16 | sub-opcode` (`0xfc000a` is memory.copy). */
export type Opcode = number;

/**
 * Walks the instructions of a function body or constant expression, one at a time and without a copy.
 *
 * It skips immediates exactly and refuses what it does not know; it does not validate types, nesting or
 * indices, which the engine does. All offsets are absolute in `bytes`. It is one object that moves, not
 * one object an instruction, because a 12 MB guest has five million of them.
 */
export class InstructionWalker {
  /** The instruction's {@link Opcode}. */
  opcode: Opcode = 0;
  /** Where the instruction starts. */
  start: number;
  /** Where its immediates start: after the opcode and sub-opcode. */
  immediates: number;
  readonly bytes: Uint8Array;
  readonly #skipper: ImmediateSkipper;

  /**
   * @param bytes The module's bytes.
   * @param failure What malformed bytes are reported as; its code does not apply to unknown opcodes,
   *   which are `artifact/unsupported`.
   * @param start Where the first instruction starts.
   * @param limit Where the instructions must have ended.
   */
  constructor(bytes: Uint8Array, failure: CursorFailure, start = 0, limit = bytes.length) {
    this.start = start;
    this.immediates = start;
    this.bytes = bytes;
    this.#skipper = new ImmediateSkipper(bytes, failure, start, limit);
  }

  /** Where the next instruction starts. */
  get end(): number {
    return this.#skipper.at;
  }

  /** The features needed by every instruction walked so far, as a mask (`featuresOfMask`). */
  get features(): number {
    return this.#skipper.features;
  }

  /** Fails with what malformed bytes are reported as. */
  fail(reason: string, offset = this.start): never {
    return this.#skipper.fail(reason, offset);
  }

  /** Moves to another stretch of the same bytes; the features stay. */
  reset(start: number, limit: number): void {
    this.start = start;
    this.immediates = start;
    this.#skipper.at = start;
    this.#skipper.limit = Math.min(limit, this.bytes.length);
  }

  /**
   * Walks one instruction.
   *
   * @returns Whether there was one; `false` at the limit.
   * @throws PluginError `artifact/unsupported` for an unknown opcode, the failure's code for
   *   an instruction that the limit cuts or whose immediates are malformed.
   */
  next(): boolean {
    const skipper = this.#skipper;
    const start = skipper.at;
    if (start >= skipper.limit) return false;
    const byte = this.bytes[start] as number;
    this.start = start;
    skipper.instruction = start;
    skipper.at = start + 1;
    const follows = plainOpcodes.immediates[byte] as number;
    if (follows === immediate.prefix) return this.#prefixed(byte);
    this.opcode = byte;
    this.immediates = start + 1;
    skipper.features |= plainOpcodes.features[byte] as number;
    if (follows === immediate.unknown) skipper.refuse(hex(byte));
    skipper.skip(follows);
    return true;
  }

  #prefixed(prefix: number): true {
    const skipper = this.#skipper;
    const sub = skipper.u32();
    const table = prefixedOpcodes[prefix - 0xfb] as OpcodeTable;
    const follows = table.immediates[sub] ?? immediate.unknown;
    if (follows === immediate.unknown) skipper.refuse(`${hex(prefix)} ${hex(sub)}`);
    this.opcode = (prefix << 16) | sub;
    this.immediates = skipper.at;
    skipper.features |= table.features[sub] as number;
    skipper.skip(follows);
    return true;
  }
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/**
 * The length of an instruction that is of one of the usual short forms, or 0.
 *
 * Most instructions of real code are; a loop that steps over them with this and leaves only the others
 * to a walker takes half the time.
 *
 * @param at Where the instruction starts; what it says may go past the end of the bytes.
 * @param follows What the opcode's table says that follows it.
 */
export function shortLength(bytes: Uint8Array, at: number, follows: number): number {
  if (follows === immediate.none) return 1;
  if (follows === immediate.index || follows === immediate.int32) {
    if ((bytes[at + 1] as number) < 0x80) return 2;
    return (bytes[at + 2] as number) < 0x80 ? 3 : 0;
  }
  if (follows === immediate.memoryArgument) {
    if ((bytes[at + 1] as number) >= 0x40) return 0;
    if ((bytes[at + 2] as number) < 0x80) return 3;
    return (bytes[at + 3] as number) < 0x80 ? 4 : 0;
  }
  if (follows === immediate.blockType) {
    const type = bytes[at + 1] as number;
    return type === 0x40 || (type >= 0x7c && type < 0x80) ? 2 : 0;
  }
  return 0;
}

/**
 * Reads an index that a walker has skipped, and so found well-formed.
 *
 * @param bytes The module's bytes.
 * @param at Where the index starts.
 */
export function readIndex(bytes: Uint8Array, at: number): number {
  let value = bytes[at] as number;
  if (value < 0x80) return value;
  value &= 0x7f;
  for (let index = 1; ; index += 1) {
    const byte = bytes[at + index] as number;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return value;
  }
}

/** Where the next immediate starts after an index that a walker has skipped. */
export function afterIndex(bytes: Uint8Array, at: number): number {
  let next = at;
  while ((bytes[next] as number) >= 0x80) next += 1;
  return next + 1;
}
