import { expect } from "vitest";
import type { Diagnostic } from "../../src/errors.ts";
import type { Authority } from "../../src/grants/grants.types.ts";
import { createAuthority } from "../../src/grants/plan.ts";
import type {
  DeliverOptions,
  DriverContext,
  IngressEvent,
  IngressReport,
} from "../../src/instance/ingress.types.ts";
import type { Timing } from "../../src/instance/timing.ts";
import { stubPackage } from "../grants/stub-package.ts";

type DrivenEvent = Omit<IngressEvent, "source" | "ingress_name">;

/** An instance as drivers see it: it keeps what they deliver, and takes it as the test says. */
export interface DriverHost {
  readonly context: DriverContext;
  readonly events: readonly DrivenEvent[];
  readonly diagnostics: readonly Diagnostic[];
  /** Stops the instance. */
  stop(): void;
}

/** What becomes of an event: nothing but that the guest took it, unless the test says otherwise. */
export type Take = (
  event: DrivenEvent,
  options: DeliverOptions | undefined,
) => Partial<IngressReport> | Promise<Partial<IngressReport>>;

const nobody: Authority = createAuthority(stubPackage(), undefined);

/** Makes an instance that drivers can feed. */
export function driverHost(
  source: string,
  parts: Partial<DriverContext> & { readonly take?: Take } = {},
): DriverHost {
  const { take = () => ({}), ...context } = parts;
  const events: DrivenEvent[] = [];
  const diagnostics: Diagnostic[] = [];
  const stop = new AbortController();
  const plugin = stubPackage().identity;
  return {
    context: {
      plugin,
      ingress: "inbox",
      source,
      authority: nobody,
      async deliver(event, options) {
        events.push(event);
        return report(await take(event, options));
      },
      report: (diagnostic) => void diagnostics.push(diagnostic),
      signal: stop.signal,
      ...context,
    },
    events,
    diagnostics,
    stop: () => stop.abort(),
  };
}

/** A report of an event that the guest took, with what differs. */
export function report(parts: Partial<IngressReport> = {}): IngressReport {
  return {
    plugin: "project:example.echo",
    ingress: "inbox",
    correlationId: "1",
    accepted: parts.error === undefined,
    commands: [],
    attempts: parts.error === undefined ? 1 : 0,
    queueLatencyMs: 0,
    durationMs: 0,
    ...parts,
  };
}

/** The report of a full queue. */
export const queueFull: Partial<IngressReport> = {
  error: { code: "ingress/queue-full", message: "The queue is full.", isRetryable: true },
};

/** A clock that goes on when a test says so, and only then. */
export interface HandTiming extends Timing {
  /** Lets time pass, what is due run in its order, and what that starts settle. */
  pass(ms: number): Promise<void>;
  /** How many timers wait. */
  readonly waiting: number;
  /** Moves the wall clock alone, as setting a machine's clock does. */
  setWall(now: number): void;
  /** Lets a sleep or a blocked thread pass: time goes on and timers fire late. */
  oversleep(ms: number): void;
}

/** Makes such a clock; it begins at 2026-01-01 and gives the same random number always. */
export function handTiming(random = 0): HandTiming {
  let elapsed = 0;
  let wallOffset = Date.UTC(2026, 0, 1);
  let timers: { readonly at: number; readonly run: () => void }[] = [];
  return {
    now: () => wallOffset + elapsed,
    elapsed: () => elapsed,
    random: () => random,
    schedule(delayMs, run) {
      const timer = { at: elapsed + delayMs, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    async pass(ms) {
      const until = elapsed + ms;
      for (;;) {
        await settle();
        const due = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers = timers.filter((other) => other !== due);
        elapsed = Math.max(elapsed, due.at);
        due.run();
      }
      elapsed = until;
      await settle();
    },
    get waiting() {
      return timers.length;
    },
    setWall: (now) => {
      wallOffset = now - elapsed;
    },
    oversleep: (ms) => {
      elapsed += ms;
    },
  };
}

/** Lets everything that is ready run, without waiting for time to pass. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((done) => setImmediate(done));
}

/** Waits until something holds, however long that takes below twenty seconds. */
export async function until(holds: () => boolean, what = holds.toString()): Promise<void> {
  const endsAt = performance.now() + 20_000;
  while (!holds() && performance.now() < endsAt) await new Promise((done) => setTimeout(done, 5));
  expect(holds(), what).toBe(true);
}
