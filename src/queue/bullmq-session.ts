import type { Queue, QueueEvents } from "bullmq";
import type {
  IngressConsumer,
  IngressEnvelope,
  IngressFailure,
  IngressQueueSession,
  IngressReport,
} from "../instance/ingress.types.ts";
import { takenBack, unattendedReport } from "../instance/ingress-report.ts";
import { durableQueueLimits } from "../limits.ts";
import { onAborted } from "../on-aborted.ts";
import { type AwaitedReport, createAwaitedReports } from "./awaited-reports.ts";
import { failedReport, startEventWorker } from "./event-worker.ts";
import { type Answer, inTime } from "./in-time.ts";
import type { Bullmq } from "./load-bullmq.ts";
import { jobName, type QueuedEvent, readQueuedEvent, readReport } from "./queued-event.ts";
import type { RedisPlace } from "./redis-place.ts";
import { createRoomLine } from "./room-line.ts";

const closeMs = durableQueueLimits.closeMs.default;

/** What a session is made of: connections that are open. */
export interface SessionParts {
  readonly bullmq: Bullmq;
  readonly queue: Queue<QueuedEvent, IngressReport>;
  readonly announcements: QueueEvents;
  readonly place: RedisPlace;
  readonly consumer: IngressConsumer;
  readonly lockMs: number;
  onError(error: Error): void;
}

/**
 * Begins to serve one instance out of Redis.
 *
 * A delivery waits for its report wherever the event is handled: this host's worker tells it, or the
 * announcement of another one's; one that was missed is found by looking.
 *
 * @param parts The connections, and whom they serve; closing the session closes them.
 * @returns The session, taking events.
 */
export function openBullmqSession(parts: SessionParts): IngressQueueSession {
  const { queue, announcements, consumer, place, lockMs, onError } = parts;
  const awaited = createAwaitedReports();
  let closed: IngressFailure | undefined;
  let enqueued = 0;
  let depth = 0;

  const ask = <Value>(question: Promise<Value>): Promise<Answer<Value>> =>
    inTime(question, durableQueueLimits.answerMs.default);

  const countWaiting = async (): Promise<number> => {
    depth = await queue.getJobCountByTypes("wait", "delayed", "prioritized");
    return depth;
  };

  const line = createRoomLine({
    capacity: consumer.capacity,
    count: () => ask(countWaiting()),
    noAnswer,
  });

  /** Settles those who wait for an event that is done with, wherever that was. */
  const lookFor = async (job: string): Promise<void> => {
    const found = await queue.getJob(job);
    if (found === undefined) return awaited.settleMissing(job, gone);
    if (found.finishedOn === undefined) return undefined;
    const report = readReport(found.returnvalue);
    if (report !== undefined) return awaited.settle(job, report);
    const queued = readQueuedEvent(found.data);
    if (queued === undefined) awaited.settleMissing(job, gone);
    else awaited.settle(job, failedReport(consumer, queued, found));
  };
  const announced = ({ jobId }: { readonly jobId: string }) => {
    if (awaited.has(jobId)) lookFor(jobId).catch(onError);
  };
  announcements.on("completed", announced);
  announcements.on("failed", announced);

  let isLooking = false;
  const look = async () => {
    if (isLooking) return;
    isLooking = true;
    try {
      await countWaiting();
      for (const job of awaited.jobs) await lookFor(job);
    } finally {
      isLooking = false;
    }
  };
  const looking = setInterval(
    () => void look().catch(onError),
    durableQueueLimits.reportPollMs.default,
  );

  const worker = startEventWorker({
    bullmq: parts.bullmq,
    place,
    consumer,
    lockMs,
    onError,
    onReport: (job, report) => {
      awaited.settle(job, report);
      line.look();
    },
    onReturn: (job, report) => {
      if (closed !== undefined) awaited.settle(job, report);
    },
  });

  const add = (event: IngressEnvelope, job: string) =>
    queue.add(
      "event",
      { event, digest: consumer.plugin.digest, deliveredAt: Date.now(), returned: 0 },
      {
        jobId: job,
        attempts: consumer.maxAttempts,
        backoff: { type: "custom" },
        // A trace names the host's own files.
        stackTraceLimit: 0,
        removeOnComplete: {
          age: durableQueueLimits.keptReportsMs.default / 1000,
          count: durableQueueLimits.keptReports.default,
        },
        removeOnFail: { count: durableQueueLimits.keptDeadLetters.default },
      },
    );

  const refuse = (event: IngressEnvelope, error: IngressFailure, beganAt: number) =>
    unattendedReport(consumer, event, error, performance.now() - beganAt);

  /** The delivery listens to its sender's signal until it has its report, which may come at any moment. */
  const enter = async (
    event: IngressEnvelope,
    signal: AbortSignal | undefined,
    delivery: AwaitedReport,
    reported: AbortSignal,
  ): Promise<void> => {
    const job = jobName(event);
    awaited.add(job, delivery);
    const added = await ask(add(event, job));
    line.entered();
    if (!added.ok) {
      awaited.remove(job, delivery);
      return delivery.settle(delivery.missing(noAnswer));
    }
    enqueued += 1;
    const onAbort = () => void takeBack(job, delivery).catch(onError);
    if (signal?.aborted === true) onAbort();
    else if (signal !== undefined && !reported.aborted) {
      reported.addEventListener("abort", onAborted(signal, onAbort), { once: true });
    }
    // Of a repetition the report may be there already.
    lookFor(job).catch(onError);
  };

  /** Takes an event out of Redis for its sender, if nobody else waits for it and no guest has it. */
  const takeBack = async (job: string, delivery: AwaitedReport): Promise<void> => {
    const isAlone = awaited.isAlone(job, delivery);
    if (isAlone && worker.cancel(job)) return;
    const removed = isAlone ? await ask(queue.remove(job)) : undefined;
    const isGone = removed?.ok === true && removed.value === 1;
    if (!isGone && isAlone && worker.cancel(job)) return;
    awaited.remove(job, delivery);
    delivery.settle(delivery.missing(isGone ? takenBack : takenBackLate));
  };

  return {
    get depth() {
      return depth;
    },
    get counters() {
      return Object.freeze({ enqueued, ...worker.counters });
    },
    async deliver(event, options) {
      const beganAt = performance.now();
      const refusal = await line.enter(options);
      if (refusal !== undefined) return refuse(event, refusal, beganAt);
      const reported = new AbortController();
      return new Promise<IngressReport>((resolve) => {
        const missing = (error: IngressFailure) => refuse(event, error, beganAt);
        const settle = (report: IngressReport) => {
          reported.abort();
          resolve(report);
        };
        enter(event, options.signal, { settle, missing }, reported.signal).catch(onError);
      });
    },
    async close({ code, message }) {
      if (closed !== undefined) return;
      const stays = {
        code,
        message: `${message} The event stays in its queue.`,
        isRetryable: true,
      };
      closed = Object.freeze(stays);
      line.close(closed);
      clearInterval(looking);
      for (const job of awaited.jobs) {
        if (job !== worker.inHand) awaited.settleMissing(job, closed);
      }
      await worker.finish();
      const isThere = await inTime(queue.getJobCountByTypes("wait"), closeMs);
      await inTime(worker.close(!isThere.ok), closeMs);
      for (const job of awaited.jobs) awaited.settleMissing(job, closed);
      // Closing waits for Redis without end, but a client of the host's own is not ours to cut off.
      const isCut = !isThere.ok && !isClient(place.options.connection);
      const connections = [announcements.close(), isCut ? queue.disconnect() : queue.close()];
      await inTime(Promise.allSettled(connections), closeMs);
    },
  };
}

/** Whether the host gave a client rather than an address. */
function isClient(connection: RedisPlace["options"]["connection"]): boolean {
  return typeof (connection as { readonly duplicate?: unknown }).duplicate === "function";
}

const noAnswer: IngressFailure = Object.freeze({
  code: "ingress/unavailable",
  message:
    "The queue's Redis did not answer in time, so that the event may be in the queue or not. Deliver it again with the same correlation_id: it is not taken twice.",
  isRetryable: true,
});

const gone: IngressFailure = Object.freeze({
  code: "runtime/lost",
  message: "The event was taken out of its queue, and no report of it is left.",
  isRetryable: true,
});

const takenBackLate: IngressFailure = Object.freeze({
  code: "runtime/aborted",
  message:
    "The sender's signal fired, but the event could not be taken out of its queue: another host has it, or somebody else waits for it.",
  isRetryable: false,
});
