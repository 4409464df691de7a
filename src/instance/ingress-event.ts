import { quoteName } from "../diagnostic.ts";
import { freezeJson, type Json } from "../json.ts";
import { ingressLimits } from "../limits.ts";
import type { IngressDeclaration } from "../manifest/manifest.types.ts";
import { createEventId, isEventId } from "./event-id.ts";
import { eventTime, readEventTime } from "./event-time.ts";
import type { IngressEnvelope } from "./ingress.types.ts";
import { snapshotInput } from "./tool-input.ts";

/** An event as its guest will get it, or why it is refused; nothing is thrown for it. */
export type IngressEventReading =
  | { readonly ok: true; readonly envelope: IngressEnvelope }
  | {
      readonly ok: false;
      readonly code: "ingress/invalid-event";
      /** A sentence that says which field it is and what it must be. */
      readonly message: string;
    };

const fields = [
  "kind",
  "source",
  "ingress_name",
  "payload",
  "created_at",
  "attempt",
  "correlation_id",
] as const;

type Fields = Partial<Record<(typeof fields)[number], unknown>>;

/**
 * Reads an event once, whatever the host or a driver passed, and checks it in the order of reference
 * §4.7, from the source on; whether the ingress may be used at all is checked before.
 *
 * What may be left out is filled in: the ingress's name, the moment, the attempt and a correlation id.
 * The declared `input_schema` is for whoever writes the sender; as in the reference, nothing is held
 * against it.
 *
 * @param event Anything; getters and proxies are read exactly once.
 * @param ingressName The ingress that it is delivered to.
 * @param declaration What the manifest says of that ingress.
 * @param clock Milliseconds since 1970.
 * @returns The frozen envelope, at most {@link ingressLimits}`.eventBytes` as JSON.
 */
export function readIngressEvent(
  event: unknown,
  ingressName: string,
  declaration: Pick<IngressDeclaration, "event_kinds">,
  clock: { now(): number },
): IngressEventReading {
  const given = readFields(event);
  if (typeof given === "string") return invalid(given);
  const { kind, source, ingress_name = ingressName } = given;
  const now = clock.now();
  const { created_at = eventTime(now), attempt = 1, correlation_id = createEventId(now) } = given;

  if (!isFilledText(source)) return invalid("source must be text that is not blank");
  if (ingress_name !== ingressName) {
    const other = typeof ingress_name === "string" ? quoteName(ingress_name) : "no name";
    return invalid(`ingress_name is ${other} and must be ${quoteName(ingressName)}`);
  }
  if (!isFilledText(kind)) return invalid("kind must be text that is not blank");
  const moment = typeof created_at === "string" ? readEventTime(created_at) : undefined;
  if (moment === undefined) return invalid("created_at must be a moment as RFC 3339 writes it");
  if (typeof attempt !== "number" || !Number.isSafeInteger(attempt) || attempt < 1) {
    return invalid("attempt must be a whole number above 0");
  }
  if (!isCorrelationId(correlation_id)) {
    const most = ingressLimits.correlationIdBytes.default;
    return invalid(
      `correlation_id must be text that is not blank, of at most ${most} bytes, without control characters`,
    );
  }

  const envelope = snapshotInput(
    {
      kind,
      source,
      ingress_name,
      payload: given.payload ?? null,
      created_at: eventTime(moment),
      attempt,
      correlation_id,
    },
    ingressLimits.eventBytes.default,
    "The event",
  );
  if (!envelope.ok) return refused(envelope.message);
  if (declaration.event_kinds.length > 0 && !declaration.event_kinds.includes(kind)) {
    return invalid(
      `kind is ${quoteName(kind)}, which the manifest does not list in event_kinds of this ingress`,
    );
  }
  // The snapshot has exactly the fields that were checked, as plain data of its own.
  return { ok: true, envelope: freezeJson(envelope.value) as Json as unknown as IngressEnvelope };
}

/** Reads every field once, or says why that can't be done. */
function readFields(event: unknown): Fields | string {
  if (typeof event !== "object" || event === null || Array.isArray(event)) {
    return "it is not an object";
  }
  try {
    const unknown = Object.keys(event).find((key) => !fields.some((field) => field === key));
    if (unknown !== undefined) return `${quoteName(unknown)} is not a field of an event`;
    const given: Fields = {};
    for (const field of fields) {
      if (!Object.hasOwn(event, field)) continue;
      const value: unknown = (event as Fields)[field];
      if (value !== undefined) given[field] = value;
    }
    return given;
  } catch {
    // Only the caller's own code throws here: a getter or a proxy.
    return "it could not be read";
  }
}

function isFilledText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}

function isCorrelationId(value: unknown): value is string {
  return isEventId(value, ingressLimits.correlationIdBytes.default) && isFilledText(value);
}

function invalid(problem: string): IngressEventReading {
  return refused(`The event is invalid: ${problem}.`);
}

function refused(message: string): IngressEventReading {
  return { ok: false, code: "ingress/invalid-event", message };
}
