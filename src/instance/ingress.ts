import { type Diagnostic, isPluginError, PluginError } from "../errors.ts";
import type { Authority } from "../grants/grants.types.ts";
import type { HostApi } from "../host-api/host-api.ts";
import type { GuestLimits } from "../limits.ts";
import type { Exposed } from "./exposed-surfaces.ts";
import type { GuestLife } from "./guest-life.ts";
import type { DriverStatus, IngressConsumer, IngressQueueSession } from "./ingress.types.ts";
import { createDispatch } from "./ingress-dispatch.ts";
import { createIntake, type DeliverIngress } from "./ingress-intake.ts";
import { memoryIngressQueue } from "./ingress-queue.ts";
import { createIngressRecord } from "./ingress-record.ts";
import type { IngressStatus, InstanceEvents, InstanceState } from "./instance.types.ts";
import type { LifePlan } from "./life-options.ts";
import type { Listeners } from "./listeners.ts";
import { createOutputCommands } from "./output-commands.ts";
import { createSources } from "./sources.ts";
import type { StatusRecord } from "./status.ts";
import { backoffMs, settledWithin, type Timing, unlessAborted } from "./timing.ts";
import type { Turns } from "./turn.ts";

/** What the ingress side of an instance is made of. */
export interface IngressParts {
  readonly authority: Authority;
  readonly limits: GuestLimits;
  readonly exposed: Exposed;
  readonly listeners: Listeners<InstanceEvents>;
  readonly record: StatusRecord;
  readonly plan: LifePlan;
  readonly timing: Timing;
  /** The names of all ingresses that the package declares. */
  readonly declaredIngresses: ReadonlySet<string>;
  /** For `host_request_dispatch`, where the host provides it. */
  readonly requestApi: HostApi | undefined;
  readonly turns: Turns;
  readonly life: GuestLife;
  /** Fires when what the guest does is to end, because the instance stops. */
  readonly stopping: AbortSignal;
  state(): InstanceState;
}

/** All that brings events to a guest and does what it answers with: sources, queue, dispatch, commands. */
export interface Ingress {
  readonly deliver: DeliverIngress;
  /**
   * Opens the queue, then the sources.
   *
   * @param signal Gives it up.
   * @throws PluginError what the queue could not be opened for; release it then, too.
   */
  open(signal: AbortSignal | undefined): Promise<void>;
  /**
   * Ends it in its order: what feeds the queue, the queue, what the host does in the guest's name.
   * What waits is reported with the error. A second call waits for the first.
   */
  release(error: PluginError): Promise<void>;
  status(): { readonly ingress: IngressStatus; readonly sources: readonly DriverStatus[] };
}

/**
 * Composes the ingress side of an instance whose guest lives on (reference §4.7 to §4.9).
 *
 * @param parts What it is made of.
 * @returns It, with nothing open yet.
 */
export function createIngress(parts: IngressParts): Ingress {
  const { authority, limits, exposed, listeners, record, plan, timing, life } = parts;
  const counts = createIngressRecord();
  const ending = new AbortController();
  let queue: IngressQueueSession | undefined;
  let released: Promise<void> | undefined;
  let ended: Pick<PluginError, "code" | "message"> | undefined;

  const report = (diagnostic: Diagnostic) => {
    record.diagnostic(diagnostic);
    listeners.emit("diagnostic", diagnostic);
  };

  const deliver = createIntake({
    authority,
    exposed,
    timing,
    declared: parts.declaredIngresses,
    record: counts,
    now: () => ({ state: parts.state(), refusal: life.refusal() }),
    isRecovering: () => life.isRecovering,
    queue: () => (ending.signal.aborted ? undefined : queue),
    onReport: (delivered) => listeners.emit("ingress", delivered),
  });

  const sources = createSources({
    authority,
    exposed,
    drivers: plan.drivers,
    patienceMs: limits.startTimeoutMs,
    deliver,
    onDiagnostic: report,
  });

  const commands = createOutputCommands({
    authority,
    requestApi: parts.requestApi,
    send: (url, text) => sources.send(url, text),
    setStatus: (status) => record.component(status),
    deliver: (name, event, options) => deliver(name, event, options),
    report,
    signal: ending.signal,
    now: () => timing.now(),
  });

  const handle = createDispatch({
    authority,
    limits,
    record: counts,
    ingresses: exposed.ingresses,
    turns: parts.turns,
    stopping: parts.stopping,
    refusal: () => life.refusal(),
    recovered: (signal) => life.recovered(signal),
    enter: (name, args, deadline) => life.enter(name, args, deadline),
    fail: (error) => life.fail(error),
    async runCommands(raw, event, declaration) {
      const results = await commands.run(raw, event, declaration);
      for (const result of results) {
        record.command(result);
        listeners.emit("command", result);
      }
      return results;
    },
  });

  const consumer: IngressConsumer = {
    plugin: authority.plugin,
    capacity: plan.ingress.capacity,
    maxAttempts: plan.ingress.maxAttempts,
    retryDelayMs: (attempt) => backoffMs(plan.ingress.retry, attempt, timing.random()),
    handle,
    deadLetter: (letter) => listeners.emit("deadLetter", letter),
  };

  return {
    deliver,
    async open(signal) {
      if (exposed.ingresses.size === 0) return;
      const opening = openQueue(plan, consumer).then((session) => {
        queue = session;
        // One that comes after the release was not there to be closed by it.
        return ended && session.close(ended);
      });
      await unlessAborted(opening, [signal]);
      await unlessAborted(sources.open(), [signal]);
    },
    release(error) {
      released ??= (async () => {
        // As long as one event may take that the guest has already, and its commands.
        const patienceMs = limits.startTimeoutMs + limits.timeoutMs;
        const { code, message } = error;
        const open = queue;
        ended = { code, message };
        ending.abort();
        await sources[Symbol.asyncDispose]();
        // Async functions, so that a queue of the host's own that throws ends nothing else.
        await settledWithin((async () => open?.close({ code, message }))(), patienceMs);
        await settledWithin((async () => commands[Symbol.asyncDispose]())(), patienceMs);
      })();
      return released;
    },
    status() {
      const capacity = exposed.ingresses.size > 0 ? plan.ingress.capacity : 0;
      return { ingress: counts.read(capacity, queue), sources: sources.statuses() };
    },
  };
}

async function openQueue(plan: LifePlan, consumer: IngressConsumer): Promise<IngressQueueSession> {
  try {
    return await (plan.ingress.queue ?? memoryIngressQueue()).open(consumer);
  } catch (thrown) {
    if (isPluginError(thrown)) throw thrown;
    throw new PluginError({
      code: "ingress/unavailable",
      phase: "lifecycle",
      plugin: consumer.plugin.ref,
      message: "The queue of events could not be opened; the error's cause says why.",
      cause: thrown,
    });
  }
}
