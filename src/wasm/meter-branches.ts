import { afterIndex, readIndex } from "./instruction.ts";
import { editKind } from "./meter-edits.ts";
import { place } from "./meter-place.ts";
import { unreached } from "./meter-segments.ts";
import type { BodyState } from "./meter-state.ts";

const op = { if: 0x04, end: 0x0b, br: 0x0c, brIf: 0x0d, brTable: 0x0e } as const;

/** Finds the frame that a label means. */
export function frameOfLabel(state: BodyState, label: number): number {
  const index = state.segments.top - label;
  if (index < 0) state.walker.fail("a branch goes to a label that is not there");
  return index;
}

/**
 * Rewrites `br`: out of a region the counter goes back to the global, back to the top of a loop of
 * its own the loop goes on while the slice lasts, and otherwise the loop around it asks.
 */
export function rewriteBranch(state: BodyState, index: number): void {
  const { walker, segments, edits, counter } = state;
  const isLive = segments.current !== unreached;
  const target = segments.at(index);
  const depth = depthOf(state, index);
  if (isLive && counter.isLeftBy(index)) counter.toGlobal(walker.start);
  else if (isLive) counter.toLocal(walker.start);
  if (isLive && target.isPaidAhead) edits.addAdvance(branchPayment(state), target.header);
  if (isLive && target.isWrapped) {
    const from = edits.scratch.length;
    writeWhileFunded(state, depth);
    edits.addBytes(walker.start, walker.end, from);
  } else {
    moveLabel(state, index, depth);
  }
}

/**
 * The payment that a way back to a loop's top is added to: the one at hand, unless that is itself the
 * top of a loop and made by whoever goes there, so that nobody would pay for going round.
 */
function branchPayment({ walker, segments, edits }: BodyState): number {
  return edits.kind(segments.current) === editKind.none
    ? edits.addPayment(walker.start, editKind.payLocal)
    : segments.current;
}

/** Rewrites `br_if` as {@link rewriteBranch} does `br`, at the cost of the branch that is taken. */
export function rewriteConditionalBranch(state: BodyState, index: number): void {
  const { walker, segments, edits, counter } = state;
  const isLive = segments.current !== unreached;
  const target = segments.at(index);
  const depth = depthOf(state, index);
  const isLeft = counter.isLeftBy(index);
  if (isLive && !isLeft) counter.toLocal(walker.start);
  const isStored = isLive && isLeft && counter.region >= 0 && counter.at === place.local;
  if (isStored && target.arity > 0) {
    // The values that the branch carries lie below the condition, out of reach of an inner block.
    counter.toGlobal(walker.start);
  } else if (isStored || (isLive && target.isWrapped)) {
    const { scratch } = edits;
    let from = scratch.length;
    scratch.u8(op.if);
    scratch.u8(0x40);
    if (!isStored && target.isPaidAhead) {
      edits.addBytes(walker.start, walker.start, from);
      edits.addAdvance(edits.addPayment(walker.start, editKind.payLocal), target.header);
      from = scratch.length;
    }
    if (isStored) {
      scratch.u8(0x20);
      scratch.leb32(state.local);
      scratch.u8(0x24);
      scratch.leb32(state.indices.fuel);
      scratch.u8(op.br);
      scratch.leb32(depth + 1);
    } else {
      writeWhileFunded(state, depth + 1);
    }
    scratch.u8(op.end);
    edits.addBytes(walker.start, walker.end, from);
    return;
  }
  moveLabel(state, index, depth);
}

/** Rewrites `br_table` and notes where it goes. */
export function rewriteBranchTable(state: BodyState): void {
  const { walker, segments, edits, counter } = state;
  const { bytes } = walker;
  const { scratch } = edits;
  const isLive = segments.current !== unreached;
  const from = scratch.length;
  const count = readIndex(bytes, walker.immediates);
  scratch.u8(op.brTable);
  scratch.leb32(count);
  let at = walker.immediates;
  let isChanged = false;
  let leaves = false;
  let stays = false;
  for (let left = count + 1; left > 0; left -= 1) {
    at = afterIndex(bytes, at);
    const label = readIndex(bytes, at);
    const index = frameOfLabel(state, label);
    // The top of a loop of its own is entered through the loop around it, which asks.
    const depth = depthOf(state, index) + (isLive && segments.at(index).isWrapped ? 1 : 0);
    if (depth !== label) isChanged = true;
    if (counter.isLeftBy(index)) leaves = true;
    else stays = true;
    scratch.leb32(depth);
    segments.branch(index);
  }
  if (isLive && stays) counter.toLocal(walker.start);
  if (isLive && leaves) counter.toGlobal(walker.start);
  if (isChanged) edits.addBytes(walker.start, walker.end, from);
  else scratch.clear(from);
}

function depthOf(state: BodyState, index: number): number {
  const { segments } = state;
  return segments.at(segments.top).label - segments.at(index).label;
}

function moveLabel(state: BodyState, index: number, depth: number): void {
  const { walker, segments, edits } = state;
  if (depth === segments.top - index) return;
  edits.add(walker.immediates, walker.end, editKind.index, depth);
}

function writeWhileFunded(state: BodyState, depth: number): void {
  const { scratch } = state.edits;
  scratch.u8(0x20); // local.get
  scratch.leb32(state.local);
  scratch.u8(0x42); // i64.const 0
  scratch.u8(0);
  scratch.u8(0x59); // i64.ge_s
  scratch.u8(op.brIf);
  scratch.leb32(depth);
  scratch.u8(op.br);
  scratch.leb32(depth + 1);
}
