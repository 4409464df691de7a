import type { PluginError } from "../errors.ts";
import type { LastError, RestartNotice, RestartStatus } from "./instance.types.ts";
import type { RestartPlan } from "./life-options.ts";
import { backoffMs, type Timing } from "./timing.ts";

/** When a guest that failed is started again, and how often that was (decisions "After a trap or timeout"). */
export interface Restarts {
  /** Whether a restart is due. */
  readonly isDue: boolean;
  /** The guest runs: from now on it may become steady. */
  running(): void;
  /**
   * Plans a restart, unless the policy has none left.
   *
   * @param error Why the guest failed.
   * @param restart Called when it is time.
   * @returns What to announce, or `undefined` when the guest stays as it is.
   */
  plan(error: PluginError, restart: () => void): RestartNotice | undefined;
  /** Takes a planned restart back. */
  cancel(): void;
  status(): RestartStatus;
}

/**
 * Begins to count restarts.
 *
 * Each one in a row waits twice as long as the one before. A guest that then stays up for `steadyMs`
 * has recovered and begins anew; one that comes up and falls at once uses up `maxRestarts`.
 *
 * @param plan The policy.
 * @param timing The clock, timers and chance.
 * @returns The restarts, none yet.
 */
export function createRestarts(plan: RestartPlan, timing: Timing): Restarts {
  let count = 0;
  let inARow = 0;
  let runningSince: number | undefined;
  let nextAt: string | undefined;
  let cancelTimer = () => {};
  let lastError: LastError | undefined;

  const due = (restart: () => void) => () => {
    nextAt = undefined;
    count += 1;
    restart();
  };

  return {
    get isDue() {
      return nextAt !== undefined;
    },
    running() {
      runningSince = timing.elapsed();
    },
    plan({ code, message }, restart) {
      lastError = Object.freeze({ code, message });
      if (runningSince !== undefined && timing.elapsed() - runningSince >= plan.steadyMs) {
        inARow = 0;
      }
      runningSince = undefined;
      if (plan.policy === "never" || inARow >= plan.maxRestarts) return undefined;
      inARow += 1;
      const delayMs = backoffMs(plan, inARow, timing.random());
      nextAt = new Date(timing.now() + delayMs).toISOString();
      cancelTimer = timing.schedule(delayMs, due(restart));
      return Object.freeze({ attempt: inARow, delayMs, code, message });
    },
    cancel() {
      cancelTimer();
      nextAt = undefined;
    },
    status: () =>
      Object.freeze({
        policy: plan.policy,
        count,
        inARow,
        ...(nextAt === undefined ? {} : { nextAt }),
        ...(lastError === undefined ? {} : { lastError }),
      }),
  };
}
