import type { JsonValue } from "./json.ts";
import { jsonValueText } from "./json-text.ts";
import { maxCommandIdBytes, maxCommandPayloadBytes } from "./output-limits.ts";
import type { PluginEvent } from "./plugin-event.ts";
import { utf8Bytes } from "./text.ts";
import { ToolError } from "./tool-error.ts";

/** What a plugin can ask its host for in the answer to an event (reference §4.8). */
export type OutputCommandKind =
  | "diagnostic_status_update"
  | "host_request_dispatch"
  | "websocket_send";

/**
 * Something that a plugin asks its host for in the answer to an event; its envelope, with the ids, is
 * written with the answer.
 */
export interface OutputCommand {
  readonly kind: OutputCommandKind;
  /** The payload's JSON: at most 16,384 UTF-8 bytes. */
  readonly payloadJson: string;
  readonly commandId: string | undefined;
}

/** What every command may be given. */
export interface CommandOptions {
  /**
   * Names the command in the host's status, and in the result of a request; made of the kind and a
   * number when absent. At most 128 UTF-8 bytes without control characters.
   */
  readonly commandId?: string;
}

/** A request that a host is asked to make, as its `request` API takes it. */
export interface DispatchedRequest {
  /** In capital letters. */
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
  readonly body?: string | null;
}

/**
 * Tells the host how the plugin is; always allowed.
 *
 * @param update `message` is shown with the command's result, `status` becomes the plugin's status.
 * @throws ToolError `invalid_output` when its JSON has more than 16,384 bytes.
 */
export function diagnosticStatusUpdate(
  update: { readonly message?: string; readonly status?: JsonValue },
  options?: CommandOptions,
): OutputCommand {
  const { message, status } = update;
  return command("diagnostic_status_update", { message, status }, options);
}

/**
 * Asks the host to make a request, whose result comes as an event `request_result` to the same ingress.
 * Manifest and grants must allow it by `host_api.request`.
 *
 * @throws ToolError `invalid_output` when its JSON has more than 16,384 bytes.
 */
export function hostRequestDispatch(
  { method, url, headers, body }: DispatchedRequest,
  options?: CommandOptions,
): OutputCommand {
  return command("host_request_dispatch", { method, url, headers, body }, options);
}

/**
 * Sends text over a WebSocket that the host opened for one of the plugin's sources. Manifest and grants
 * must allow it by `host_api.websocket`.
 *
 * @param url The source's URL.
 * @throws ToolError `invalid_output` when the JSON of both has more than 16,384 bytes.
 */
export function websocketSend(url: string, text: string, options?: CommandOptions): OutputCommand {
  return command("websocket_send", { url, text }, options);
}

/**
 * Writes a command with its envelope: the ids that tell it from others, and the event it belongs to.
 *
 * @param asked The command.
 * @param event The event that is answered.
 * @param number Which of the answer's commands it is, from 1.
 * @returns JSON.
 */
export function renderCommand(asked: OutputCommand, event: PluginEvent, number: number): string {
  const { kind, payloadJson, commandId = `${asked.kind}-${number}` } = asked;
  const envelope = JSON.stringify({
    correlation_id: correlationId(event, commandId),
    source_event_id: event.correlation_id,
    command_id: commandId,
    kind,
    requested_at: event.created_at,
  });
  return `${envelope.slice(0, -1)},"payload":${payloadJson}}`;
}

// An event's id may take all the bytes that a command's id has; then the command's own must do.
function correlationId(event: PluginEvent, commandId: string): string {
  const whole = `${event.correlation_id}:${commandId}`;
  return isCommandId(whole) ? whole : commandId;
}

function command(kind: OutputCommandKind, payload: object, options?: CommandOptions) {
  const { commandId } = options ?? {};
  if (commandId !== undefined && !isCommandId(commandId)) {
    throw new ToolError(
      "invalid_output",
      `A command's id must be text of 1 to ${maxCommandIdBytes} bytes without control characters.`,
    );
  }
  const payloadJson = jsonValueText(payload);
  if (utf8Bytes(payloadJson) > maxCommandPayloadBytes) {
    throw new ToolError(
      "invalid_output",
      `The payload of ${kind} is too large: its JSON must fit in ${maxCommandPayloadBytes} bytes.`,
    );
  }
  return Object.freeze({ kind, payloadJson, commandId });
}

function isCommandId(id: unknown): id is string {
  return typeof id === "string" && id !== "" && isPlain(id) && utf8Bytes(id) <= maxCommandIdBytes;
}

// No controls, no lone surrogates. Not \p{Cc}: guest engines come without Unicode property tables.
function isPlain(text: string): boolean {
  return /^[ -~\u00a0-\uffff]*$/.test(text) && !/[\ud800-\udfff]/u.test(text);
}
