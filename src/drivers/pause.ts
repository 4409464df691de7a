import type { Timing } from "../instance/timing.ts";

/** Waits for a time, or until the signal fires; it never rejects. */
export function pause(
  timing: Pick<Timing, "schedule">,
  delayMs: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = timing.schedule(delayMs, end);
    signal.addEventListener("abort", end, { once: true });
  });
}
