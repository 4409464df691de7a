import { meterLimits } from "../limits.ts";
import { readIndex } from "./instruction.ts";
import {
  closeBlock,
  nextArm,
  openArms,
  openBlock,
  openLoop,
  openTryTable,
} from "./meter-blocks.ts";
import {
  frameOfLabel,
  rewriteBranch,
  rewriteBranchTable,
  rewriteConditionalBranch,
} from "./meter-branches.ts";
import {
  planBulk,
  planDirectCall,
  planIndirectCall,
  shiftFunction,
  shiftGlobal,
} from "./meter-calls.ts";
import type { EditMark } from "./meter-edits.ts";
import { unreached } from "./meter-segments.ts";
import { addCost, addPayment, type BodyState } from "./meter-state.ts";

/** A function body to be planned. */
export interface Body {
  /** Where its instructions are: `[start, end)`. */
  readonly start: number;
  readonly end: number;
  /** The first local that is free. */
  readonly local: number;
  /** What entering it costs. */
  readonly entryFuel: number;
  /** How many values it returns. */
  readonly results: number;
  /** Whether it may be called other than by a direct call. */
  readonly isExposed: boolean;
}

/**
 * Plans the edits of one function body.
 *
 * The counter is kept in a local in the whole body when the global is read and written less often then,
 * else in the loops that call nothing: a payment in a local is an addition in a register, but calls
 * need the counter in the global.
 *
 * @param state The module's state; what it says of another body is forgotten.
 * @param body The body.
 * @returns The payment at its entry.
 * @throws PluginError `artifact/malformed` or `artifact/unsupported`.
 */
export function planBody(state: BodyState, body: Body): number {
  const { walker, loops, counter, edits } = state;
  const mark = edits.mark();
  walker.scan(body.start, body.end, body.local);
  loops.read();
  // What is thrown leaves a local behind; and what has one payment moves nothing.
  if (!loops.mayThrow && !loops.isStraight) {
    const whole = planPass(state, body, mark, true);
    if (counter.traffic < counter.trafficApart) return whole;
    edits.rewind(mark);
  }
  return planPass(state, body, mark, false);
}

function planPass(state: BodyState, body: Body, mark: EditMark, isWhole: boolean): number {
  const { walker, segments, counter, edits } = state;
  state.local = body.local;
  state.loop = 0;
  state.callsSince = 0;
  state.callsUnknown = false;
  walker.rewind();
  counter.begin(isWhole);
  const entry = addPayment(state);
  segments.begin(entry, body.results);
  addCost(state, body.entryFuel);
  while (segments.top >= 0 && walker.next()) {
    const { opcode } = walker;
    if (walker.before > 0) addCost(state, walker.before);
    if (opcode < 0x100) {
      planInstruction(state, opcode);
    } else {
      addCost(state, 1);
      planBulk(state);
    }
  }
  if (segments.top >= 0 || walker.end !== body.end) {
    walker.fail("a function body does not end where it should");
  }
  if (isWhole) {
    // Its callers may pay the entry.
    const isAhead = !body.isExposed && edits.amount(entry) <= meterLimits.paidAheadFuel.default;
    counter.weigh(isAhead ? entry : undefined);
  }
  edits.settleAdvances(mark);
  if (edits.total(mark) > meterLimits.fuelBetweenAsking.default) {
    edits.setAsking(entry, true);
    state.callsUnknown = true; // so that it goes on to ask
  }
  return entry;
}

function planInstruction(state: BodyState, opcode: number): void {
  const { segments } = state;
  switch (opcode) {
    case 0x02: // block
      openBlock(state);
      return;
    case 0x03: // loop
      openLoop(state);
      return;
    case 0x04: // if
      addCost(state, 1);
      openArms(state, false);
      segments.split();
      return;
    case 0x05: // else
      nextArm(state, true);
      return;
    case 0x0b: // end
      closeBlock(state);
      return;
    case 0x0c: // br
    case 0x0d: // br_if
    case 0x0e: // br_table
      addCost(state, 1);
      planBranch(state, opcode);
      return;
    case 0x00: // unreachable
    case 0x0f: // return
      if (segments.current !== unreached) state.counter.toGlobal(state.walker.start);
      if (opcode === 0x0f) leave(state);
      segments.current = unreached;
      return;
    case 0x10: // call
      addCost(state, 1);
      planDirectCall(state);
      return;
    case 0x11: // call_indirect
      addCost(state, 1);
      planIndirectCall(state);
      return;
    case 0x23: // global.get
    case 0x24: // global.set
      addCost(state, 1);
      shiftGlobal(state);
      return;
    case 0x40: // memory.grow
      addCost(state, 1);
      planBulk(state);
      return;
    case 0xd2: // ref.func
      addCost(state, 1);
      shiftFunction(state);
      return;
    default:
      planRareControl(state, opcode);
  }
}

function planBranch(state: BodyState, opcode: number): void {
  const { walker, segments } = state;
  if (opcode === 0x0e) {
    rewriteBranchTable(state);
    segments.current = unreached;
    return;
  }
  const index = frameOfLabel(state, readIndex(walker.bytes, walker.immediates));
  if (opcode === 0x0c) {
    rewriteBranch(state, index);
    segments.branch(index);
    segments.current = unreached;
  } else {
    rewriteConditionalBranch(state, index);
    segments.branch(index);
    segments.split();
  }
}

function planRareControl(state: BodyState, opcode: number): void {
  switch (opcode) {
    case 0x12: // return_call
      addCost(state, 1);
      planDirectCall(state);
      leave(state);
      return;
    case 0x13: // return_call_indirect
      addCost(state, 1);
      planIndirectCall(state);
      leave(state);
      return;
    case 0x08: // throw
    case 0x09: // rethrow
    case 0x0a: // throw_ref
      addCost(state, meterLimits.throwFuel.default);
      leave(state);
      return;
    case 0x06: // try
      openArms(state, true);
      return;
    case 0x07: // catch
    case 0x19: // catch_all
      nextArm(state, false);
      return;
    case 0x18: // delegate
      closeBlock(state);
      return;
    case 0x1f: // try_table
      openTryTable(state);
      return;
    default:
      addCost(state, 1);
  }
}

/** Notes that control leaves the function, or at least every frame that is known here. */
function leave({ segments }: BodyState): void {
  segments.escape(0);
  segments.current = unreached;
}
