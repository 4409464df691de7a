import { utf8Length } from "../diagnostic.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../json.ts";
import { hostCallLimits, ingressLimits } from "../limits.ts";
import { createEventId } from "./event-id.ts";
import { eventTime } from "./event-time.ts";
import type { IngressEvent } from "./ingress.types.ts";

/** The kind of event that brings a request's result; an ingress that lists its kinds must list it. */
export const resultKind = "request_result";

const resultSource = "host_request_dispatch";

/** Whose result it is. */
export interface ResultAddress {
  readonly ingress: string;
  readonly commandId: string;
  readonly correlationId: string;
}

/**
 * Makes the event that brings a request's result back to the ingress that asked for it.
 *
 * Its payload is `{command_id, correlation_id, response}` or `{…, error}`. A response whose body makes
 * the event larger than events may be has less of it, and then says `truncated`.
 *
 * @param address Which command it answers.
 * @param answer The request API's answer as JSON text.
 * @returns The event.
 */
export function requestResultEvent(address: ResultAddress, answer: string): IngressEvent {
  const result = readAnswer(answer);
  const whole = payloadOf(address, result);
  const most = ingressLimits.eventBytes.default - envelopeBytes(address.ingress);
  const payload =
    jsonBytes(whole) <= most ? whole : payloadOf(address, shortened(address, result, most));
  return { kind: resultKind, source: resultSource, payload };
}

type Result = { readonly response: JsonObject } | { readonly error: Json };

function readAnswer(answer: string): Result {
  const parsed = parseJson(answer, hostCallLimits.answerBytes.default);
  if (!parsed.ok || !isJsonObject(parsed.value)) {
    return { error: { code: "host/failed", message: "The host API gave no answer." } };
  }
  const { error } = parsed.value;
  return error === undefined ? { response: parsed.value } : { error };
}

function payloadOf({ commandId, correlationId }: ResultAddress, result: Result): JsonObject {
  return { command_id: commandId, correlation_id: correlationId, ...result };
}

/** Gives as much of the body as there is room for. */
function shortened(address: ResultAddress, result: Result, most: number): Result {
  const body = "response" in result ? result.response.body : undefined;
  if (!("response" in result) || typeof body !== "string") return tooLarge;
  const cutAt = (length: number): Result => ({
    response: { ...result.response, body: cutText(body, length), truncated: true },
  });
  const fits = (length: number) => jsonBytes(payloadOf(address, cutAt(length))) <= most;
  if (!fits(0)) return tooLarge;
  let short = 0;
  let long = body.length;
  while (long - short > 1) {
    const middle = (short + long) >>> 1;
    if (fits(middle)) short = middle;
    else long = middle;
  }
  return cutAt(short);
}

const tooLarge: Result = {
  error: { code: "host/too-large", message: "The answer is larger than an event may be." },
};

/** Cuts to a number of UTF-16 units, or one less so that no character is split. */
function cutText(text: string, length: number): string {
  const isSplit = /[\ud800-\udbff]/u.test(text.charAt(length - 1));
  return text.slice(0, isSplit ? length - 1 : length);
}

/** What the event takes as JSON besides its payload. */
function envelopeBytes(ingress: string): number {
  return jsonBytes({
    kind: resultKind,
    source: resultSource,
    ingress_name: ingress,
    payload: "",
    created_at: eventTime(0),
    attempt: Number.MAX_SAFE_INTEGER,
    correlation_id: createEventId(0),
  });
}

function jsonBytes(value: Json): number {
  return utf8Length(JSON.stringify(value));
}
