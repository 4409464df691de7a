import type {
  IngressAttempt,
  IngressCounters,
  IngressQueueSession,
  IngressReport,
} from "./ingress.types.ts";
import type { IngressStatus } from "./instance.types.ts";

/** Counts what becomes of an instance's events, beside what its queue counts. */
export interface IngressRecord {
  /** The guest is given an event. */
  dispatched(): void;
  /** An attempt at an event ended. */
  attempted(attempt: IngressAttempt): void;
  /** An event was refused before it had a place in the queue. */
  refused(): void;
  /** A delivery ended. */
  delivered(report: IngressReport): void;
  /**
   * Gives the counts as they are now.
   *
   * @param capacity The most events that wait.
   * @param queue The queue; nothing waits when there is none.
   * @returns A frozen copy.
   */
  read(capacity: number, queue: IngressQueueSession | undefined): IngressStatus;
}

/** Begins to count, everything at zero. */
export function createIngressRecord(): IngressRecord {
  const counts = { dispatched: 0, accepted: 0, rejected: 0, failed: 0, timedOut: 0 };
  const latencyMs = { last: 0, longest: 0 };
  return {
    dispatched() {
      counts.dispatched += 1;
    },
    attempted({ accepted, error }) {
      if (error === undefined) counts.accepted += accepted ? 1 : 0;
      else if (error.code === "runtime/timeout") counts.timedOut += 1;
      else counts.failed += 1;
    },
    refused() {
      counts.rejected += 1;
    },
    delivered({ attempts, queueLatencyMs }) {
      if (attempts === 0) return;
      latencyMs.last = queueLatencyMs;
      latencyMs.longest = Math.max(latencyMs.longest, queueLatencyMs);
    },
    read(capacity, queue) {
      const queued = queue?.counters ?? { enqueued: 0, retried: 0, deadLettered: 0 };
      const counters: IngressCounters = Object.freeze({ ...counts, ...queued });
      return Object.freeze({
        depth: queue?.depth ?? 0,
        capacity,
        counters,
        latencyMs: Object.freeze({ ...latencyMs }),
      });
    },
  };
}
