import type { Timing } from "../../src/instance/timing.ts";

/** A clock that stands still until the test moves it, and timers that go off as it does. */
export function manualTiming(random = 0) {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  const timing: Timing = {
    now: () => 1_700_000_000_000 + now,
    elapsed: () => now,
    random: () => random,
    schedule(delayMs, run) {
      const timer = { at: now + delayMs, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  return {
    timing,
    /** How many timers are pending. */
    get pending() {
      return timers.size;
    },
    advance(ms: number) {
      now += ms;
      for (const timer of [...timers].sort((left, right) => left.at - right.at)) {
        if (timer.at > now || !timers.delete(timer)) continue;
        timer.run();
      }
    },
  };
}
