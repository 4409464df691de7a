import { encodeUtf8 } from "../../bytes.ts";
import { isWellFormedText, quoteName, utf8Length } from "../../diagnostic.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../../json.ts";
import { httpLimits } from "../../limits.ts";
import type { HostValue } from "../host-api.ts";
import { refuse } from "./host-refusal.ts";
import { checkRequestHeaders } from "./http-headers.ts";
import type { HeaderPair } from "./network.types.ts";
import { readUrl } from "./target-url.ts";

/** What a guest asks for, valid and within its bounds; not yet authorised. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: readonly HeaderPair[];
  readonly body: Uint8Array | undefined;
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const requestKeys = ["method", "url", "headers", "body"];

/**
 * Checks the size of a guest's one argument, before anything else looks at it.
 *
 * @returns The text.
 * @throws HostRefusal `host/too-large` or `host/invalid-request`.
 */
export function descriptorText(argument: HostValue | undefined, maxBytes: number): string {
  if (typeof argument !== "string") refuse("host/invalid-request", "The request is not text.");
  // A UTF-16 unit has one byte or more: endless text is refused without being counted.
  if (argument.length > maxBytes || utf8Length(argument) > maxBytes) {
    refuse("host/too-large", `What the guest sent has more than ${maxBytes} bytes.`);
  }
  return argument;
}

/**
 * Reads a guest's request in the order of reference §5.1: JSON, method, headers, body, URL.
 *
 * @param text The JSON, of bounded size.
 * @param schemes The schemes that the API reaches.
 * @returns The request.
 * @throws HostRefusal naming the first thing that is wrong.
 */
export function readHttpRequest(text: string, schemes: readonly string[]): HttpRequest {
  const fields = readFields(text, httpLimits.descriptorBytes.default, requestKeys);
  const { method } = fields;
  if (typeof method !== "string" || !methods.includes(method)) {
    refuse("host/invalid-request", `The method must be one of ${methods.join(", ")}.`);
  }
  const headers = checkRequestHeaders(readHeaders(fields.headers));
  const body = readBody(fields.body);
  return { method, url: readUrl(fields.url, schemes), headers, body };
}

/**
 * Parses a JSON object that has known keys only.
 *
 * @throws HostRefusal `host/invalid-request`.
 */
export function readFields(text: string, maxBytes: number, known: readonly string[]): JsonObject {
  const parsed = parseJson(text, maxBytes);
  if (!parsed.ok) refuse("host/invalid-request", `The request can't be read: ${parsed.reason}.`);
  if (!isJsonObject(parsed.value)) {
    refuse("host/invalid-request", "The request is not a JSON object.");
  }
  const unknown = Object.keys(parsed.value).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    refuse("host/invalid-request", `${quoteName(unknown)} is not a key of a request.`);
  }
  return parsed.value;
}

function readHeaders(value: Json | undefined): readonly HeaderPair[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) refuse("host/invalid-request", "headers is not a list.");
  if (value.length > httpLimits.requestHeaders.default) {
    refuse("host/too-large", `A request has at most ${httpLimits.requestHeaders.default} headers.`);
  }
  return value.map((item: Json) => {
    const isPair = isJsonObject(item) && Object.keys(item).length === 2;
    const name = isPair ? item.name : undefined;
    const content = isPair ? item.value : undefined;
    if (typeof name !== "string" || typeof content !== "string") {
      refuse("host/invalid-request", 'A header is {"name": …, "value": …}, both text.');
    }
    return [name, content] as const;
  });
}

function readBody(value: Json | undefined): Uint8Array | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") refuse("host/invalid-request", "body is neither text nor null.");
  if (!isWellFormedText(value)) refuse("host/invalid-request", "body is not Unicode text.");
  if (utf8Length(value) > httpLimits.bodyBytes.default) {
    refuse("host/too-large", `body has more than ${httpLimits.bodyBytes.default} bytes.`);
  }
  return encodeUtf8(value);
}
