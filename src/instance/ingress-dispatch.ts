import { type Deadline, startDeadline } from "../deadline.ts";
import { isPluginError, PluginError } from "../errors.ts";
import type { Authority } from "../grants/grants.types.ts";
import type { Json } from "../json.ts";
import type { GuestLimits } from "../limits.ts";
import type { IngressDeclaration } from "../manifest/manifest.types.ts";
import type { GuestReply } from "../runtime/backend.ts";
import type {
  IngressAttempt,
  IngressEnvelope,
  IngressFailure,
  OutputCommandResult,
} from "./ingress.types.ts";
import type { IngressRecord } from "./ingress-record.ts";
import { type IngressReply, readIngressReply } from "./ingress-reply.ts";
import { unlessAborted } from "./timing.ts";
import type { Turns } from "./turn.ts";

/** What handing an event to the guest needs of the instance around it. */
export interface DispatchParts {
  readonly authority: Authority;
  readonly limits: GuestLimits;
  /** The exposed ones, by name. */
  readonly ingresses: ReadonlyMap<string, IngressDeclaration>;
  readonly turns: Turns;
  readonly record: IngressRecord;
  readonly stopping: AbortSignal;
  /** Why the guest can't be entered now, if it can't. */
  refusal(): PluginError | undefined;
  /** Waits while the guest is started again; gives the reason why it can't be entered. */
  recovered(signal: AbortSignal | undefined): Promise<PluginError | undefined>;
  /** Enters the guest; a fault is its last. */
  enter(exportName: string, args: readonly string[], deadline: Deadline): Promise<GuestReply>;
  /** Gives the guest up for an answer that can't be believed. */
  fail(error: PluginError): void;
  /** Does what the guest's answer asks the host for, outside its turn. */
  runCommands(
    commands: Json,
    event: IngressEnvelope,
    declaration: IngressDeclaration,
  ): Promise<readonly OutputCommandResult[]>;
}

/** One attempt at an event, as a queue asks for it; it never rejects. */
export type HandleEvent = (event: IngressEnvelope, signal?: AbortSignal) => Promise<IngressAttempt>;

/**
 * Makes what hands an event to the guest (reference §4.7, §4.8): wait for a guest that is being
 * started again, take a turn, authorise, enter, read the answer, then run its output commands.
 *
 * @param parts What it needs.
 * @returns The function.
 */
export function createDispatch(parts: DispatchParts): HandleEvent {
  const plugin = parts.authority.plugin.ref;

  const attempt = async (
    event: IngressEnvelope,
    signal: AbortSignal | undefined,
  ): Promise<Partial<IngressAttempt>> => {
    const refusal = await parts.recovered(signal);
    if (refusal !== undefined) throw refusal;
    const declaration = parts.ingresses.get(event.ingress_name);
    if (declaration === undefined) return { error: notExposed };
    const given = await parts.turns.run(() => enter(event, signal), signal, "kept");
    const { reply, usage } = given;
    if (!reply.ok) return { error: failure(reply, reply.isRetryable), usage };
    const commands =
      reply.commands === undefined
        ? []
        : await parts.runCommands(reply.commands, event, declaration);
    return {
      accepted: reply.accepted,
      ...(reply.data === undefined ? {} : { output: reply.data }),
      commands,
      usage,
    };
  };

  /** The part that has its turn. */
  const enter = async (
    event: IngressEnvelope,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly reply: IngressReply; readonly usage: GuestReply["usage"] }> => {
    const name = event.ingress_name;
    // A grant may have been revoked while the event waited.
    const asked = parts.authority.decide({ kind: "ingress", name }, "execution");
    const decision = await unlessAborted(asked, [signal, parts.stopping]);
    if (!decision.allowed) throw new PluginError({ ...decision, phase: "execution", plugin });
    using deadline = startDeadline({
      budgetMs: parts.limits.timeoutMs,
      signals: [signal, parts.stopping],
    });
    parts.record.dispatched();
    const { output, usage } = await parts.enter(
      "handle-ingress",
      [name, JSON.stringify(event)],
      deadline,
    );
    const reply = readIngressReply(output, parts.limits.outputBytes);
    if (!reply.ok && reply.code !== "guest/failed") {
      parts.fail(new PluginError({ ...reply, phase: "execution", plugin }));
    }
    return { reply, usage };
  };

  return async (event, signal) => {
    const beganAt = performance.now();
    const came = await attempt(event, signal).catch((thrown: unknown) => ({
      error: thrownFailure(thrown, parts),
    }));
    const result: IngressAttempt = Object.freeze({
      plugin,
      ingress: event.ingress_name,
      correlationId: event.correlation_id,
      accepted: false,
      commands: [],
      ...came,
      durationMs: Math.max(0, performance.now() - beganAt),
    });
    parts.record.attempted(result);
    return result;
  };
}

/** A failure as a report states it. */
function failure(
  { code, message }: Pick<IngressFailure, "code" | "message">,
  isRetryable: boolean,
): IngressFailure {
  return Object.freeze({ code, message, isRetryable });
}

/** What was thrown, as a failure: of an event that the guest never had, or was cut off with, another attempt may go better. */
function thrownFailure(
  thrown: unknown,
  { stopping, refusal }: Pick<DispatchParts, "stopping" | "refusal">,
): IngressFailure {
  const reason = stopping.aborted ? (refusal() ?? thrown) : thrown;
  if (!isPluginError(reason)) return unexpected;
  return failure(reason, reason.code.startsWith("instance/"));
}

const unexpected: IngressFailure = Object.freeze({
  code: "instance/failed",
  message: "The event failed in an unexpected way.",
  isRetryable: false,
});

/** A durable queue may hold events for an ingress that this instance does not have. */
const notExposed: IngressFailure = Object.freeze({
  code: "ingress/unavailable",
  message: "The instance does not take events for this ingress: it is not selected or not granted.",
  isRetryable: false,
});
