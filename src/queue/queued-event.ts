import { createHash } from "node:crypto";
import type { IngressEnvelope, IngressReport } from "../instance/ingress.types.ts";
import { readIngressEvent } from "../instance/ingress-event.ts";

/** An event as it lies in Redis. */
export interface QueuedEvent {
  readonly event: IngressEnvelope;
  /** The digest of the package that it was delivered to; another one may have taken its place since. */
  readonly digest: string;
  /** Milliseconds since 1970. */
  readonly deliveredAt: number;
  /** How often a host took it and gave it back before its guest had it. */
  readonly returned: number;
  /** What its last attempt came to, once it is given up. */
  readonly report?: IngressReport;
}

/**
 * Makes a name that Redis keys can have: letters, digits, dots, dashes, underscores and tildes, so that
 * nothing of a package's own text means anything in a key.
 *
 * @param text Any text; different texts give different names.
 */
export function keyName(text: string): string {
  return text.replace(
    /[^\w.-]/gu,
    (character) => `~${character.codePointAt(0)?.toString(16) ?? ""}~`,
  );
}

/**
 * Names an event's job, so that Redis itself refuses a repetition: the same correlation id from the
 * same source to the same ingress. One source can't keep out another one's events.
 *
 * @returns 64 hexadecimal digits with a letter before them: BullMQ takes plain numbers for its own ids.
 */
export function jobName({ ingress_name, source, correlation_id }: IngressEnvelope): string {
  const parts = JSON.stringify([ingress_name, source, correlation_id]);
  return `e${createHash("sha256").update(parts).digest("hex")}`;
}

/**
 * Reads what lies in Redis by the rules that an event is delivered under: whoever can write there may
 * have written anything.
 *
 * @param data The job's data.
 * @returns The event, or `undefined` when it is none.
 */
export function readQueuedEvent(data: unknown): QueuedEvent | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { event, digest, deliveredAt, returned } = data as Partial<QueuedEvent>;
  const ingress = event?.ingress_name;
  if (typeof ingress !== "string" || typeof digest !== "string") return undefined;
  if (!isCount(deliveredAt) || !isCount(returned)) return undefined;
  const read = readIngressEvent(event, ingress, { event_kinds: [] }, Date);
  return read.ok ? { event: read.envelope, digest, deliveredAt, returned } : undefined;
}

/** Reads a report that another host may have written. */
export function readReport(value: unknown): IngressReport | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const report = value as Partial<IngressReport>;
  const isReport =
    typeof report.plugin === "string" &&
    typeof report.ingress === "string" &&
    typeof report.correlationId === "string" &&
    typeof report.accepted === "boolean" &&
    Array.isArray(report.commands) &&
    isCount(report.attempts);
  return isReport ? Object.freeze(report as IngressReport) : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
