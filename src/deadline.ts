import { PluginError } from "./errors.ts";
import { onAborted } from "./on-aborted.ts";

/** Why a deadline ended: time ran out, or the caller's signal fired. */
export type EndReason = "timeout" | "aborted";

/**
 * One wait's bounds: an optional signal and a budget of monotonic time. The first reason wins and stays.
 *
 * Dispose it when the work settles, so that its timer and listener go.
 */
export interface Deadline {
  /** Why it ended, or `undefined` while it has not. */
  readonly reason: EndReason | undefined;
  /** Milliseconds left, never negative. */
  remainingMs(): number;
  /**
   * Calls `listener` once when the deadline ends, at once when it already has.
   *
   * @returns A function that takes the listener back.
   */
  onEnd(listener: (reason: EndReason) => void): () => void;
  /** The error that says why it ended. */
  error(subject: string): PluginError;
  [Symbol.dispose](): void;
}

/** What {@link startDeadline} needs. */
export interface DeadlineOptions {
  readonly budgetMs: number;
  /** Any of them ends the wait. */
  readonly signals?: readonly (AbortSignal | undefined)[];
}

/** The longest timer that the engines keep, in milliseconds; a longer one would fire at once. */
export const longestTimerMs = 2 ** 31 - 1;

/**
 * Starts a deadline.
 *
 * @param options `budgetMs` from now, and signals.
 * @returns The running deadline; already ended when a signal has fired.
 */
export function startDeadline(options: DeadlineOptions): Deadline {
  const signals = (options.signals ?? []).filter((signal) => signal !== undefined);
  const endsAt = performance.now() + options.budgetMs;
  const listeners = new Set<(reason: EndReason) => void>();
  let reason: EndReason | undefined;

  const end = (why: EndReason) => {
    if (reason !== undefined) return;
    reason = why;
    release();
    const told = [...listeners];
    listeners.clear();
    for (const listener of told) listener(why);
  };
  const onAbort = () => end("aborted");
  const timer = setTimeout(() => end("timeout"), Math.min(options.budgetMs, longestTimerMs));
  const listening: (() => void)[] = [];
  const release = () => {
    clearTimeout(timer);
    for (const leave of listening.splice(0)) leave();
  };
  if (signals.some((signal) => signal.aborted)) end("aborted");
  else for (const signal of signals) listening.push(onAborted(signal, onAbort));

  return {
    get reason() {
      // Whoever holds the thread keeps timers from firing; the clock goes on.
      if (reason === undefined && performance.now() >= endsAt) end("timeout");
      return reason;
    },
    remainingMs: () => Math.max(0, endsAt - performance.now()),
    onEnd(listener) {
      if (reason === undefined) listeners.add(listener);
      else listener(reason);
      return () => void listeners.delete(listener);
    },
    error: (subject) =>
      new PluginError(
        reason === "aborted"
          ? {
              code: "runtime/aborted",
              phase: "execution",
              message: `${subject} was stopped because the caller's signal fired.`,
            }
          : {
              code: "runtime/timeout",
              phase: "execution",
              message: `${subject} was stopped after ${options.budgetMs} ms without an answer.`,
              details: { budgetMs: options.budgetMs },
            },
      ),
    [Symbol.dispose]() {
      release();
      listeners.clear();
    },
  };
}
