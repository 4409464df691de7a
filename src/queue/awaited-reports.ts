import type { IngressReport } from "../instance/ingress.types.ts";

/** One delivery that waits for its event's report. */
export interface AwaitedReport {
  /** Ends the wait; a second time does nothing. */
  settle(report: IngressReport): void;
  /** The report of the event, should there be none. */
  missing(error: NonNullable<IngressReport["error"]>): IngressReport;
}

/** The deliveries of this host that wait, by the names of their events' jobs. */
export interface AwaitedReports {
  /** The names for which somebody waits. */
  readonly jobs: readonly string[];
  has(job: string): boolean;
  add(job: string, delivery: AwaitedReport): void;
  /** Whether nobody waits for the event but this delivery. */
  isAlone(job: string, delivery: AwaitedReport): boolean;
  remove(job: string, delivery: AwaitedReport): void;
  /** Gives everybody who waits for an event its report. */
  settle(job: string, report: IngressReport): void;
  /** Gives everybody who waits for an event the reason why there is no report. */
  settleMissing(job: string, error: NonNullable<IngressReport["error"]>): void;
}

/** Begins with nobody waiting. */
export function createAwaitedReports(): AwaitedReports {
  const deliveries = new Map<string, Set<AwaitedReport>>();
  const take = (job: string): readonly AwaitedReport[] => {
    const waiting = [...(deliveries.get(job) ?? [])];
    deliveries.delete(job);
    return waiting;
  };
  return {
    get jobs() {
      return [...deliveries.keys()];
    },
    has: (job) => deliveries.has(job),
    isAlone: (job, delivery) => {
      const waiting = deliveries.get(job);
      return waiting?.size === 1 && waiting.has(delivery);
    },
    add(job, delivery) {
      const waiting = deliveries.get(job) ?? new Set();
      deliveries.set(job, waiting.add(delivery));
    },
    remove(job, delivery) {
      const waiting = deliveries.get(job);
      waiting?.delete(delivery);
      if (waiting?.size === 0) deliveries.delete(job);
    },
    settle(job, report) {
      for (const delivery of take(job)) delivery.settle(report);
    },
    settleMissing(job, error) {
      for (const delivery of take(job)) delivery.settle(delivery.missing(error));
    },
  };
}
