/**
 * Bytes being written: grows as needed, and writes LEB128 as WebAssembly encodes it.
 *
 * What bounds its length is whoever writes; it doubles when full.
 */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** @param capacity How many bytes are expected. */
  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(Math.max(capacity, 16));
  }

  /** How many bytes were written. */
  get length(): number {
    return this.#length;
  }

  /** Forgets what was written after `length`, and keeps the room for it. */
  clear(length = 0): void {
    this.#length = length;
  }

  u8(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  /** Writes `source[start, end)`. */
  copy(source: Uint8Array, start = 0, end = source.length): void {
    const length = end - start;
    if (this.#length + length > this.#bytes.length) this.#grow(length);
    const bytes = this.#bytes;
    let at = this.#length;
    // A call of `set` costs more than a few bytes moved by hand.
    if (length < 48)
      for (let from = start; from < end; from += 1) bytes[at++] = source[from] as number;
    else bytes.set(source.subarray(start, end), at);
    this.#length += length;
  }

  /** Writes what another writer holds, or a stretch of it. */
  append(other: ByteWriter, start = 0, end = other.#length): void {
    this.copy(other.#bytes, start, end);
  }

  /** Writes an unsigned LEB128 integer of at most 32 bits. */
  leb32(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.u8(rest);
  }

  /** Writes a signed LEB128 integer, a safe one. */
  signedLeb(value: number): void {
    let rest = value;
    for (;;) {
      // A remainder by 128 that is never negative; bit operations would cut at 32 bits.
      const low = ((rest % 128) + 128) % 128;
      rest = (rest - low) / 128;
      if ((rest === 0 && low < 0x40) || (rest === -1 && low >= 0x40)) {
        this.u8(low);
        return;
      }
      this.u8(low | 0x80);
    }
  }

  /** @returns A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #grow(by: number): void {
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + by));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
