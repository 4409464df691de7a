import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteCursor, compareBytes, concatBytes, decodeUtf8, toHex } from "../src/bytes.ts";
import { PluginError } from "../src/errors.ts";

const failure = {
  code: "artifact/malformed",
  phase: "inspection",
  subject: "the artifact",
} as const;
const cursor = (...bytes: number[]) => new ByteCursor(Uint8Array.from(bytes), failure);
const malformed = expect.objectContaining({ code: "artifact/malformed" });

describe("a cursor", () => {
  test("refuses a read past its end, and says where", () => {
    const reading = cursor(1, 2, 3);
    reading.skip(2);
    expect(() => reading.u16()).toThrow("In the artifact, the bytes end too early (at byte 2).");
    expect(reading.u8()).toBe(3);
    expect(reading.isAtEnd).toBe(true);
    expect(() => reading.peek()).toThrow(malformed);
  });

  test("confines what it hands out to its part, with offsets of the whole", () => {
    const whole = cursor(0, 1, 2, 3);
    whole.skip(1);
    const part = whole.sub(2);
    expect([part.offset, part.u8(), part.u8()]).toEqual([1, 1, 2]);
    expect(() => part.u8()).toThrow("at byte 3");
    expect(() => whole.sub(2)).toThrow(malformed);
    expect(whole.u8()).toBe(3);
  });

  test("sees only its view of a larger buffer", () => {
    const backing = Uint8Array.of(9, 9, 1, 0, 0, 0, 9);
    const view = new ByteCursor(backing.subarray(2, 6), failure);
    expect(view.u32()).toBe(1);
    expect(view.isAtEnd).toBe(true);
  });

  test("never moves on after a failure, nor throws anything but its failure", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 24 }),
        fc.array(fc.nat(7), { maxLength: 12 }),
        (bytes, steps) => {
          const reading = new ByteCursor(bytes, failure);
          const reads = [
            () => reading.u8(),
            () => reading.u16(),
            () => reading.u32(),
            () => reading.leb32(),
            () => reading.leb64(),
            () => reading.signedLeb(33),
            () => reading.name(),
            () => reading.take(5),
          ];
          for (const step of steps) {
            try {
              reads[step]?.();
            } catch (error) {
              expect(error).toBeInstanceOf(PluginError);
            }
            expect(reading.offset).toBeLessThanOrEqual(bytes.length);
            expect(reading.remaining).toBeGreaterThanOrEqual(0);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("LEB128", () => {
  test("reads every unsigned 32-bit integer back", () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), (value) => {
        expect(cursor(...unsigned(BigInt(value))).leb32()).toBe(value);
      }),
    );
    expect(cursor(...unsigned(0xffff_ffffn)).leb32()).toBe(0xffff_ffff);
  });

  test("reads every unsigned 64-bit integer back", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        expect(cursor(...unsigned(value)).leb64()).toBe(value);
      }),
    );
  });

  test.each([32, 33, 64] as const)("reads every signed %d-bit integer back", (bits) => {
    const limit = 2n ** BigInt(bits - 1);
    fc.assert(
      fc.property(fc.bigInt({ min: -limit, max: limit - 1n }), (value) => {
        expect(cursor(...signed(value)).signedLeb(bits)).toBe(value);
      }),
    );
  });

  test("takes padding up to the width and refuses what is longer or larger", () => {
    expect(cursor(0x81, 0x80, 0x80, 0x80, 0x00).leb32()).toBe(1);
    expect(() => cursor(0x81, 0x80, 0x80, 0x80, 0x80, 0x00).leb32()).toThrow(malformed);
    expect(() => cursor(0xff, 0xff, 0xff, 0xff, 0x1f).leb32()).toThrow("longer than 32 bits");
    const nines = Array.from({ length: 9 }, () => 0xff);
    expect(cursor(...nines, 0x01).leb64()).toBe(2n ** 64n - 1n);
    expect(() => cursor(...nines, 0x02).leb64()).toThrow("longer than 64 bits");
  });

  test("refuses signed integers outside their width", () => {
    for (const bits of [32, 33] as const) {
      const limit = 2n ** BigInt(bits - 1);
      expect(() => cursor(...signed(limit)).signedLeb(bits)).toThrow(malformed);
      expect(() => cursor(...signed(-limit - 1n)).signedLeb(bits)).toThrow(malformed);
    }
  });
});

describe("names and text", () => {
  test("are UTF-8, strictly", () => {
    expect(cursor(2, 0xc3, 0xa4).name()).toBe("ä");
    for (const bytes of [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff]]) {
      expect(decodeUtf8(Uint8Array.from(bytes))).toBeUndefined();
      expect(() => cursor(bytes.length, ...bytes).name()).toThrow("a name is not UTF-8");
    }
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe("\ufeffa");
  });
});

describe("byte strings", () => {
  test("are ordered as unsigned bytes, a prefix first", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 8 }),
        fc.uint8Array({ maxLength: 8 }),
        (left, right) => {
          expect(Math.sign(compareBytes(left, right))).toBe(Math.sign(Buffer.compare(left, right)));
        },
      ),
    );
  });

  test("are joined in their order and written in hexadecimal", () => {
    expect(toHex(concatBytes([Uint8Array.of(0, 1), new Uint8Array(), Uint8Array.of(255)]))).toBe(
      "0001ff",
    );
  });
});

function unsigned(value: bigint): number[] {
  const low = Number(value & 0x7fn);
  const rest = value >> 7n;
  return rest === 0n ? [low] : [low | 0x80, ...unsigned(rest)];
}

function signed(value: bigint): number[] {
  const low = Number(value & 0x7fn);
  const rest = value >> 7n;
  const isLast = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
  return isLast ? [low] : [low | 0x80, ...signed(rest)];
}
