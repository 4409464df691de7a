import { meterLimits } from "../limits.ts";
import { afterIndex, readIndex } from "./instruction.ts";
import { bulk } from "./meter-bulk.ts";
import { editKind } from "./meter-edits.ts";
import { unreached } from "./meter-segments.ts";
import type { IndexSpace } from "./meter-shape.ts";
import { addCost, type BodyState } from "./meter-state.ts";

const { bulkFuel, tableFuel, growFuel, callsBetweenAsking } = meterLimits;

/** What each bulk operation costs besides its length. */
const fixedFuel: ReadonlyMap<number, number> = new Map([
  [bulk.memoryGrow, growFuel.default],
  [bulk.memoryInit, bulkFuel.default],
  [bulk.memoryCopy, bulkFuel.default],
  [bulk.memoryFill, bulkFuel.default],
  [bulk.tableInit, tableFuel.default],
  [bulk.tableCopy, tableFuel.default],
  [bulk.tableGrow, growFuel.default],
  [bulk.tableFill, tableFuel.default],
]);

const hasTwoIndices: ReadonlySet<number> = new Set([
  bulk.memoryInit,
  bulk.memoryCopy,
  bulk.tableInit,
  bulk.tableCopy,
]);

/** Plans `call` or `return_call`: the payment at hand may pay the callee's entry as well. */
export function planDirectCall(state: BodyState): void {
  beforeCall(state, true);
  const callee = shiftFunction(state);
  const { current } = state.segments;
  if (current !== unreached) state.edits.debts.add(current, callee);
  afterCall(state);
}

/** Plans `call_indirect` or `return_call_indirect`. */
export function planIndirectCall(state: BodyState): void {
  const { walker, shape } = state;
  if (readIndex(walker.bytes, walker.immediates) >= shape.types.results.length) {
    walker.fail("a call has a type that is not there");
  }
  if (state.segments.current !== unreached) state.callsUnknown = true;
  beforeCall(state, true);
  afterCall(state);
}

/** Calls a routine in the place of a bulk operation; any other instruction stays as it is. */
export function planBulk(state: BodyState): void {
  const { bytes, opcode, start, end, immediates } = state.walker;
  const fixed = fixedFuel.get(opcode);
  if (fixed === undefined) return;
  const first = readIndex(bytes, immediates);
  const second = hasTwoIndices.has(opcode) ? readIndex(bytes, afterIndex(bytes, immediates)) : 0;
  addCost(state, fixed);
  beforeCall(state, false); // a routine asks by itself
  state.edits.add(start, end, editKind.call, state.routines.named(opcode, first, second));
  afterCall(state);
}

function beforeCall(state: BodyState, mustAsk: boolean): void {
  const { segments, counter, walker, edits } = state;
  if (segments.current === unreached) return;
  if (mustAsk && !segments.hasAsked) {
    edits.setAsking(segments.current, true);
    edits.asks.add(segments.current, 0);
    segments.ask();
  }
  counter.toGlobal(walker.start);
}

function afterCall(state: BodyState): void {
  const { segments, counter } = state;
  if (segments.current === unreached) return;
  counter.changeGlobal();
  state.callsSince += 1;
  if (state.callsSince < callsBetweenAsking.default) return;
  state.callsSince = 0;
  segments.split();
  state.edits.setAsking(segments.current, true);
}

/** Gives `global.get` or `global.set` the index that the global has afterwards. */
export function shiftGlobal(state: BodyState): void {
  shiftIndex(state, state.shape.globals, "a global is not there");
}

/** Gives `call` or `ref.func` the index that the function has afterwards. */
export function shiftFunction(state: BodyState): number {
  return shiftIndex(state, state.shape.functions, "a function is not there");
}

function shiftIndex({ walker, edits }: BodyState, space: IndexSpace, absent: string): number {
  const index = readIndex(walker.bytes, walker.immediates);
  if (index >= space.total) walker.fail(absent);
  if (index >= space.imported) {
    edits.add(walker.immediates, walker.end, editKind.index, index + space.added);
  }
  return index;
}
