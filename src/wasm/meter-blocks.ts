import { afterIndex, readIndex } from "./instruction.ts";
import { frameOfLabel } from "./meter-branches.ts";
import { editKind } from "./meter-edits.ts";
import { loopFact } from "./meter-loops.ts";
import { type Frame, frameKind, unreached } from "./meter-segments.ts";
import { addPayment, type BodyState } from "./meter-state.ts";
import { writeLocalAsking } from "./meter-write.ts";

/** By how much more what is inside a loop is guessed to run. */
const loopWeight = 8;

/** Opens a block, which may be a try_table's. */
export function openBlock(state: BodyState, kind: number = frameKind.block): Frame {
  const { walker, segments, counter, shape } = state;
  const { label } = segments.at(segments.top);
  const frame = segments.open(kind);
  frame.label = label + 1;
  frame.place = counter.at;
  const type = walker.bytes[walker.immediates] as number;
  if (type < 0x40 || type >= 0x80) {
    const index = readIndex(walker.bytes, walker.immediates);
    const { parameters, results } = shape.types;
    if (index >= results.length) walker.fail("a block has a type that is not there");
    frame.arity = (kind === frameKind.loop ? parameters[index] : results[index]) as number;
  } else {
    frame.arity = type === 0x40 || kind === frameKind.loop ? 0 : 1;
  }
  return frame;
}

/** Opens the first arm of an if, or the body of a legacy try, which always has a way to the end. */
export function openArms(state: BodyState, isExhaustive: boolean): void {
  const { segments, counter, walker } = state;
  // The way past all arms meets the others with the counter in the local.
  if (segments.current !== unreached) counter.toLocal(walker.start);
  openBlock(state, frameKind.arms).isExhaustive = isExhaustive;
}

/** Goes on to the next arm: else, catch or catch_all. */
export function nextArm(state: BodyState, isExhaustive: boolean): void {
  const { segments, counter, walker } = state;
  const frame = segments.at(segments.top);
  if (frame.kind !== frameKind.arms) walker.fail("an else or catch stands alone");
  if (segments.current !== unreached) counter.toLocal(walker.start);
  counter.at = frame.place;
  if (isExhaustive) frame.isExhaustive = true;
  segments.nextArm();
}

/** Opens a try_table, whose clauses are branches that its body may take anywhere. */
export function openTryTable(state: BodyState): void {
  const { segments } = state;
  const { bytes, immediates } = state.walker;
  let outermost = segments.top + 1;
  let at = afterIndex(bytes, immediates);
  const count = readIndex(bytes, at);
  at = afterIndex(bytes, at);
  for (let left = count; left > 0; left -= 1) {
    const hasTag = (bytes[at] as number) < 2;
    at += 1;
    if (hasTag) at = afterIndex(bytes, at);
    const index = frameOfLabel(state, readIndex(bytes, at));
    at = afterIndex(bytes, at);
    if (segments.current !== unreached) segments.at(index).isTarget = true;
    outermost = Math.min(outermost, index);
  }
  openBlock(state);
  segments.escape(outermost);
}

/**
 * Opens a loop.
 *
 * In a region a repeating loop gets a second one around it: branches back go on with the inner one
 * while the slice lasts, and through the outer one, which asks, when it is spent. So the inner loop
 * has no call in it that the engine would save registers for. Who branches back also pays for the top.
 */
export function openLoop(state: BodyState): void {
  const { walker, segments, counter, edits } = state;
  counter.weight *= loopWeight;
  const before = segments.current;
  const isLive = before !== unreached;
  const facts = state.loops.facts[state.loop] ?? 0;
  const repeats = (facts & loopFact.repeats) !== 0;
  const isQuiet = repeats && (facts & loopFact.quiet) !== 0;
  if (isLive) counter.toLocal(walker.start);
  const frame = openBlock(state, frameKind.loop);
  frame.facts = facts;
  state.loop += 1;
  if (!isLive) return;
  if (isQuiet && counter.region < 0) counter.enter(segments.top, walker.start);
  if (counter.region >= 0) counter.join();
  frame.isWrapped = counter.region >= 0 && repeats && frame.arity === 0;
  if (frame.isWrapped) wrap(state, frame);
  frame.header = addPayment(state);
  segments.current = frame.header;
  if (frame.isWrapped && (facts & loopFact.table) === 0) {
    frame.isPaidAhead = true;
    edits.setKind(frame.header, editKind.none);
    edits.addAdvance(before, frame.header);
  }
  if (!repeats) return;
  if (!frame.isWrapped) edits.setAsking(frame.header, true);
  segments.hasAsked = true;
}

function wrap(state: BodyState, frame: Frame): void {
  const { walker, edits } = state;
  const from = edits.scratch.length;
  writeLocalAsking(edits.scratch, state.local, state.indices.askLocal);
  edits.scratch.copy(walker.bytes, walker.start, walker.end);
  edits.addBytes(walker.end, walker.end, from);
  frame.label += 1;
}

/** Closes the innermost block. */
export function closeBlock(state: BodyState): void {
  const { walker, segments, counter, edits } = state;
  const index = segments.top;
  const frame = segments.at(index);
  const isLive = segments.current !== unreached;
  const isLoop = frame.kind === frameKind.loop;
  const joins = frame.kind === frameKind.arms || (!isLoop && frame.isTarget);
  if (isLoop) closeLoop(state, frame);
  if (isLive && index === 0) counter.toGlobal(walker.start);
  else if (isLive && joins) counter.toLocal(walker.start);
  if (frame.isWrapped) {
    const from = edits.scratch.length;
    edits.scratch.u8(0x0b);
    edits.addBytes(walker.end, walker.end, from);
  }
  if (index > 0 && counter.region === index) {
    if (isLive) counter.toGlobal(walker.end);
    counter.region = -1;
  } else if (joins) {
    counter.join();
  }
  segments.close();
}

function closeLoop({ counter }: BodyState, frame: Frame): void {
  counter.weight /= loopWeight;
  const isQuiet = (frame.facts & loopFact.quiet) !== 0 && (frame.facts & loopFact.repeats) !== 0;
  if (isQuiet && !frame.isUnreached) counter.foldTraffic(frame.header);
}
