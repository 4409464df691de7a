import type { Deadline } from "../../deadline.ts";
import type { HostCalls, HostQuestion } from "../../host-api/host-call.ts";

/** One answer on its way. */
export interface PendingAnswer {
  /** Writes the next part; nothing once all is written. */
  next(): void;
}

/** How answers reach a guest. */
export interface AnswerRoute {
  /** Begins to answer; the first part goes at once. */
  begin(answer: string): PendingAnswer;
  /** Has a guest that waits look whether it is to stop. */
  wake(): void;
}

/** The owner's side of host calls: one guest, one call at a time. */
export interface HostBridge {
  /** Whether a question is being answered. */
  readonly isAnswering: boolean;
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
 * @param route How answers reach the guest.
 * @param hostCalls The instance's host APIs.
 * @returns The bridge.
 */
export function createHostBridge(route: AnswerRoute, hostCalls: HostCalls): HostBridge {
  let current: AbortController | undefined;
  let pending: PendingAnswer | undefined;

  return {
    get isAnswering() {
      return current !== undefined && pending === undefined;
    },
    answer(question, deadline) {
      const call = new AbortController();
      current?.abort();
      current = call;
      pending = undefined;
      const context = { signal: call.signal, remainingMs: () => deadline.remainingMs() };
      hostCalls.answer(question, context).then((answer) => {
        // In the last millisecond the deadline has the word: the guest's own clock runs a message behind, so
        // that it would take the answer and end its call as if there had been time.
        if (current === call && deadline.remainingMs() >= 1) pending = route.begin(answer);
      });
    },
    next: () => pending?.next(),
    end() {
      current?.abort();
      current = undefined;
      pending = undefined;
      route.wake();
    },
  };
}
