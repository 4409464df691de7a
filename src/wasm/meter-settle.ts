import { meterLimits } from "../limits.ts";
import type { Edits } from "./meter-edits.ts";
import type { IndexSpace } from "./meter-shape.ts";

/** What planning found out about one function. */
export interface FunctionPlan {
  /** The payment at its entry. */
  readonly entry: number;
  /** Where its direct calls start in the module's debts, and its asking payments in the asks. */
  readonly debts: number;
  readonly asks: number;
  /** Whether it calls through a table, or costs so much that it asks in any case. */
  readonly callsUnknown: boolean;
}

/**
 * Settles between the functions of a module who pays and who asks, once all are planned.
 *
 * @param plans The module's own functions, in order.
 * @param exposed The functions that may be called other than by a direct call of this module.
 */
export function settleCalls(
  plans: readonly FunctionPlan[],
  edits: Edits,
  functions: IndexSpace,
  exposed: Uint8Array,
): void {
  const graph: CallGraph = { plans, edits, imported: functions.imported };
  leaveAsking(graph);
  const ahead = paidAhead(graph, exposed);
  edits.settleDebts((callee) => ahead[callee - functions.imported] ?? 0);
  for (const [index, { entry }] of plans.entries()) {
    edits.increase(entry, -(ahead[index] as number));
  }
}

interface CallGraph {
  readonly plans: readonly FunctionPlan[];
  readonly edits: Edits;
  readonly imported: number;
}

function debtsEnd({ plans, edits }: CallGraph, index: number): number {
  return plans[index + 1]?.debts ?? edits.debts.length;
}

/**
 * Has functions with few calls, all direct, leave asking to those that they call.
 *
 * A function that leaves it calls only functions that do not, so that every way round a recursion
 * asks, and what runs without asking stays short.
 */
function leaveAsking(graph: CallGraph): void {
  const { plans, edits, imported } = graph;
  const leaves = new Uint8Array(plans.length);
  const isCounted = new Uint8Array(plans.length);
  for (const [index, plan] of plans.entries()) {
    const end = debtsEnd(graph, index);
    const asksEnd = plans[index + 1]?.asks ?? edits.asks.length;
    if (plan.asks === asksEnd || plan.callsUnknown || isCounted[index] === 1) continue;
    if ((end - plan.debts) / 2 > meterLimits.callsWithoutAsking.default) continue;
    let mayLeave = true;
    for (let at = plan.debts; at < end && mayLeave; at += 2) {
      const callee = edits.debts.second(at) - imported;
      mayLeave = callee >= 0 && callee !== index && leaves[callee] === 0;
    }
    if (!mayLeave) continue;
    leaves[index] = 1;
    for (let at = plan.debts; at < end; at += 2) isCounted[edits.debts.second(at) - imported] = 1;
    for (let at = plan.asks; at < asksEnd; at += 2) edits.setAsking(edits.asks.first(at), false);
  }
}

/**
 * What callers pay for the entry of each function: what its entry costs, and where that is not too
 * much, what the entries cost of all functions that it calls there.
 */
function paidAhead(graph: CallGraph, exposed: Uint8Array): Float64Array {
  const { plans, edits, imported } = graph;
  const most = meterLimits.paidAheadFuel.default;
  const ahead = new Float64Array(plans.length);
  const states = new Uint8Array(plans.length);
  const path: number[] = [];
  for (let root = 0; root < plans.length; root += 1) {
    if (states[root] === unseen) path.push(root);
    while (path.length > 0) {
      const index = path.at(-1) as number;
      if (states[index] === settled) {
        path.pop(); // several callers on the way here waited for it
        continue;
      }
      const { entry, debts } = plans[index] as FunctionPlan;
      const end = debtsEnd(graph, index);
      const isFirst = states[index] === unseen;
      states[index] = open;
      const own = edits.amount(entry);
      let total = own;
      let isWaiting = false;
      for (let at = debts; at < end; at += 2) {
        if (edits.debts.first(at) !== entry) continue;
        const callee = edits.debts.second(at) - imported;
        if (callee < 0) continue;
        const state = states[callee] as number;
        if (state === unseen && isFirst) {
          path.push(callee);
          isWaiting = true;
        }
        // Of a function on the way here, as in a recursion, it is not known yet.
        total += state === settled ? (ahead[callee] as number) : Number.POSITIVE_INFINITY;
      }
      if (isWaiting) continue;
      path.pop();
      states[index] = settled;
      if (exposed[imported + index] === 1 || own > most) continue;
      ahead[index] = total > most ? own : total;
    }
  }
  return ahead;
}

const unseen = 0;
const open = 1;
const settled = 2;
