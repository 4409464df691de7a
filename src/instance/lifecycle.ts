import { PluginError } from "../errors.ts";
import type { InstanceState } from "./instance.types.ts";

/**
 * Where each state may go (reference §4.6): an instance begins as `ready` and stays so when its guest
 * starts anew with every call; one whose guest lives on goes through `starting` to `running`.
 *
 * Only `stopped` is an end. From `failed` a restart policy may lead back, and a stop always leads out.
 */
export const lifecycleMoves: Readonly<Record<InstanceState, readonly InstanceState[]>> =
  Object.freeze({
    ready: ["starting", "stopping", "failed"],
    starting: ["running", "stopping", "failed"],
    running: ["stopping", "failed"],
    stopping: ["stopped", "failed"],
    stopped: [],
    failed: ["starting", "stopping"],
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
  from: InstanceState = "ready",
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
        "The instance has failed and takes no calls; status() says why, and whether it is started again.",
    });
  }
  if (state === "starting") {
    return new PluginError({
      code: "instance/starting",
      phase: "lifecycle",
      plugin,
      message: "The instance's guest is being started. Call again when its state is running.",
    });
  }
  return new PluginError({
    code: "instance/stopped",
    phase: "lifecycle",
    plugin,
    message: `The instance is ${state} and takes no calls.`,
  });
}
