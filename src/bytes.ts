import { type ErrorCode, type Phase, PluginError } from "./errors.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Decodes UTF-8 strictly: no replacement characters, a byte-order mark stays.
 *
 * @param bytes The bytes.
 * @returns The text, or `undefined` when the bytes are not UTF-8.
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined; // a TypeError is the decoder's only failure here
  }
}

/** @returns The text's UTF-8 bytes. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** @returns Lower-case hexadecimal, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Orders byte strings as unsigned bytes, a prefix first. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index += 1) {
    const difference = (left[index] as number) - (right[index] as number);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** @returns The parts joined in one new array. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** What a {@link ByteCursor} says when the bytes end early or an integer is malformed. */
export interface CursorFailure {
  readonly code: ErrorCode;
  readonly phase: Phase;
  /** What is being read, as the message's subject: `the archive`. */
  readonly subject: string;
}

/**
 * A bounds-checked cursor over bytes; every read past the end throws the failure it was made with.
 *
 * Sub-cursors share the bytes and keep absolute offsets, so that a message can say where.
 */
export class ByteCursor {
  readonly bytes: Uint8Array;
  readonly end: number;
  readonly #failure: CursorFailure;
  readonly #view: DataView;
  #at: number;

  constructor(bytes: Uint8Array, failure: CursorFailure, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.end = end;
    this.#failure = failure;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
  }

  /** The absolute offset of the next byte. */
  get offset(): number {
    return this.#at;
  }

  /** How many bytes are left before the end. */
  get remaining(): number {
    return this.end - this.#at;
  }

  /** Whether all bytes were read. */
  get isAtEnd(): boolean {
    return this.#at >= this.end;
  }

  /** Throws the cursor's failure with a reason and the offset. */
  fail(reason: string, offset = this.#at): never {
    throw new PluginError({
      code: this.#failure.code,
      phase: this.#failure.phase,
      message: `In ${this.#failure.subject}, ${reason} (at byte ${offset}).`,
      details: { offset },
    });
  }

  /** Reads one byte without moving. */
  peek(): number {
    this.#need(1);
    return this.bytes[this.#at] as number;
  }

  u8(): number {
    this.#need(1);
    const value = this.bytes[this.#at] as number;
    this.#at += 1;
    return value;
  }

  /** Reads an unsigned little-endian 16-bit integer. */
  u16(): number {
    this.#need(2);
    const value = this.#view.getUint16(this.#at, true);
    this.#at += 2;
    return value;
  }

  /** Reads an unsigned little-endian 32-bit integer. */
  u32(): number {
    this.#need(4);
    const value = this.#view.getUint32(this.#at, true);
    this.#at += 4;
    return value;
  }

  /** Moves over bytes and gives them, without a copy. */
  take(length: number): Uint8Array {
    this.#need(length);
    const taken = this.bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  /** Moves over bytes. */
  skip(length: number): void {
    this.#need(length);
    this.#at += length;
  }

  /** Moves over bytes and gives a cursor that sees only them. */
  sub(length: number): ByteCursor {
    this.#need(length);
    const part = new ByteCursor(this.bytes, this.#failure, this.#at, this.#at + length);
    this.#at += length;
    return part;
  }

  /** Reads an unsigned LEB128 integer of at most 32 bits, as WebAssembly encodes it (at most 5 bytes). */
  leb32(): number {
    const start = this.#at;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      if (shift === 28 && byte > 0x0f) this.fail("an integer is longer than 32 bits", start);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    this.fail("an integer is longer than 32 bits", start);
  }

  /** Reads an unsigned LEB128 integer of at most 64 bits (at most 10 bytes). */
  leb64(): bigint {
    const start = this.#at;
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.u8();
      if (shift === 63n && byte > 0x01) this.fail("an integer is longer than 64 bits", start);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    this.fail("an integer is longer than 64 bits", start);
  }

  /** Reads a signed LEB128 integer of the given width (32, 33 or 64 bits). */
  signedLeb(bits: 32 | 33 | 64): bigint {
    const start = this.#at;
    const most = Math.ceil(bits / 7);
    let value = 0n;
    for (let index = 0; index < most; index += 1) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << BigInt(index * 7);
      if (byte < 0x80) {
        const read = BigInt.asIntN(Math.min((index + 1) * 7, 64), value);
        if (BigInt.asIntN(bits, read) !== signExtend(value, (index + 1) * 7)) {
          this.fail(`an integer is longer than ${bits} bits`, start);
        }
        return BigInt.asIntN(bits, read);
      }
    }
    this.fail(`an integer is longer than ${bits} bits`, start);
  }

  /** Reads a length-prefixed UTF-8 name. */
  name(): string {
    const start = this.#at;
    const text = decodeUtf8(this.take(this.leb32()));
    return text ?? this.fail("a name is not UTF-8", start);
  }

  #need(length: number): void {
    if (length > this.end - this.#at) this.fail("the bytes end too early");
  }
}

function signExtend(value: bigint, bits: number): bigint {
  return BigInt.asIntN(bits, value);
}
