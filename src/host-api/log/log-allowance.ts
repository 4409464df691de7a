import { utf8Length } from "../../diagnostic.ts";
import type { LogLimits } from "../../limits.ts";

/** How much more an instance may log at this moment. */
export interface LogAllowance {
  /** Pays for a line; `false`, and counted, when there is not enough left. */
  take(message: string): boolean;
  /** Gives the number of lines that were not taken since this was last asked. */
  takeDropped(): number;
}

/**
 * Counts what an instance logs: a burst at once, then so much in every second.
 *
 * @param limits The burst and the rate, in lines and in bytes.
 * @param now Milliseconds of a clock that never goes back.
 * @returns The allowance, full.
 */
export function createLogAllowance(limits: LogLimits, now: () => number): LogAllowance {
  const { burstLines, linesPerSecond, burstBytes, bytesPerSecond } = limits;
  let lines = burstLines;
  let bytes = burstBytes;
  let filledAt = now();
  let dropped = 0;

  const refill = () => {
    const at = now();
    const seconds = Math.max(0, at - filledAt) / 1000;
    filledAt = at;
    lines = Math.min(burstLines, lines + seconds * linesPerSecond);
    bytes = Math.min(burstBytes, bytes + seconds * bytesPerSecond);
  };

  return {
    take(message) {
      refill();
      const size = utf8Length(message);
      if (lines < 1 || bytes < size) {
        dropped += 1;
        return false;
      }
      lines -= 1;
      bytes -= size;
      return true;
    },
    takeDropped() {
      const count = dropped;
      dropped = 0;
      return count;
    },
  };
}
