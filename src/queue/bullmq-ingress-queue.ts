import type { QueueOptions } from "bullmq";
import { longestTimerMs } from "../deadline.ts";
import { PluginError } from "../errors.ts";
import type {
  IngressConsumer,
  IngressQueue,
  IngressQueueSession,
} from "../instance/ingress.types.ts";
import { durableQueueLimits } from "../limits.ts";
import type { PackageIdentity } from "../package/package.types.ts";
import { openBullmqSession } from "./bullmq-session.ts";
import { type Answer, inTime } from "./in-time.ts";
import { loadBullmq } from "./load-bullmq.ts";
import { keyName } from "./queued-event.ts";
import type { RedisPlace } from "./redis-place.ts";

/** Options of {@link bullmqIngressQueue}. */
export interface BullmqIngressQueueOptions {
  /** How BullMQ reaches Redis: an address, or a client made with `maxRetriesPerRequest: null`. */
  readonly connection: QueueOptions["connection"];
  /** What every key in Redis begins with; `yoi-plugin` unless set. A cluster needs one in braces. */
  readonly prefix?: string;
  /**
   * Names a plugin's queue; by its reference unless set, so that a new version takes over the events
   * that wait. `({ ref, digest }) => ref + digest` keeps versions apart.
   */
  readonly name?: (plugin: PackageIdentity) => string;
  /** Milliseconds of silence after which a host counts as crashed and its event goes to another one. */
  readonly lockMs?: number;
  /** Hears of every error of the connection, which BullMQ goes on trying by itself. */
  readonly onError?: (error: Error) => void;
}

/**
 * Makes a queue that keeps events in Redis, by BullMQ: they survive a host's crash, and the hosts that
 * open the same plugin share them, each with one event at a time (decisions "Ingress queue").
 *
 * An event is given at least once: after a crash it comes again, with the same `correlation_id`. Hosts
 * that share events don't keep their order, and neither does one that is tried again. The capacity is
 * that of all hosts together, and approximate: hosts that deliver at the same moment may each fill the
 * places that were free.
 *
 * @param options Where Redis is.
 * @returns A queue for any number of instances; each uses four connections.
 * @throws PluginError `options/invalid` for an option without meaning; its `open` throws
 *   `options/unsupported` when BullMQ is not installed, and `ingress/unavailable` when Redis does not
 *   answer in time.
 */
export function bullmqIngressQueue(options: BullmqIngressQueueOptions): IngressQueue {
  const {
    connection,
    prefix = "yoi-plugin",
    name = ({ ref }) => ref,
    onError = () => {},
  } = options;
  const lockMs = options.lockMs ?? durableQueueLimits.lockMs.default;
  if (typeof connection !== "object" || connection === null) {
    throw invalid("connection must say where Redis is, such as { host, port }");
  }
  if (!Number.isSafeInteger(lockMs) || lockMs < 1 || lockMs > longestTimerMs) {
    throw invalid(`lockMs must be a whole number of milliseconds from 1 to ${longestTimerMs}`);
  }
  const placeOf = (plugin: PackageIdentity): RedisPlace => ({
    name: `ingress.${keyName(name(plugin))}`,
    options: { connection, prefix },
  });
  return Object.freeze({
    open: (consumer: IngressConsumer) =>
      openQueue(consumer, { place: placeOf(consumer.plugin), lockMs, onError }),
  });
}

async function openQueue(
  consumer: IngressConsumer,
  {
    place,
    lockMs,
    onError,
  }: {
    readonly place: RedisPlace;
    readonly lockMs: number;
    readonly onError: (error: Error) => void;
  },
): Promise<IngressQueueSession> {
  const { answerMs, openMs } = durableQueueLimits;
  const bullmq = await loadBullmq();
  const queue = new bullmq.Queue(place.name, place.options);
  queue.on("error", onError);
  const answer = await inTime(queue.waitUntilReady(), openMs.default);
  if (!answer.ok) {
    // Closing one that never connected ends its attempts at once.
    await inTime(queue.close(), answerMs.default);
    throw unreachable(consumer.plugin, answer);
  }
  const announcements = new bullmq.QueueEvents(place.name, place.options);
  announcements.on("error", onError);
  const listening = await inTime(announcements.waitUntilReady(), openMs.default);
  if (!listening.ok) {
    await inTime(Promise.allSettled([announcements.close(), queue.disconnect()]), answerMs.default);
    throw unreachable(consumer.plugin, listening);
  }
  return openBullmqSession({ bullmq, queue, announcements, place, consumer, lockMs, onError });
}

function unreachable(
  { ref }: PackageIdentity,
  answer: Extract<Answer<unknown>, { readonly ok: false }>,
): PluginError {
  return new PluginError({
    code: "ingress/unavailable",
    phase: "lifecycle",
    plugin: ref,
    message: answer.isLate
      ? `The queue's Redis did not answer within ${durableQueueLimits.openMs.default} ms.`
      : "The queue could not be opened; the error's cause says why. BullMQ needs a client such as ioredis.",
    ...(answer.isLate ? {} : { cause: answer.thrown }),
  });
}

function invalid(problem: string): PluginError {
  return new PluginError({
    code: "options/invalid",
    phase: "options",
    message: `An option of the queue is invalid: ${problem}.`,
  });
}
