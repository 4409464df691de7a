import { boundedText, quoteName } from "../diagnostic.ts";
import { type ErrorCode, PluginError } from "../errors.ts";
import type { Authority } from "../grants/grants.types.ts";
import { callLimits, ingressLimits } from "../limits.ts";
import { type Exposed, refusalOfAll, serviceActions } from "./exposed-surfaces.ts";
import type {
  DeliverOptions,
  IngressFailure,
  IngressQueueSession,
  IngressReport,
} from "./ingress.types.ts";
import { readIngressEvent } from "./ingress-event.ts";
import type { IngressRecord } from "./ingress-record.ts";
import type { InstanceState } from "./instance.types.ts";
import type { Timing } from "./timing.ts";

/** What taking events in needs of the instance around it. */
export interface IntakeParts {
  readonly authority: Authority;
  readonly exposed: Exposed;
  readonly declared: ReadonlySet<string>;
  readonly record: IngressRecord;
  readonly timing: Timing;
  /** The state, and why the guest can't be entered in it. */
  now(): { readonly state: InstanceState; readonly refusal: PluginError | undefined };
  /** Whether a failed guest will be started again. */
  isRecovering(): boolean;
  /** There once the instance runs. */
  queue(): IngressQueueSession | undefined;
  /** Told of every report. */
  onReport(report: IngressReport): void;
}

/**
 * Delivers one event; whatever the plugin or the event does ends as a report. One that a driver feeds
 * also needs a service that is still granted, as its connection is a service's (reference §4.9).
 */
export type DeliverIngress = (
  name: string,
  event: unknown,
  options?: DeliverOptions,
  by?: "host" | "driver",
) => Promise<IngressReport>;

/**
 * Makes what takes events in, in the order of reference §4.7: the surface, the state, the envelope,
 * the ingress and its kinds, the grants, and at last room in the queue.
 *
 * @param parts What it needs.
 * @returns The function; it throws `options/invalid` for options without meaning, and nothing else.
 */
export function createIntake(parts: IntakeParts): DeliverIngress {
  const { authority, exposed, record } = parts;

  return async (name, event, options = {}, by = "host") => {
    requireOptions(options);
    const report = await deliver(name, event, options, by);
    record.delivered(report);
    parts.onReport(report);
    return report;
  };

  async function deliver(
    name: string,
    event: unknown,
    options: DeliverOptions,
    by: "host" | "driver",
  ): Promise<IngressReport> {
    const refuse = (error: IngressFailure): IngressReport => {
      record.refused();
      return refusedReport(authority.plugin.ref, name, event, error);
    };
    const unready = surfaceFailure(exposed) ?? stateFailure(parts);
    if (unready !== undefined) return refuse(unready);
    const declaration = exposed.ingresses.get(name) ?? { event_kinds: [] };
    const read = readIngressEvent(event, name, declaration, parts.timing);
    if (!read.ok) return refuse(failure(read.code, read.message));
    const refusal = await grantFailure(parts, name, by);
    if (refusal !== undefined) return refuse(refusal);
    const queue = parts.queue();
    // It may have stopped while the authority was asked.
    if (queue === undefined) return refuse(stateFailure(parts) ?? notReady);
    try {
      const report = await queue.deliver(read.envelope, options);
      if (report.error?.code === "ingress/queue-full") record.refused();
      return report;
    } catch {
      // A queue of the host's own may reject against its contract; its text may hold anything.
      return refuse(queueFailed);
    }
  }
}

/** The failure of an event for an instance that takes none. */
export const noIngress: IngressFailure = Object.freeze(
  failure("ingress/unavailable", "The instance takes no events: it has no ingress in use."),
);

/**
 * Makes the report of an event that never came to a queue.
 *
 * @param plugin The plugin's reference.
 * @param ingress The ingress that it was for.
 * @param event Whatever was delivered.
 * @param error Why it was refused.
 * @returns The frozen report.
 */
export function refusedReport(
  plugin: string,
  ingress: string,
  event: unknown,
  error: IngressFailure,
): IngressReport {
  return Object.freeze({
    plugin,
    ingress: boundedText(String(ingress), callLimits.toolNameBytes.default),
    correlationId: correlationIdOf(event),
    accepted: false,
    commands: Object.freeze([]),
    attempts: 0,
    queueLatencyMs: 0,
    durationMs: 0,
    error,
  });
}

/** The sender's id as far as it can be shown; empty when there is none. */
function correlationIdOf(event: unknown): string {
  if (typeof event !== "object" || event === null) return "";
  try {
    const id: unknown = Reflect.get(event, "correlation_id");
    return typeof id === "string" ? boundedText(id, ingressLimits.correlationIdBytes.default) : "";
  } catch {
    // Only the sender's own code throws here: a getter or a proxy.
    return "";
  }
}

function surfaceFailure({ surfaces }: Exposed): IngressFailure | undefined {
  if (surfaces.has("ingress")) return undefined;
  const why = "The surface ingress is not selected, so that the instance takes no events.";
  return failure("ingress/unavailable", why);
}

function stateFailure({ now, isRecovering }: IntakeParts): IngressFailure | undefined {
  const { state, refusal } = now();
  // While a guest is started again its events wait for it: a queue is there for that.
  if (state === "running" || isRecovering()) return undefined;
  // A guest with nothing granted is never started.
  return refusal === undefined ? noIngress : failure(refusal.code, refusal.message);
}

const notReady: IngressFailure = Object.freeze({
  ...failure("ingress/unavailable", "The instance is not ready to take events yet."),
  isRetryable: true,
});

const queueFailed: IngressFailure = Object.freeze({
  ...failure("ingress/unavailable", "The queue failed to take the event, in an unexpected way."),
  isRetryable: true,
});

async function grantFailure(
  { authority, exposed, declared }: IntakeParts,
  name: string,
  by: "host" | "driver",
): Promise<IngressFailure | undefined> {
  if (!declared.has(name)) {
    return failure(
      "ingress/invalid-event",
      `The plugin has no ingress ${quoteName(String(name))}.`,
    );
  }
  const denied = exposed.denied.find((item) => item.kind === "ingress" && item.name === name);
  if (denied !== undefined) return failure(denied.diagnostic.code, denied.diagnostic.message);
  const decision = await authority.decide({ kind: "ingress", name }, "execution");
  if (!decision.allowed) return failure(decision.code, decision.message);
  const refusal =
    by === "driver" ? await refusalOfAll(serviceActions(exposed), authority) : undefined;
  return refusal && failure(refusal.code, refusal.message);
}

function failure(code: ErrorCode, message: string): IngressFailure {
  return { code, message, isRetryable: false };
}

function requireOptions({ signal, waitMs = 0 }: DeliverOptions): void {
  const isSignal = signal === undefined || typeof signal?.addEventListener === "function";
  if (isSignal && typeof waitMs === "number" && waitMs >= 0) return;
  throw new PluginError({
    code: "options/invalid",
    phase: "options",
    message: isSignal
      ? "waitMs must be a number of milliseconds from 0."
      : "signal must be an AbortSignal.",
  });
}
