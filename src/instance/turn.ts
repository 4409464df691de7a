import { PluginError } from "../errors.ts";
import { onAborted } from "../on-aborted.ts";

/** Options of {@link createTurns}. */
export interface TurnOptions {
  /** The most calls that wait; the running one is not among them. */
  readonly maxWaiting: number;
  /** The plugin's reference, for the errors. */
  readonly plugin?: string;
}

/**
 * One call at a time, first come, first served.
 *
 * A call that waits uses nothing of its own timeout: its work starts its own deadline. The wait is
 * bounded all the same, as every call before it has a deadline and there are at most `maxWaiting` of
 * them. Work that asks for another turn and waits for it would wait for itself; nothing here does.
 */
export interface Turns {
  /** How many calls wait. */
  readonly waiting: number;
  /** How many calls run: 0 or 1. */
  readonly running: number;
  /**
   * Runs work when its turn comes, at once when nobody else runs.
   *
   * @param work What to do; its own bounds are its own.
   * @param signal Cancels the call while it waits, at once; once it runs, the signal is the work's.
   * @param place `kept`: there is always room for it. For what an instance does itself, one at a time:
   *   callers who fill the queue must not keep it from starting, or from handing over an event.
   * @returns What the work returns.
   * @throws PluginError `instance/busy` when the queue is full, `runtime/aborted` when the signal
   *   fired before the turn came, and the closing error after {@link Turns.close}; else what the work throws.
   */
  run<Result>(work: () => Promise<Result>, signal?: AbortSignal, place?: "kept"): Promise<Result>;
  /** Rejects the calls that wait, and every later one, with the error; the running one goes on. */
  close(error: PluginError): void;
  /** Settles when no call runs; it never rejects. */
  idle(): Promise<void>;
}

interface Waiting {
  readonly start: () => void;
  readonly cancel: (error: PluginError) => void;
}

/**
 * Makes a queue of turns.
 *
 * @param options How many may wait, and for whom.
 * @returns The empty queue.
 */
export function createTurns(options: TurnOptions): Turns {
  const queue = new Set<Waiting>();
  const { plugin } = options;
  let current: Promise<unknown> | undefined;
  let closed: PluginError | undefined;

  const next = () => {
    current = undefined;
    for (const waiting of queue) {
      waiting.start();
      return;
    }
  };

  const begin = <Result>(work: () => Promise<Result>): Promise<Result> => {
    // An async function, so that work that throws before its first await also gives up its turn.
    const done = (async () => work())();
    current = done.then(next, next);
    return done;
  };

  const wait = <Result>(work: () => Promise<Result>, signal: AbortSignal | undefined) =>
    new Promise<Result>((resolve, reject) => {
      const leave = () => {
        queue.delete(waiting);
        unheard?.();
      };
      const waiting: Waiting = {
        start: () => {
          leave();
          begin(work).then(resolve, reject);
        },
        cancel: (error) => {
          leave();
          reject(error);
        },
      };
      const unheard = signal && onAborted(signal, () => waiting.cancel(aborted(plugin)));
      queue.add(waiting);
    });

  return {
    get waiting() {
      return queue.size;
    },
    get running() {
      return current === undefined ? 0 : 1;
    },
    async run(work, signal, place) {
      if (closed !== undefined) throw closed;
      if (signal?.aborted === true) throw aborted(plugin);
      if (current === undefined) return begin(work);
      if (place !== "kept" && queue.size >= options.maxWaiting) throw busy(options);
      return wait(work, signal);
    },
    close(error) {
      closed ??= error;
      for (const waiting of [...queue]) waiting.cancel(closed);
    },
    async idle() {
      while (current !== undefined) await current;
    },
  };
}

function aborted(plugin: string | undefined): PluginError {
  return new PluginError({
    code: "runtime/aborted",
    phase: "execution",
    plugin,
    message: "The call was cancelled before its turn came, because the caller's signal fired.",
  });
}

function busy({ maxWaiting, plugin }: TurnOptions): PluginError {
  return new PluginError({
    code: "instance/busy",
    phase: "execution",
    plugin,
    message: `The instance runs one call at a time and ${maxWaiting} are waiting already, the most that may (queuedCalls).`,
    details: { waiting: maxWaiting },
  });
}
