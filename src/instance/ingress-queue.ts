import { longestTimerMs, startDeadline } from "../deadline.ts";
import { ingressLimits } from "../limits.ts";
import { onAborted } from "../on-aborted.ts";
import type {
  DeliverOptions,
  IngressConsumer,
  IngressEnvelope,
  IngressFailure,
  IngressQueue,
  IngressQueueSession,
  IngressReport,
} from "./ingress.types.ts";
import {
  attemptEvent,
  attemptReport,
  queueFull,
  takenBack,
  unattendedReport,
} from "./ingress-report.ts";
import { notify } from "./listeners.ts";

/**
 * Makes the queue that keeps events in memory: what a host's crash ends is gone.
 *
 * Events are handled one at a time in the order in which they came. One that is tried again keeps its
 * place at the head, so that those behind it wait and the order holds; between its attempts it counts
 * as being with the guest, as far as capacity and depth go. At most `capacity` events of 64 KiB wait,
 * and {@link ingressLimits}`.waitingForRoom` deliveries for room among them.
 *
 * @returns A queue for any number of instances, each with events of its own.
 */
export function memoryIngressQueue(): IngressQueue {
  return Object.freeze({ open: openSession });
}

/** One event between its delivery and its report. */
interface Waiting {
  readonly event: IngressEnvelope;
  readonly signal: AbortSignal | undefined;
  readonly deliveredAt: number;
  /** Ends the patience of one that waited for room. */
  readonly admitted: () => void;
  /** Ends the wait with a report; called once. */
  readonly settle: (report: IngressReport) => void;
}

function openSession(consumer: IngressConsumer): IngressQueueSession {
  const waiting = new Set<Waiting>();
  const roomless = new Set<Waiting>();
  const counters = { enqueued: 0, retried: 0, deadLettered: 0 };
  const closing = new AbortController();
  let closed: IngressFailure | undefined;
  let current: Promise<void> | undefined;

  const enqueue = (entry: Waiting) => {
    counters.enqueued += 1;
    waiting.add(entry);
    if (current === undefined) next();
  };

  /** Lets those in who wait for room, the first one first. */
  const admit = () => {
    for (const entry of roomless) {
      if (waiting.size >= consumer.capacity) return;
      roomless.delete(entry);
      entry.admitted();
      enqueue(entry);
    }
  };

  const next = () => {
    current = undefined;
    for (const entry of waiting) {
      waiting.delete(entry);
      // In a later turn: nothing that a guest's event leads to runs within its delivery.
      current = Promise.resolve(entry).then(serve).then(next);
      admit();
      return;
    }
  };

  const serve = async (entry: Waiting) => {
    const { event, signal, deliveredAt } = entry;
    const refusal = closed ?? (isFired(signal) ? takenBack : undefined);
    const report =
      refusal === undefined ? await handleUntilDone(entry) : refuse(event, refusal, deliveredAt);
    if (report.error !== undefined && !isFired(signal)) bury(entry, report);
    entry.settle(report);
  };

  const bury = ({ event }: Waiting, report: IngressReport) => {
    counters.deadLettered += 1;
    notify((letter) => consumer.deadLetter(letter), Object.freeze({ event, report }));
  };

  const handleUntilDone = async ({ event, signal, deliveredAt }: Waiting) => {
    for (let attempts = 1; ; attempts += 1) {
      const queueLatencyMs = performance.now() - deliveredAt;
      const again = Object.freeze({ ...event, attempt: event.attempt + attempts - 1 });
      const attempt = await attemptEvent(consumer, again, signal);
      const report = attemptReport(attempt, { attempts, queueLatencyMs });
      const isLast = attempts >= consumer.maxAttempts || closed !== undefined;
      if (attempt.error?.isRetryable !== true || isLast || isFired(signal)) return report;
      await pause(consumer.retryDelayMs(attempts), [signal, closing.signal]);
      if (closed !== undefined) return attemptReport({ ...attempt, error: closed }, report);
      if (isFired(signal)) return report;
      counters.retried += 1;
    }
  };

  const refuse = (event: IngressEnvelope, error: IngressFailure, deliveredAt: number) =>
    unattendedReport(consumer, event, error, performance.now() - deliveredAt);

  const enter = (event: IngressEnvelope, { signal, waitMs = 0 }: DeliverOptions, isRoom: boolean) =>
    new Promise<IngressReport>((resolve) => {
      const deliveredAt = performance.now();
      const leave = (error: IngressFailure) => {
        if (!waiting.delete(entry) && !roomless.delete(entry)) return;
        entry.settle(refuse(event, error, deliveredAt));
        admit();
      };
      const unheard = signal && onAborted(signal, () => leave(takenBack));
      const patience = isRoom
        ? undefined
        : setTimeout(() => leave(queueFull(consumer.capacity)), Math.min(waitMs, longestTimerMs));
      const entry: Waiting = {
        event,
        signal,
        deliveredAt,
        admitted: () => clearTimeout(patience),
        settle: (report) => {
          clearTimeout(patience);
          unheard?.();
          resolve(report);
        },
      };
      if (isRoom) enqueue(entry);
      else roomless.add(entry);
    });

  return {
    get depth() {
      return waiting.size;
    },
    get counters() {
      return Object.freeze({ ...counters });
    },
    async deliver(event, options) {
      const now = performance.now();
      if (closed !== undefined) return refuse(event, closed, now);
      if (isFired(options.signal)) return refuse(event, takenBack, now);
      const isRoom = current === undefined || waiting.size < consumer.capacity;
      const mayWait =
        (options.waitMs ?? 0) > 0 && roomless.size < ingressLimits.waitingForRoom.default;
      return isRoom || mayWait
        ? enter(event, options, isRoom)
        : refuse(event, queueFull(consumer.capacity), now);
    },
    async close(error) {
      closed ??= Object.freeze({ ...error, isRetryable: true });
      const failure = closed;
      closing.abort();
      for (const entry of [...roomless]) {
        if (roomless.delete(entry)) entry.settle(refuse(entry.event, failure, entry.deliveredAt));
      }
      for (const entry of [...waiting]) {
        // A listener of the dead letter before may have taken this one back.
        if (!waiting.delete(entry)) continue;
        const report = refuse(entry.event, failure, entry.deliveredAt);
        bury(entry, report);
        entry.settle(report);
      }
      await current;
    },
  };
}

function isFired(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** Waits, no longer than until one of the signals fires. */
function pause(budgetMs: number, signals: readonly (AbortSignal | undefined)[]): Promise<void> {
  return new Promise((resolve) => {
    startDeadline({ budgetMs, signals }).onEnd(() => resolve());
  });
}
