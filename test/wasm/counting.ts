import { ByteCursor } from "../../src/bytes.ts";
import { meterLimits } from "../../src/limits.ts";
import { ByteWriter } from "../../src/wasm/byte-writer.ts";
import { InstructionWalker, readIndex } from "../../src/wasm/instruction.ts";

const failure = { code: "artifact/malformed", phase: "preparation", subject: "a test" } as const;

/**
 * Rewrites a module so that every instruction counts itself, at its own place, in an exported i64
 * global named `count`: slow, and too simple to be wrong.
 *
 * Over `most` of them it traps. The module has a global and an export section, and bulk operations whose length is the constant
 * just before them.
 */
export function countEveryInstruction(
  bytes: Uint8Array,
  most = Number.MAX_SAFE_INTEGER,
): Uint8Array<ArrayBuffer> {
  const cursor = new ByteCursor(bytes, failure, 8);
  const out = new ByteWriter();
  out.copy(bytes, 0, 8);
  let counter = 0;
  while (!cursor.isAtEnd) {
    const id = cursor.u8();
    const section = cursor.sub(cursor.leb32());
    const content = new ByteWriter();
    if (id === 6 || id === 7) {
      const count = section.leb32();
      if (id === 6) counter = count;
      content.leb32(count + 1);
      content.copy(bytes, section.offset, section.end);
      const added =
        id === 6
          ? [0x7e, 1, 0x42, 0, 0x0b]
          : [5, ...[..."count"].map((c) => c.charCodeAt(0)), 3, counter];
      for (const byte of added) content.u8(byte);
    } else if (id === 10) {
      const count = section.leb32();
      content.leb32(count);
      for (let left = count; left > 0; left -= 1) {
        const body = countBody(section.sub(section.leb32()), counter, most);
        content.leb32(body.length);
        content.append(body);
      }
    } else {
      content.copy(bytes, section.offset, section.end);
    }
    out.u8(id);
    out.leb32(content.length);
    out.append(content);
  }
  return out.finish();
}

function countBody(body: ByteCursor, counter: number, most: number): ByteWriter {
  const out = new ByteWriter();
  const { bytes } = body;
  const start = body.offset;
  let locals = 0;
  for (let left = body.leb32(); left > 0; left -= 1) {
    locals += body.leb32();
    body.skip(1);
  }
  out.copy(bytes, start, body.offset);
  const count = (amount: number) => {
    if (amount === 0) return;
    out.u8(0x23);
    out.leb32(counter);
    out.u8(0x42);
    out.signedLeb(amount);
    out.u8(0x7c);
    out.u8(0x24);
    out.leb32(counter);
    // Over the most that it may count, it traps.
    out.u8(0x23);
    out.leb32(counter);
    out.u8(0x42);
    out.signedLeb(most);
    for (const byte of [0x55, 0x04, 0x40, 0x00, 0x0b]) out.u8(byte);
  };
  count(1 + Math.max(0, locals - meterLimits.freeLocals.default));
  const walker = new InstructionWalker(bytes, failure, body.offset, body.end);
  let constant = 0;
  while (walker.next()) {
    count(costOf(walker.opcode, constant));
    out.copy(bytes, walker.start, walker.end);
    if (walker.opcode === 0x41) constant = readIndex(bytes, walker.immediates);
  }
  return out;
}

/** The instructions that only give structure. */
const free: ReadonlySet<number> = new Set([
  0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x0b, 0x0f, 0x18, 0x19, 0x1a, 0x1f,
]);

function costOf(opcode: number, length: number): number {
  if (free.has(opcode)) return 0;
  if (opcode === 0x08 || opcode === 0x09 || opcode === 0x0a) return meterLimits.throwFuel.default;
  const isBulk = opcode === 0xfc0008 || opcode === 0xfc000a || opcode === 0xfc000b;
  if (!isBulk) return 1;
  const { bulkFuel, bulkBytes } = meterLimits;
  return 1 + bulkFuel.default + Math.floor(length / bulkBytes.default);
}
