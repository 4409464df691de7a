import { boundedText, redactText } from "../diagnostic.ts";
import type {
  DeliverOptions,
  DriverContext,
  DriverStatus,
  IngressEvent,
  IngressReport,
} from "../instance/ingress.types.ts";
import type { Timing } from "../instance/timing.ts";
import { textLimits } from "../limits.ts";

/** What happened at one source, counted. */
export interface SourceTally {
  status(): DriverStatus;
  /** Says how the source stands; `nextAttemptInMs` goes with `waiting` alone. */
  enter(state: DriverStatus["state"], nextAttemptInMs?: number): void;
  /** Counts something that happened, or that happened `times` at once. */
  count(what: "sent" | "sendFailures" | "reconnects" | "dropped", times?: number): void;
  /** Keeps what went wrong last, redacted and bounded. */
  fail(message: string): void;
  /**
   * Counts an event in, delivers it and counts whether it was lost. What the ingress does not take is
   * told to the host once, until it takes one again.
   */
  deliver(
    event: Omit<IngressEvent, "source" | "ingress_name">,
    options?: DeliverOptions,
  ): Promise<IngressReport>;
}

/**
 * Starts the tally of one source.
 *
 * @param driver The driver's name.
 * @param context What the driver was given for the source.
 * @param shownSource The source as status shows it, without a query.
 * @param timing The clock of its moments.
 */
export function createSourceTally(
  driver: string,
  context: DriverContext,
  shownSource: string,
  timing: Pick<Timing, "now">,
): SourceTally {
  const counts = { received: 0, sent: 0, dropped: 0, sendFailures: 0, reconnects: 0 };
  let state: DriverStatus["state"] = "connecting";
  let lastEventAt: string | undefined;
  let nextAttemptAt: string | undefined;
  let lastError: string | undefined;
  let isDropping = false;

  const moment = (fromNowMs = 0) => new Date(timing.now() + fromNowMs).toISOString();
  const fail = (message: string) => {
    lastError = boundedText(redactText(message), textLimits.messageBytes.default);
  };

  return Object.freeze({
    status: () =>
      Object.freeze({
        driver,
        ingress: context.ingress,
        source: shownSource,
        state,
        ...counts,
        ...(lastEventAt !== undefined && { lastEventAt }),
        ...(nextAttemptAt !== undefined && { nextAttemptAt }),
        ...(lastError !== undefined && { lastError }),
      }),
    enter(next: DriverStatus["state"], nextAttemptInMs?: number) {
      state = next;
      nextAttemptAt = nextAttemptInMs === undefined ? undefined : moment(nextAttemptInMs);
    },
    count(what: "sent" | "sendFailures" | "reconnects" | "dropped", times = 1) {
      counts[what] += times;
    },
    fail,
    async deliver(
      event: Omit<IngressEvent, "source" | "ingress_name">,
      options?: DeliverOptions,
    ): Promise<IngressReport> {
      counts.received += 1;
      lastEventAt = moment();
      const report = await context.deliver(event, options);
      const { error } = report;
      if (error === undefined) {
        isDropping = false;
        return report;
      }
      counts.dropped += 1;
      fail(error.message);
      if (!isDropping) {
        isDropping = true;
        const message = `Events of ${shownSource} are dropped: ${error.message}`;
        context.report({ code: error.code, phase: "execution", message });
      }
      return report;
    },
  });
}
