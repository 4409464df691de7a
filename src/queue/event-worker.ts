import type { Job } from "bullmq";
import type {
  IngressAttempt,
  IngressConsumer,
  IngressFailure,
  IngressReport,
} from "../instance/ingress.types.ts";
import { attemptEvent, attemptReport, unattendedReport } from "../instance/ingress-report.ts";
import { notify } from "../instance/listeners.ts";
import type { Bullmq } from "./load-bullmq.ts";
import { type QueuedEvent, readQueuedEvent, readReport } from "./queued-event.ts";
import type { RedisPlace } from "./redis-place.ts";

/** What takes events out of Redis for one instance, one at a time. */
export interface EventWorker {
  /** The job that the guest has, if it has one. */
  readonly inHand: string | undefined;
  readonly counters: { readonly retried: number; readonly deadLettered: number };
  /** Ends the guest's work on an event that its sender takes back; says whether it had it. */
  cancel(job: string): boolean;
  /** Takes no more events, and waits for the one that the guest has. */
  finish(): Promise<void>;
  /** Closes the connections; by force when Redis does not answer, as they would wait for it without end. */
  close(isForced: boolean): Promise<void>;
}

/** What becomes of the events that a worker takes. */
export interface WorkerParts {
  readonly bullmq: Bullmq;
  readonly place: RedisPlace;
  readonly consumer: IngressConsumer;
  readonly lockMs: number;
  /** Told of an event that is done with, or given up; once for every event, here or on another host. */
  onReport(job: string, report: IngressReport): void;
  /** Told of an event that an instance which is stopping gave back. */
  onReturn(job: string, report: IngressReport): void;
  onError(error: Error): void;
}

const noEvent = "Something that is no event was taken out of the queue.";

/** The failure of an event that took its host with it, every time. */
const hostsEnded: IngressFailure = Object.freeze({
  code: "runtime/lost",
  message: "Every host that had the event ended before the event was done.",
  isRetryable: true,
});

/**
 * Begins to take events.
 *
 * An event that a failure marked retryable ended comes again after the consumer's delay, those behind
 * it going first. One that the instance can't take (it is stopping, or its guest is down) goes back to
 * the head for whoever can, and this worker pauses.
 *
 * @param parts Where from and for whom.
 * @returns The worker, running.
 */
export function startEventWorker(parts: WorkerParts): EventWorker {
  const { consumer, place } = parts;
  const { UnrecoverableError, WaitingError, Worker } = parts.bullmq;
  const counters = { retried: 0, deadLettered: 0 };
  let inHand: { readonly job: string; readonly taken: AbortController } | undefined;
  let handling: Promise<unknown> | undefined;
  let refusals = 0;
  let resuming: ReturnType<typeof setTimeout> | undefined;
  let isClosing = false;

  const handle = async (job: Job<QueuedEvent>, token: string | undefined) => {
    const queued = readQueuedEvent(job.data);
    if (queued === undefined) throw new UnrecoverableError(noEvent);
    const attempts = Math.max(1, job.attemptsStarted - queued.returned);
    const taken = new AbortController();
    inHand = { job: nameOf(job), taken };
    const attempt = await attemptEvent(
      consumer,
      Object.freeze({ ...queued.event, attempt: queued.event.attempt + attempts - 1 }),
      taken.signal,
    ).finally(() => {
      inHand = undefined;
    });
    const queueLatencyMs = Math.max(0, Date.now() - queued.deliveredAt - attempt.durationMs);
    const report = attemptReport(attempt, { attempts, queueLatencyMs });
    const { error } = attempt;
    if (error === undefined || taken.signal.aborted) return report;
    if (isNotTaken(error)) return giveBack(job, token, queued, report);
    refusals = 0;
    if (error.isRetryable && attempts < consumer.maxAttempts) {
      counters.retried += 1;
      throw new Error(error.message);
    }
    await job.updateData({ ...queued, report });
    throw new UnrecoverableError(error.message);
  };

  const giveBack = async (
    job: Job<QueuedEvent>,
    token: string | undefined,
    queued: QueuedEvent,
    report: IngressReport,
  ): Promise<never> => {
    refusals += 1;
    await job.updateData({ ...queued, returned: queued.returned + 1 });
    if (!isClosing) await pause(consumer.retryDelayMs(refusals));
    if (token !== undefined) await job.moveToWait(token);
    parts.onReturn(nameOf(job), report);
    throw new WaitingError();
  };

  const pause = async (delayMs: number) => {
    await worker.pause(true);
    // A stop that came meanwhile has nothing left to take back.
    if (isClosing) return;
    resuming = setTimeout(() => void worker.resume(), delayMs);
  };

  const handleNext = (job: Job<QueuedEvent>, token: string | undefined) => {
    const handled = handle(job, token);
    handling = handled.catch(() => {});
    return handled;
  };

  const worker = new Worker<QueuedEvent, IngressReport>(place.name, handleNext, {
    ...place.options,
    concurrency: 1,
    lockDuration: parts.lockMs,
    stalledInterval: parts.lockMs,
    // One crash must never be the end of an event, however few attempts it has.
    maxStalledCount: Math.max(1, consumer.maxAttempts - 1),
    settings: { backoffStrategy: (attempt) => consumer.retryDelayMs(attempt) },
  });
  worker.on("error", parts.onError);
  worker.on("completed", (job, report) => parts.onReport(nameOf(job), report));
  worker.on("failed", (job) => {
    // One that will be tried again is not finished.
    if (job?.finishedOn === undefined) return;
    const queued = readQueuedEvent(job.data);
    // Nobody waits for it: whoever put it there did not deliver it.
    if (queued === undefined) return parts.onError(new Error(noEvent));
    const report = failedReport(consumer, queued, job);
    counters.deadLettered += 1;
    notify((letter) => consumer.deadLetter(letter), Object.freeze({ event: queued.event, report }));
    parts.onReport(nameOf(job), report);
  });

  return {
    get inHand() {
      return inHand?.job;
    },
    get counters() {
      return Object.freeze({ ...counters });
    },
    cancel(job) {
      if (inHand?.job !== job) return false;
      inHand.taken.abort();
      return true;
    },
    async finish() {
      isClosing = true;
      clearTimeout(resuming);
      await worker.pause(true);
      await handling;
    },
    close: (isForced) => worker.close(isForced),
  };
}

/**
 * Gives the report of an event in the failed set.
 *
 * @param consumer Whom the queue serves.
 * @param queued The event.
 * @param job Its job.
 */
export function failedReport(
  consumer: IngressConsumer,
  queued: QueuedEvent,
  { data, attemptsStarted }: Pick<Job<QueuedEvent>, "data" | "attemptsStarted">,
): IngressReport {
  const told = readReport(data.report);
  if (told !== undefined) return told;
  const waitedMs = Date.now() - queued.deliveredAt;
  // The last start was the one that found out.
  const attempts = Math.max(0, attemptsStarted - queued.returned - 1);
  return Object.freeze({
    ...unattendedReport(consumer, queued.event, hostsEnded, waitedMs),
    attempts,
  });
}

/** Whether the instance, and not the event or the guest, is why it came to nothing. */
function isNotTaken({ code, isRetryable }: NonNullable<IngressAttempt["error"]>): boolean {
  return isRetryable && code.startsWith("instance/");
}

function nameOf({ id }: Pick<Job, "id">): string {
  return id ?? "";
}
