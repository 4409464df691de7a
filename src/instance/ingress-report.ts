import type {
  IngressAttempt,
  IngressConsumer,
  IngressEnvelope,
  IngressFailure,
  IngressReport,
} from "./ingress.types.ts";

/** What a queue knows of an event besides what its last attempt came to. */
export interface EventPassage {
  /** How often the guest was given the event. */
  readonly attempts: number;
  /** Milliseconds between delivery and the guest's last turn with it. */
  readonly queueLatencyMs: number;
}

/**
 * Makes the report of an event that the guest had.
 *
 * @param attempt What its last attempt came to.
 * @param passage What the queue knows of it.
 * @returns The frozen report.
 */
export function attemptReport(
  attempt: IngressAttempt,
  { attempts, queueLatencyMs }: EventPassage,
): IngressReport {
  return Object.freeze({ ...attempt, attempts, queueLatencyMs });
}

/**
 * Makes the report of an event that a queue refused, or gave back before the guest had it.
 *
 * @param consumer Whom the queue serves.
 * @param event The event.
 * @param error Why.
 * @param waitedMs Milliseconds since its delivery.
 * @returns The frozen report.
 */
export function unattendedReport(
  { plugin }: Pick<IngressConsumer, "plugin">,
  { ingress_name, correlation_id }: IngressEnvelope,
  error: IngressFailure,
  waitedMs: number,
): IngressReport {
  return Object.freeze({
    plugin: plugin.ref,
    ingress: ingress_name,
    correlationId: correlation_id,
    accepted: false,
    commands: Object.freeze([]),
    attempts: 0,
    queueLatencyMs: Math.max(0, waitedMs),
    durationMs: 0,
    error: Object.freeze(error),
  });
}

/** The failure of an event for which there is no room. */
export function queueFull(capacity: number): IngressFailure {
  return {
    code: "ingress/queue-full",
    message: `${capacity} events wait already, the most that may (ingress.capacity). Deliver it again later, or wait for room with waitMs.`,
    isRetryable: true,
  };
}

/** The failure of an event that its sender took back. */
export const takenBack: IngressFailure = Object.freeze({
  code: "runtime/aborted",
  message: "The event was taken back before the guest had it, because the sender's signal fired.",
  isRetryable: false,
});

/**
 * Lets a consumer handle one event, whatever it throws against its contract: a queue must go on.
 *
 * @returns What the attempt came to.
 */
export async function attemptEvent(
  consumer: IngressConsumer,
  event: IngressEnvelope,
  signal: AbortSignal | undefined,
): Promise<IngressAttempt> {
  try {
    return await consumer.handle(event, signal);
  } catch {
    const error: IngressFailure = {
      code: "instance/failed",
      message: "The event failed in an unexpected way.",
      isRetryable: false,
    };
    const { attempts, queueLatencyMs, ...attempt } = unattendedReport(consumer, event, error, 0);
    return attempt;
  }
}
