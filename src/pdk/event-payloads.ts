import { isObject, type JsonValue } from "./json.ts";
import type { PluginEvent } from "./plugin-event.ts";

/** A text message that came over a WebSocket of the host's. */
export interface WebsocketText {
  /** Without a query; `websocketSend` takes it to answer. */
  readonly url: string;
  readonly text: string;
}

/** A tick of a timer. */
export interface TimerTick {
  /** RFC 3339. */
  readonly scheduled_at: string;
  /** How many ticks the plugin did not get since the one before. */
  readonly missed: number;
}

/** A request that somebody sent to a webhook of the host's, and whose signature was right. */
export interface WebhookCall {
  /** The few that a host passes on, by their names in lower case. */
  readonly headers: { readonly [name: string]: JsonValue };
  /** JSON, or text. */
  readonly body: JsonValue;
}

/** What became of a request that `hostRequestDispatch` asked for. */
export interface RequestResult {
  /** As the command was named. */
  readonly command_id: string;
  readonly correlation_id: string;
  readonly response?: {
    readonly status: number;
    readonly headers: readonly { readonly name: string; readonly value: string }[];
    readonly body: string;
    readonly truncated: boolean;
  };
  readonly error?: { readonly code: string; readonly message: string };
}

/** @returns What an event `websocket_text` brings; `undefined` when the event is none. */
export function websocketText(event: PluginEvent<unknown>): WebsocketText | undefined {
  const { url, text } = payloadOf(event, "websocket_text");
  return typeof url === "string" && typeof text === "string"
    ? Object.freeze({ url, text })
    : undefined;
}

/** @returns What an event `timer` brings; `undefined` when the event is none. */
export function timerTick(event: PluginEvent<unknown>): TimerTick | undefined {
  const { scheduled_at, missed } = payloadOf(event, "timer");
  return typeof scheduled_at === "string" && typeof missed === "number"
    ? Object.freeze({ scheduled_at, missed })
    : undefined;
}

/** @returns What an event `webhook` brings; `undefined` when the event is none. */
export function webhookCall(event: PluginEvent<unknown>): WebhookCall | undefined {
  const { headers, body } = payloadOf(event, "webhook");
  return isObject(headers) && body !== undefined
    ? Object.freeze({ headers: headers as WebhookCall["headers"], body: body as JsonValue })
    : undefined;
}

/** @returns What an event `request_result` brings; `undefined` when the event is none. */
export function requestResult(event: PluginEvent<unknown>): RequestResult | undefined {
  const result = payloadOf(event, "request_result");
  const isResult = isObject(result.response) || isObject(result.error);
  return isResult && typeof result.command_id === "string"
    ? (result as unknown as RequestResult)
    : undefined;
}

function payloadOf(
  { kind, payload }: PluginEvent<unknown>,
  wanted: string,
): { readonly [key: string]: unknown } {
  return kind === wanted && isObject(payload) ? payload : {};
}
