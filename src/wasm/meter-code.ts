import { meterLimits } from "../limits.ts";
import { ByteWriter } from "./byte-writer.ts";
import { ImmediateSkipper } from "./immediates.ts";
import { planBody } from "./meter-body.ts";
import { type Edits, editKind } from "./meter-edits.ts";
import type { MeterIndices } from "./meter-imports.ts";
import type { Routines } from "./meter-routines.ts";
import { BodyScan } from "./meter-scan.ts";
import { type FunctionPlan, settleCalls } from "./meter-settle.ts";
import { type ModuleShape, meterFailure, refuse, refuseFeatures } from "./meter-shape.ts";
import { newBodyState } from "./meter-state.ts";
import {
  writeAskingPayment,
  writeLocalAsking,
  writeLocalPayment,
  writeMove,
  writePayment,
} from "./meter-write.ts";
import { immediate } from "./opcode.ts";

/** A function body and the edits that meter it. */
interface PlannedBody {
  /** Where its groups of locals start and end in the module. */
  readonly groups: number;
  readonly locals: number;
  readonly instructions: number;
  readonly end: number;
  /** The local that is added. */
  readonly local: number;
  /** Its edits: `[first, last)`. */
  readonly first: number;
  readonly last: number;
}

/**
 * Plans how every function body of a module is metered.
 *
 * @param exposed The functions that may be called other than by a direct call. The entry of all others
 *   is paid by their callers, together with what these pay anyway.
 * @returns The bodies in their order.
 */
export function planCode(
  shape: ModuleShape,
  edits: Edits,
  routines: Routines,
  exposed: Uint8Array,
): PlannedBody[] {
  const { bytes, definedTypes, functions, types } = shape;
  const scan = new BodyScan(bytes);
  const state = newBodyState(scan, edits, shape, routines);
  const section = shape.sections.find(({ id }) => id === 10);
  const reader = new ImmediateSkipper(bytes, meterFailure, section?.start ?? 0, section?.end ?? 0);
  const count = section === undefined ? 0 : reader.u32();
  if (count !== definedTypes.length) reader.fail("functions and bodies differ in number");
  const bodies: PlannedBody[] = [];
  const plans: FunctionPlan[] = [];
  for (let index = 0; index < count; index += 1) {
    const size = reader.u32();
    const end = reader.at + size;
    if (end > (section?.end ?? 0)) reader.fail("a function body is cut short", reader.at);
    const type = definedTypes[index] as number;
    const groups = reader.u32();
    const locals = reader.at;
    const parameters = types.parameters[type] as number;
    let local = parameters;
    for (let left = groups; left > 0; left -= 1) {
      local += reader.u32();
      reader.skip(immediate.valueType);
    }
    const instructions = reader.at;
    if (local >= mostLocals) refuse("a function leaves no room for one more local", locals);
    const first = edits.count;
    const results = types.results[type] as number;
    const debts = edits.debts.length;
    const asks = edits.asks.length;
    const entry = planBody(state, {
      start: instructions,
      end,
      local,
      entryFuel: 1 + Math.max(0, local - parameters - meterLimits.freeLocals.default),
      results,
      isExposed: exposed[functions.imported + index] === 1,
    });
    plans.push({ entry, debts, asks, callsUnknown: state.callsUnknown });
    bodies.push({ groups, locals, instructions, end, local, first, last: edits.count });
    reader.at = end;
  }
  if (section !== undefined && reader.at !== section.end)
    reader.fail("the code has bytes left over");
  refuseFeatures(reader.features | scan.features);

  settleCalls(plans, edits, functions, exposed);
  return bodies;
}

/** No engine takes more locals than this in one function, and metering adds one. */
const mostLocals = 50_000;

/** Writes the content of the code section: every body with its edits, then the meter's own. */
export function writeCode(
  bodies: readonly PlannedBody[],
  shape: ModuleShape,
  edits: Edits,
  routines: Routines,
  out: ByteWriter,
): void {
  const body = new ByteWriter(65_536);
  const { indices } = routines;
  out.leb32(bodies.length + routines.count);
  for (const planned of bodies) {
    body.clear();
    writeBody(planned, shape.bytes, edits, indices, body);
    out.leb32(body.length);
    out.append(body);
  }
  routines.write(out, body);
}

function writeBody(
  planned: PlannedBody,
  bytes: Uint8Array,
  edits: Edits,
  indices: MeterIndices,
  out: ByteWriter,
): void {
  const { local, first, last } = planned;
  out.leb32(planned.groups + 1);
  out.copy(bytes, planned.locals, planned.instructions);
  out.u8(1);
  out.u8(0x7e); // one more, an i64
  let at = planned.instructions;
  for (let edit = first; edit < last; edit += 1) {
    const start = edits.start(edit);
    if (start > at) out.copy(bytes, at, start);
    at = edits.end(edit);
    writeEdit(edits, edit, local, indices, out);
  }
  out.copy(bytes, at, planned.end);
}

function writeEdit(
  edits: Edits,
  edit: number,
  local: number,
  indices: MeterIndices,
  out: ByteWriter,
): void {
  const value = edits.value(edit);
  const kind = edits.kindOf(edit);
  switch (kind) {
    case editKind.none:
      break;
    case editKind.pay:
      writePayment(out, edits.amount(value), indices.fuel);
      break;
    case editKind.payAndAsk:
      writeAskingPayment(out, edits.amount(value), local, indices);
      break;
    case editKind.payLocal:
      writeLocalPayment(out, edits.amount(value), local);
      break;
    case editKind.payLocalAndAsk:
      writeLocalPayment(out, edits.amount(value), local);
      writeLocalAsking(out, local, indices.askLocal);
      break;
    case editKind.index:
      out.leb32(value);
      break;
    case editKind.call:
      out.u8(0x10);
      out.leb32(value);
      break;
    case editKind.load:
      writeMove(out, 0x23, indices.fuel, 0x21, local); // global.get, local.set
      break;
    case editKind.store:
      writeMove(out, 0x20, local, 0x24, indices.fuel); // local.get, global.set
      break;
    default:
      out.append(edits.scratch, value, value + kind - editKind.bytes);
  }
}
