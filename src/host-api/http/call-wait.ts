import { startDeadline } from "../../deadline.ts";
import type { HostCall } from "../host-api.ts";
import { HostRefusal } from "./host-refusal.ts";

/** A bounded stretch of one host call: it ends with its time, the guest's call or the session. */
export interface CallWait extends Disposable {
  /** Fires when it ends, and when it is disposed: whatever is still in flight has nobody to wait for it. */
  readonly signal: AbortSignal;
  /** Milliseconds left, never negative. */
  remainingMs(): number;
  /**
   * Waits for work, no longer than this lasts.
   *
   * @throws HostRefusal `host/timeout` or `host/aborted` when it ends first; else what the work throws.
   */
  until<Value>(work: Promise<Value>): Promise<Value>;
}

/**
 * Starts a stretch of a host call.
 *
 * @param call The guest's call.
 * @param session Fires when the instance is stopped.
 * @param budgetMs The most milliseconds; the call's own time may be shorter.
 * @param subject What is being done, for the message: `The exchange`.
 */
export function startCallWait(
  call: HostCall,
  session: AbortSignal,
  budgetMs: number,
  subject: string,
): CallWait {
  const allowedMs = Math.max(0, Math.min(budgetMs, call.remainingMs()));
  const deadline = startDeadline({ budgetMs: allowedMs, signals: [call.signal, session] });
  const controller = new AbortController();
  const stop = deadline.onEnd(() => controller.abort());

  const refusal = () =>
    deadline.reason === "aborted"
      ? new HostRefusal("host/aborted", `${subject} was ended because the guest's call ended.`)
      : new HostRefusal("host/timeout", `${subject} took more than ${Math.round(allowedMs)} ms.`);

  return {
    signal: controller.signal,
    remainingMs: () => deadline.remainingMs(),
    until: (work) =>
      new Promise((resolve, reject) => {
        const release = deadline.onEnd(() => reject(refusal()));
        work
          .then(
            (value) => (deadline.reason === undefined ? resolve(value) : reject(refusal())),
            (thrown) => reject(deadline.reason === undefined ? thrown : refusal()),
          )
          .finally(release);
      }),
    [Symbol.dispose]() {
      stop();
      deadline[Symbol.dispose]();
      controller.abort();
    },
  };
}
