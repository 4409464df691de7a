import { PluginError } from "../errors.ts";
import { onAborted } from "../on-aborted.ts";

/** What an instance knows of time and chance; a test brings its own. */
export interface Timing {
  /** Milliseconds since 1970, for what is shown. */
  now(): number;
  /** Milliseconds that never go back, for what is measured. */
  elapsed(): number;
  /** A number from 0 up to 1. */
  random(): number;
  /**
   * Runs something later.
   *
   * @returns A function that takes it back.
   */
  schedule(delayMs: number, run: () => void): () => void;
}

/** The platform's own clock, timers and randomness. */
export const systemTiming: Timing = Object.freeze({
  now: () => Date.now(),
  elapsed: () => performance.now(),
  random: () => Math.random(),
  schedule(delayMs: number, run: () => void) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
});

/** Bounds of a delay that grows. */
export interface Backoff {
  /** Milliseconds before the first attempt. */
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * Says how long to wait before another attempt: doubled with each one, never longer than `maxDelayMs`,
 * and shortened by up to a half at random, so that many that failed together don't come back together.
 *
 * @param backoff The bounds.
 * @param attempt The attempt's number, counted from 1.
 * @param random A number from 0 up to 1.
 * @returns Milliseconds.
 */
export function backoffMs(backoff: Backoff, attempt: number, random: number): number {
  const doubled = backoff.initialDelayMs * 2 ** Math.min(attempt - 1, 52);
  const longest = Math.min(doubled, backoff.maxDelayMs);
  return Math.max(1, Math.round(longest * (1 - random / 2)));
}

/**
 * Waits for work that is not ours to hurry, such as a driver's end.
 *
 * @param work What to wait for.
 * @param budgetMs The longest wait.
 * @returns Whether it settled in time, well or not; what it does later is nobody's concern.
 */
export async function settledWithin(work: Promise<unknown>, budgetMs: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, budgetMs, false);
  });
  const settled = work.then(
    () => true,
    () => true,
  );
  const isInTime = await Promise.race([settled, late]);
  clearTimeout(timer);
  return isInTime;
}

/**
 * Waits for work that knows no signal, such as a policy that asks a person.
 *
 * @param work What to wait for; what it comes to later is nobody's concern.
 * @param signals Each of them ends the wait.
 * @returns What the work comes to.
 * @throws What it rejects with, or PluginError `runtime/aborted` when a signal fired first.
 */
export async function unlessAborted<Value>(
  work: Promise<Value>,
  signals: readonly (AbortSignal | undefined)[],
): Promise<Value> {
  let listening: readonly (() => void)[] = [];
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = () => reject(waitAborted());
    const heard = signals.filter((signal) => signal !== undefined);
    if (heard.some((signal) => signal.aborted)) onAbort();
    else listening = heard.map((signal) => onAborted(signal, onAbort));
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    for (const leave of listening) leave();
  }
}

function waitAborted(): PluginError {
  return new PluginError({
    code: "runtime/aborted",
    phase: "execution",
    message: "It was given up before the guest was entered, because the caller's signal fired.",
  });
}
