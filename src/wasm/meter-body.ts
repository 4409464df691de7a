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
  makeNoisy,
  planBulk,
  planDirectCall,
  planIndirectCall,
  shiftFunction,
  shiftGlobal,
} from "./meter-calls.ts";
import type { EditMark } from "./meter-edits.ts";
import { unreached } from "./meter-segments.ts";
import { addCost, addPayment, type BodyState, loopFact } from "./meter-state.ts";

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
 * A first pass finds where payments go and which loops call nothing. A second keeps the counter in a
 * local in those loops, or in the whole body when the global is read and written less often then: a
 * payment in a local is an addition in a register, but calls need the counter in the global.
 *
 * @param state The module's state; what it says of another body is forgotten.
 * @param body The body.
 * @returns The payment at its entry.
 * @throws PluginError `artifact/malformed` or `artifact/unsupported`.
 */
export function planBody(state: BodyState, body: Body): number {
  const mark = state.edits.mark();
  state.walker.scan(body.start, body.end, body.local);
  state.isSecond = false;
  const entry = planPass(state, body, mark, false);
  const both = loopFact.quiet | loopFact.repeats;
  const hasRegions = state.loops.some((facts) => (facts & both) === both);
  const again = (isWhole: boolean): number => {
    state.edits.rewind(mark);
    return planPass(state, body, mark, isWhole);
  };
  const apart = trafficOf(state, body, entry);
  state.isSecond = hasRegions;
  if (state.mayThrow || apart <= 2) return hasRegions ? again(false) : entry;
  state.isSecond = true;
  const whole = again(true);
  if (trafficOf(state, body, whole) < apart) return whole;
  state.isSecond = hasRegions;
  return again(false);
}

/** How often a body as planned reads or writes the global; its callers may pay its entry. */
function trafficOf({ counter, edits }: BodyState, body: Body, entry: number): number {
  const isAhead = !body.isExposed && edits.amount(entry) <= meterLimits.paidAheadFuel.default;
  return counter.traffic(isAhead ? entry : undefined);
}

function planPass(state: BodyState, body: Body, mark: EditMark, isWhole: boolean): number {
  const { walker, segments, counter, edits } = state;
  state.local = body.local;
  if (!state.isSecond) state.loops.length = 0;
  state.loop = 0;
  state.callsSince = 0;
  state.callsUnknown = false;
  state.mayThrow = false;
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
      markThrowing(state);
      leave(state);
      return;
    case 0x06: // try
      markThrowing(state);
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
      markThrowing(state);
      openTryTable(state);
      return;
    default:
      addCost(state, 1);
  }
}

function markThrowing(state: BodyState): void {
  state.mayThrow = true;
  makeNoisy(state);
}

/** Notes that control leaves the function, or at least every frame that is known here. */
function leave({ segments }: BodyState): void {
  segments.escape(0);
  segments.current = unreached;
}
