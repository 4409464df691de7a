import { quoteName, utf8Length } from "../diagnostic.ts";
import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import { commandLimits } from "../limits.ts";
import { isEventId } from "./event-id.ts";
import { readEventTime } from "./event-time.ts";
import type { IngressEnvelope } from "./ingress.types.ts";

/** The kinds of output commands (reference §4.8). */
const commandKinds = [
  "diagnostic_status_update",
  "websocket_send",
  "host_request_dispatch",
] as const;

/** One of {@link commandKinds}. */
export type CommandKind = (typeof commandKinds)[number];

/** What a command calls itself: the ids that are well-formed, for its result. */
export interface CommandNames {
  readonly correlationId?: string;
  readonly sourceEventId?: string;
  readonly commandId?: string;
  /** Inert and bounded, also when it is none of {@link commandKinds}. */
  readonly kind?: string;
}

/** A command whose envelope is in order; its payload was not looked at. */
export interface OutputCommand {
  readonly correlationId: string;
  readonly commandId: string;
  readonly kind: CommandKind;
  readonly payload: JsonObject;
}

/** A command with its names, or why it is rejected. */
export type CommandReading =
  | { readonly ok: true; readonly names: CommandNames; readonly command: OutputCommand }
  | { readonly ok: false; readonly names: CommandNames; readonly reason: string };

const envelopeKeys = [
  "correlation_id",
  "source_event_id",
  "command_id",
  "kind",
  "payload",
  "requested_at",
];
const idKeys = ["correlation_id", "source_event_id", "command_id"] as const;

/**
 * Reads one command of a guest's answer.
 *
 * @param value The command as the guest wrote it.
 * @param event The event that the guest answered, which `source_event_id` must name.
 * @returns The command; else the first thing that is wrong, as a sentence without an end.
 */
export function readOutputCommand(value: Json, event: IngressEnvelope): CommandReading {
  if (!isJsonObject(value)) return { ok: false, names: {}, reason: "a command is not an object" };
  const names = namesOf(value);
  const reason = envelopeProblem(value, event);
  if (reason !== undefined) return { ok: false, names, reason };
  return {
    ok: true,
    names,
    command: {
      correlationId: value.correlation_id as string,
      commandId: value.command_id as string,
      kind: value.kind as CommandKind,
      payload: value.payload as JsonObject,
    },
  };
}

function envelopeProblem(command: JsonObject, event: IngressEnvelope): string | undefined {
  const unknown = Object.keys(command).find((key) => !envelopeKeys.includes(key));
  if (unknown !== undefined) return `${quoteName(unknown)} is not a key of a command`;
  const wrongId = idKeys.find((key) => !isCommandId(command[key]));
  if (wrongId !== undefined) {
    return `${wrongId} must be text of 1 to ${commandLimits.idBytes.default} bytes without control characters`;
  }
  if (command.source_event_id !== event.correlation_id) {
    return "source_event_id is not the correlation_id of the event that was answered";
  }
  const { kind, payload, requested_at: requestedAt } = command;
  if (!isCommandKind(kind)) return `kind must be one of ${commandKinds.join(", ")}`;
  if (typeof requestedAt !== "string" || readEventTime(requestedAt) === undefined) {
    return "requested_at must be a moment as RFC 3339 writes it";
  }
  if (!isJsonObject(payload)) return "payload is not an object";
  const most = commandLimits.payloadBytes.default;
  if (utf8Length(JSON.stringify(payload)) > most) {
    return `payload takes more than ${most} bytes as JSON`;
  }
  return undefined;
}

function namesOf(command: JsonObject): CommandNames {
  const [correlationId, sourceEventId, commandId] = idKeys.map((key) => command[key]);
  const { kind } = command;
  return {
    ...(isCommandId(correlationId) ? { correlationId } : {}),
    ...(isCommandId(sourceEventId) ? { sourceEventId } : {}),
    ...(isCommandId(commandId) ? { commandId } : {}),
    ...(typeof kind === "string" ? { kind: quoteName(kind).slice(1, -1) } : {}),
  };
}

function isCommandKind(value: Json | undefined): value is CommandKind {
  return commandKinds.some((kind) => kind === value);
}

function isCommandId(value: Json | undefined): value is string {
  return isEventId(value, commandLimits.idBytes.default);
}

/**
 * Says which key of a payload is one too many.
 *
 * @param payload The payload.
 * @param known The keys that the kind has.
 * @returns Why it is rejected, or `undefined`.
 */
export function unknownPayloadKey(
  payload: JsonObject,
  known: readonly string[],
): string | undefined {
  const unknown = Object.keys(payload).find((key) => !known.includes(key));
  return unknown === undefined ? undefined : `${quoteName(unknown)} is not a key of its payload`;
}
