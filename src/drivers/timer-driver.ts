import { PluginError } from "../errors.ts";
import type { DriverContext, DriverSession, IngressDriver } from "../instance/ingress.types.ts";
import { systemTiming, type Timing } from "../instance/timing.ts";
import { readDuration } from "./duration.ts";
import { createSourceTally } from "./source-tally.ts";

/** What the timer driver is made with. */
export interface TimerDriverOptions {
  /** Clock and timers; the platform's unless set, whose timers keep no Node process from ending. */
  readonly timing?: Pick<Timing, "now" | "elapsed" | "schedule"> | undefined;
}

/**
 * Makes the driver of `timer:<ISO 8601 duration>` sources, such as `timer:PT1M`, from one second to 24
 * days: an event `timer` with `{ scheduled_at, missed }` once in every period, the first one a period
 * after the instance began.
 *
 * The times lie on one grid and don't drift. A tick that comes while the last one is still on its way
 * is left out; the next event says in `missed` how many the guest did not get since its last one.
 *
 * @param options The clock.
 * @returns The driver, which may serve any number of instances.
 */
export function createTimerDriver(options: TimerDriverOptions = {}): IngressDriver {
  const timing = options.timing ?? unheldTiming;
  return Object.freeze({
    name: "timer",
    serves: (source: string) => source.startsWith("timer:"),
    open: (context: DriverContext) => openTimer(context, timing),
  });
}

/** Timers of Node that let its process end; a browser's never keep anything open. */
const unheldTiming: Pick<Timing, "now" | "elapsed" | "schedule"> = Object.freeze({
  ...systemTiming,
  schedule(delayMs: number, run: () => void) {
    const timer: unknown = setTimeout(run, delayMs);
    if (typeof timer === "object") (timer as { unref?(): void } | null)?.unref?.();
    return () => clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
  },
});

function openTimer(
  context: DriverContext,
  timing: Pick<Timing, "now" | "elapsed" | "schedule">,
): DriverSession {
  const duration = readDuration(context.source.slice("timer:".length));
  if (!duration.ok) {
    throw new PluginError({
      code: "ingress/invalid-source",
      phase: "registration",
      plugin: context.plugin.ref,
      message: `The source of the ingress has a duration that can't be timed: ${duration.reason}.`,
    });
  }
  const periodMs = duration.ms;
  const tally = createSourceTally("timer", context, context.source, timing);
  const startedAt = timing.elapsed();
  let lastTick = 0;
  let missed = 0;
  let isOnItsWay = false;
  let isOver = false;
  let cancel = () => {};

  const dueInMs = (tick: number) => startedAt + tick * periodMs - timing.elapsed();

  const tell = async (tick: number) => {
    const scheduledAt = new Date(timing.now() + dueInMs(tick)).toISOString();
    const told = missed;
    missed = 0;
    isOnItsWay = true;
    const report = await tally.deliver({
      kind: "timer",
      payload: { scheduled_at: scheduledAt, missed: told },
    });
    isOnItsWay = false;
    // What never reached the guest, it has missed, and so has what that event would have told.
    if (report.error !== undefined && report.attempts === 0) missed += told + 1;
  };

  const onTime = () => {
    // An engine may fire a moment early by its own clock: the grid, not the timer, says what is due.
    const tick = Math.max(lastTick, Math.floor((timing.elapsed() - startedAt) / periodMs));
    if (tick > lastTick) {
      // Those that nobody woke up for, and this one if the last event is still on its way.
      const skipped = tick - lastTick - (isOnItsWay ? 0 : 1);
      lastTick = tick;
      missed += skipped;
      tally.count("dropped", skipped);
      if (!isOnItsWay) void tell(tick);
    }
    arm();
  };

  const arm = () => {
    if (isOver) return;
    const delayMs = Math.max(1, Math.ceil(dueInMs(lastTick + 1)));
    tally.enter("waiting", delayMs);
    cancel = timing.schedule(delayMs, onTime);
  };

  const end = () => {
    isOver = true;
    cancel();
    context.signal.removeEventListener("abort", end);
    tally.enter("closed");
  };
  context.signal.addEventListener("abort", end, { once: true });
  if (context.signal.aborted) end();
  else arm();

  return Object.freeze({
    status: () => tally.status(),
    async [Symbol.asyncDispose]() {
      end();
    },
  });
}
