import { PluginError } from "../errors.ts";
import type { InstanceState } from "./instance.types.ts";

/**
 * Where each state may go (reference §4.6): `starting` becomes `ready` for a guest that starts anew
 * with every call and `running` for one that lives on; a `ready` one may still be started on demand.
 *
 * `stopped` and `failed` are ends: what may take calls again is a new instance.
 */
export const lifecycleMoves: Readonly<Record<InstanceState, readonly InstanceState[]>> =
  Object.freeze({
    ready: ["starting", "stopping", "failed"],
    starting: ["ready", "running", "stopping", "failed"],
    running: ["stopping", "failed"],
    stopping: ["stopped", "failed"],
    stopped: [],
    failed: [],
  });

/** The life of one instance, moved through {@link lifecycleMoves} and no other way. */
export interface Lifecycle {
  readonly state: InstanceState;
  /**
   * Moves on, and tells the listener.
   *
   * @returns Whether the move is one that the table has. A late one, such as a failure that is
   *   noticed after the stop, changes nothing: the first end stays.
   */
  move(to: InstanceState): boolean;
}

/**
 * Begins a life.
 *
 * @param onMove Told of every move after it happened.
 * @param from The first state.
 * @returns The lifecycle.
 */
export function createLifecycle(
  onMove: (move: { readonly from: InstanceState; readonly to: InstanceState }) => void = () => {},
  from: InstanceState = "starting",
): Lifecycle {
  let state = from;
  return {
    get state() {
      return state;
    },
    move(to) {
      if (!lifecycleMoves[state].includes(to)) return false;
      const move = { from: state, to };
      state = to;
      onMove(move);
      return true;
    },
  };
}

/** Whether there is no way out of the state. */
export function isEnd(state: InstanceState): boolean {
  return lifecycleMoves[state].length === 0;
}

/**
 * Says why an instance takes no calls.
 *
 * @param state Its state.
 * @param plugin Its reference, for the error.
 * @returns The error to answer a call with, or `undefined` when the instance takes calls.
 */
export function callRefusal(state: InstanceState, plugin?: string): PluginError | undefined {
  if (state === "ready" || state === "running") return undefined;
  if (state === "failed") {
    return new PluginError({
      code: "instance/failed",
      phase: "lifecycle",
      plugin,
      message:
        "The instance has failed and takes no more calls; status() says why. Create a new one.",
    });
  }
  return new PluginError({
    code: "instance/stopped",
    phase: "lifecycle",
    plugin,
    message: `The instance is ${state} and takes no calls.`,
  });
}
