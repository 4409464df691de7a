import type { ByteWriter } from "./byte-writer.ts";
import type { MeterIndices } from "./meter-imports.ts";

/** How the number types are encoded. */
export const valueType = { i32: 0x7f, i64: 0x7e } as const;

/** Moves the counter: the opcode that reads it and from where, the one that writes it and to where. */
export function writeMove(
  out: ByteWriter,
  get: number,
  from: number,
  set: number,
  to: number,
): void {
  out.u8(get);
  out.leb32(from);
  out.u8(set);
  out.leb32(to);
}

/** Pays out of the global. */
export function writePayment(out: ByteWriter, amount: number, fuel: number): void {
  if (amount === 0) return;
  out.u8(0x23); // global.get
  out.leb32(fuel);
  out.u8(0x42); // i64.const
  out.signedLeb(amount);
  out.u8(0x7d); // i64.sub
  out.u8(0x24); // global.set
  out.leb32(fuel);
}

/** Pays out of the global, and asks when it is below zero. */
export function writeAskingPayment(
  out: ByteWriter,
  amount: number,
  local: number,
  { fuel, ask }: MeterIndices,
): void {
  out.u8(0x23); // global.get
  out.leb32(fuel);
  if (amount > 0) {
    out.u8(0x42); // i64.const
    out.signedLeb(amount);
    out.u8(0x7d); // i64.sub
    out.u8(0x22); // local.tee
    out.leb32(local);
    writeMove(out, 0x24, fuel, 0x20, local); // global.set, local.get
  }
  out.u8(0x42);
  out.u8(0);
  out.u8(0x53); // i64.lt_s
  out.u8(0x04); // if
  out.u8(0x40);
  out.u8(0x10); // call
  out.leb32(ask);
  out.u8(0x0b);
}

/** Pays out of the local. */
export function writeLocalPayment(out: ByteWriter, amount: number, local: number): void {
  if (amount === 0) return;
  out.u8(0x20); // local.get
  out.leb32(local);
  out.u8(0x42); // i64.const
  out.signedLeb(amount);
  out.u8(0x7d); // i64.sub
  out.u8(0x21); // local.set
  out.leb32(local);
}

/** Asks when the counter in the local is below zero, and takes the new one. */
export function writeLocalAsking(out: ByteWriter, local: number, askLocal: number): void {
  out.u8(0x20); // local.get
  out.leb32(local);
  out.u8(0x42); // i64.const 0
  out.u8(0);
  out.u8(0x53); // i64.lt_s
  out.u8(0x04); // if
  out.u8(0x40);
  out.u8(0x20);
  out.leb32(local);
  out.u8(0x10); // call
  out.leb32(askLocal);
  out.u8(0x21); // local.set
  out.leb32(local);
  out.u8(0x0b);
}

/** Declares one local. */
export function oneLocal(out: ByteWriter, type: number): void {
  out.u8(1);
  out.u8(1);
  out.u8(type);
}

/** Writes an opcode and its immediates; a prefix takes its sub-opcode as the first of them. */
export function op(out: ByteWriter, opcode: number, ...immediates: number[]): void {
  out.u8(opcode);
  for (const value of immediates) out.leb32(value);
}
