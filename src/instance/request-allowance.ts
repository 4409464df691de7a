import { commandLimits } from "../limits.ts";

/** How many more requests an instance's commands may cause at this moment. */
export interface RequestAllowance {
  /** How many are taken and not yet given back. */
  readonly inFlight: number;
  /** Takes one; else says why there is none, as a sentence without an end. */
  take(): string | undefined;
  /** Gives the place of one that is done to the next. */
  done(): void;
  /** Gives one back that was never used: its place, and its share of the rate. */
  unused(): void;
}

/**
 * Counts the requests that output commands cause: so many at a time, and a burst, then so many in
 * every minute. A guest that answers every result with another request goes on at that rate, no faster.
 *
 * @param clock Milliseconds; a clock that is set back gives nothing.
 * @returns The allowance, full.
 */
export function createRequestAllowance(clock: { now(): number }): RequestAllowance {
  const most = commandLimits.requestsInFlight.default;
  const burst = commandLimits.requestBurst.default;
  const perMinute = commandLimits.requestsPerMinute.default;
  let inFlight = 0;
  let left = burst;
  let filledAt = clock.now();

  const refill = () => {
    const at = clock.now();
    const minutes = Math.max(0, at - filledAt) / 60_000;
    filledAt = at;
    left = Math.min(burst, left + minutes * perMinute);
  };

  return {
    get inFlight() {
      return inFlight;
    },
    take() {
      refill();
      if (inFlight >= most) return `${most} requests are in flight, the most that may`;
      if (left < 1) return `commands may cause ${perMinute} requests in a minute, no more`;
      inFlight += 1;
      left -= 1;
      return undefined;
    },
    done() {
      inFlight -= 1;
    },
    unused() {
      inFlight -= 1;
      left += 1;
    },
  };
}
