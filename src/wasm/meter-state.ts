import type { Edits } from "./meter-edits.ts";
import type { MeterIndices } from "./meter-imports.ts";
import { LoopReader } from "./meter-loops.ts";
import { CounterPlace } from "./meter-place.ts";
import type { Routines } from "./meter-routines.ts";
import type { BodyScan } from "./meter-scan.ts";
import { Segments, unreached } from "./meter-segments.ts";
import type { ModuleShape } from "./meter-shape.ts";

/** What one body is planned with, and how far the planning is. */
export interface BodyState {
  readonly walker: BodyScan;
  readonly edits: Edits;
  readonly shape: ModuleShape;
  readonly indices: MeterIndices;
  readonly routines: Routines;
  readonly segments: Segments;
  readonly counter: CounterPlace;
  /** What is known of the body ahead. */
  readonly loops: LoopReader;
  /** The number of the next loop. */
  loop: number;
  /** The local that holds the counter inside a region. */
  local: number;
  /** Direct and indirect calls since the host was last asked for certain. */
  callsSince: number;
  /** Whether it calls functions that are not known here. */
  callsUnknown: boolean;
}

/** A state for planning the bodies of one module, one after the other. */
export function newBodyState(
  walker: BodyScan,
  edits: Edits,
  shape: ModuleShape,
  routines: Routines,
): BodyState {
  const state: BodyState = {
    walker,
    edits,
    shape,
    indices: routines.indices,
    routines,
    segments: new Segments(() => addPayment(state)),
    counter: new CounterPlace(edits),
    loops: new LoopReader(walker),
    loop: 0,
    local: 0,
    callsSince: 0,
    callsUnknown: false,
  };
  return state;
}

/** Adds a payment after the instruction at hand. */
export function addPayment(state: BodyState): number {
  return state.counter.pay(state.walker.end);
}

/** Has the payment at hand pay for the instruction at hand. */
export function addCost(state: BodyState, amount: number): void {
  const { current } = state.segments;
  if (current !== unreached) state.edits.increase(current, amount);
}
