import type { Deadline } from "../../deadline.ts";
import type { HostCalls, HostQuestion } from "../../host-api/host-call.ts";
import { beginAnswer, type HostChannel, type PendingAnswer, wakeGuest } from "./host-channel.ts";

/** The owner's side of host calls: one guest, one call at a time. */
export interface HostBridge {
  /** Answers a question; an answer that comes after {@link HostBridge.end} goes nowhere. */
  answer(question: HostQuestion, deadline: Deadline): void;
  /** Writes the next part of a long answer. */
  next(): void;
  /** Ends what is in flight: the guest's call has ended, or the guest is to stop. */
  end(): void;
}

/**
 * Makes the bridge of one guest.
 *
 * @param channel The memory shared with the guest's thread.
 * @param hostCalls The instance's host APIs.
 * @returns The bridge.
 */
export function createHostBridge(channel: HostChannel, hostCalls: HostCalls): HostBridge {
  let current: AbortController | undefined;
  let pending: PendingAnswer | undefined;

  return {
    answer(question, deadline) {
      const call = new AbortController();
      current?.abort();
      current = call;
      pending = undefined;
      const context = { signal: call.signal, remainingMs: () => deadline.remainingMs() };
      hostCalls.answer(question, context).then((answer) => {
        if (current === call) pending = beginAnswer(channel, answer);
      });
    },
    next: () => pending?.next(),
    end() {
      current?.abort();
      current = undefined;
      pending = undefined;
      wakeGuest(channel);
    },
  };
}
