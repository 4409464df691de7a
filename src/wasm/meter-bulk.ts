import { PluginError } from "../errors.ts";
import { meterLimits } from "../limits.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { growth, type MeterIndices } from "./meter-imports.ts";
import { type ModuleShape, meterFailure, type TableShape } from "./meter-shape.ts";
import { oneLocal, op, valueType } from "./meter-write.ts";

const { i32 } = valueType;

/** The opcodes that a routine takes the place of. */
export const bulk = {
  memoryGrow: 0x40,
  memoryInit: 0xfc0008,
  memoryCopy: 0xfc000a,
  memoryFill: 0xfc000b,
  tableInit: 0xfc000c,
  tableCopy: 0xfc000e,
  tableGrow: 0xfc000f,
  tableFill: 0xfc0011,
} as const;

const bulkOpcodes: ReadonlySet<number> = new Set(Object.values(bulk));

/** Whether a routine takes the place of an opcode. */
export function isBulk(opcode: number): boolean {
  return opcode === bulk.memoryGrow || (opcode > 0xfc0000 && bulkOpcodes.has(opcode));
}

/** Bytes and table elements that one unit of fuel pays for, as powers of two. */
const bytesShift = Math.log2(meterLimits.bulkBytes.default);
const elementsShift = 0;
const pageShift = 16 - bytesShift;

/** A function that does a bulk operation: its type, and what writes its locals and instructions. */
export interface BulkRoutine {
  readonly parameters: readonly number[];
  readonly results: readonly number[];
  readonly write: (out: ByteWriter) => void;
}

interface BulkContext {
  readonly shape: ModuleShape;
  readonly indices: MeterIndices;
  readonly opcode: number;
}

/** Makes the routine for one bulk operation with its one or two indices. */
export function bulkRoutine(context: BulkContext, first: number, second: number): BulkRoutine {
  const { shape, opcode } = context;
  switch (opcode) {
    case bulk.memoryGrow:
      if (first >= shape.memories.length) failAbsent("memory");
      return memoryGrow(context, first);
    case bulk.tableGrow:
      return tableGrow(context, first, tableAt(shape, first));
    case bulk.tableFill:
      return payThenDo(
        context,
        [i32, ...tableAt(shape, first).element, i32],
        [first],
        elementsShift,
      );
    case bulk.memoryFill:
      return payThenDo(context, [i32, i32, i32], [first], bytesShift);
    case bulk.memoryInit:
    case bulk.memoryCopy:
      return payThenDo(context, [i32, i32, i32], [first, second], bytesShift);
    default:
      return payThenDo(context, [i32, i32, i32], [first, second], elementsShift);
  }
}

/** `(destination, what, length) -> ()`: pays for the length, then does it. */
function payThenDo(
  context: BulkContext,
  parameters: readonly number[],
  immediates: readonly number[],
  shift: number,
): BulkRoutine {
  const write = (out: ByteWriter) => {
    out.u8(0); // no locals
    pay(context, out, () => {
      op(out, 0x20, 2); // local.get
      op(out, 0xad); // i64.extend_i32_u
      op(out, 0x42, shift); // i64.const
      op(out, 0x88); // i64.shr_u
    });
    for (const local of [0, 1, 2]) op(out, 0x20, local);
    op(out, 0xfc, context.opcode & 0xffff, ...immediates);
  };
  return { parameters, results: [], write };
}

/** `(pages) -> (pages before, or -1)` */
function memoryGrow(context: BulkContext, memory: number): BulkRoutine {
  const maximum = context.shape.memories[memory]?.maximum;
  const write = (out: ByteWriter) => {
    oneLocal(out, i32);
    reserve(context, out, growth.memory, 0);
    checkMaximum(context, out, maximum, growth.memoryFailed, 0, () => op(out, 0x3f, memory));
    pay(context, out, () => {
      op(out, 0x20, 0);
      op(out, 0xad);
      op(out, 0x42, pageShift);
      op(out, 0x86); // i64.shl
    });
    op(out, 0x20, 0);
    op(out, 0x40, memory); // memory.grow
    settle(context, out, growth.memoryFailed, 0, 1);
  };
  return { parameters: [i32], results: [i32], write };
}

/** `(element, elements) -> (elements before, or -1)` */
function tableGrow(context: BulkContext, table: number, shape: TableShape): BulkRoutine {
  const write = (out: ByteWriter) => {
    oneLocal(out, i32);
    reserve(context, out, growth.table, 1);
    checkMaximum(context, out, shape.maximum, growth.tableFailed, 1, () =>
      op(out, 0xfc, 0x10, table),
    );
    pay(context, out, () => {
      op(out, 0x20, 1);
      op(out, 0xad);
    });
    op(out, 0x20, 0);
    op(out, 0x20, 1);
    op(out, 0xfc, 0x0f, table); // table.grow
    settle(context, out, growth.tableFailed, 1, 2);
  };
  return { parameters: [...shape.element, i32], results: [i32], write };
}

/** Pays what `amount` computes, and asks when the counter is below zero. */
function pay({ indices: { fuel, ask } }: BulkContext, out: ByteWriter, amount: () => void): void {
  op(out, 0x23, fuel); // global.get
  amount();
  op(out, 0x7d); // i64.sub
  op(out, 0x24, fuel); // global.set
  op(out, 0x23, fuel);
  op(out, 0x42, 0);
  op(out, 0x53); // i64.lt_s
  op(out, 0x04, 0x40); // if
  op(out, 0x10, ask);
  op(out, 0x0b);
}

/** Asks the host whether something may grow; the guest gets -1 when it may not. */
function reserve(context: BulkContext, out: ByteWriter, kind: number, amount: number): void {
  op(out, 0x41, kind); // i32.const
  op(out, 0x20, amount);
  op(out, 0x10, context.indices.grow);
  op(out, 0x45); // i32.eqz
  op(out, 0x04, 0x40);
  returnFailure(out);
}

/** Gives the guest -1 at once, and for nothing, when the maximum that the module declares forbids it. */
function checkMaximum(
  context: BulkContext,
  out: ByteWriter,
  maximum: number | undefined,
  failed: number,
  amount: number,
  writeSize: () => void,
): void {
  if (maximum === undefined) return;
  writeSize();
  op(out, 0xad);
  op(out, 0x20, amount);
  op(out, 0xad);
  op(out, 0x7c); // i64.add
  out.u8(0x42);
  out.signedLeb(maximum);
  op(out, 0x56); // i64.gt_u
  op(out, 0x04, 0x40);
  giveBack(context, out, failed, amount);
  returnFailure(out);
}

/** Tells the host when the growth failed after all, and gives the result. */
function settle(
  context: BulkContext,
  out: ByteWriter,
  failed: number,
  amount: number,
  result: number,
): void {
  op(out, 0x22, result); // local.tee
  op(out, 0x41, 0x7f); // i32.const -1
  op(out, 0x46); // i32.eq
  op(out, 0x04, 0x40);
  giveBack(context, out, failed, amount);
  op(out, 0x0b);
  op(out, 0x20, result);
}

function giveBack(context: BulkContext, out: ByteWriter, failed: number, amount: number): void {
  op(out, 0x41, failed);
  op(out, 0x20, amount);
  op(out, 0x10, context.indices.grow);
  op(out, 0x1a); // drop
}

/** Ends an `if` with the guest's -1. */
function returnFailure(out: ByteWriter): void {
  op(out, 0x41, 0x7f);
  op(out, 0x0f); // return
  op(out, 0x0b);
}

function tableAt(shape: ModuleShape, index: number): TableShape {
  return shape.tables[index] ?? failAbsent("table");
}

function failAbsent(what: string): never {
  throw new PluginError({
    code: meterFailure.code,
    phase: meterFailure.phase,
    message: `In ${meterFailure.subject}, an instruction names a ${what} that is not there.`,
  });
}
