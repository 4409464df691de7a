import { boundedText, secretNames } from "../diagnostic.ts";
import { httpLimits, webhookLimits } from "../limits.ts";
import { refuseWebhook, WebhookRefusal } from "./webhook-answer.ts";

/** How a body is to be read. */
export type BodyKind = "json" | "text";

/**
 * Checks what the head of a request says, before anything of its body is read.
 *
 * @param request The request.
 * @param maxBytes The most bytes of its body.
 * @returns What the body is.
 * @throws WebhookRefusal 405, 415, 413, or 400 for a length that is none.
 */
export function checkHead(request: Request, maxBytes: number): BodyKind {
  if (request.method !== "POST") refuseWebhook(405, "Webhooks are called by POST.");
  const kind = bodyKind(request.headers.get("content-type") ?? "");
  if (kind === undefined) {
    refuseWebhook(415, "The body must be JSON or text, in UTF-8.");
  }
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    refuseWebhook(415, "The body must not be compressed.");
  }
  const length = request.headers.get("content-length");
  if (length !== null && !/^\d{1,15}$/u.test(length)) refuseWebhook(400, "The length is none.");
  if (length !== null && Number(length) > maxBytes) tooLarge(maxBytes);
  return kind;
}

/**
 * Reads a body up to its bound, holding no more than that; what is left of a longer one is not read.
 *
 * @param signal Ends the reading: it took too long, or the source is over.
 * @throws WebhookRefusal 413, or 400 when the body broke off.
 */
export async function readBody(
  request: Request,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(maxBytes);
  let size = 0;
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const cancel = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
  try {
    if (signal.aborted) cancel();
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) refuseWebhook(408, "The request took too long.");
      if (done) return bytes.slice(0, size);
      if (size + value.length > maxBytes) tooLarge(maxBytes);
      bytes.set(value, size);
      size += value.length;
    }
  } catch (thrown) {
    cancel();
    if (thrown instanceof WebhookRefusal) throw thrown;
    return refuseWebhook(400, "The body broke off.");
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

/**
 * Picks the headers that a guest sees: what the body is, who sent it, which event and delivery it is,
 * and those that the host named. Never one whose name stands for a secret.
 *
 * @param headers The request's.
 * @param named More names, lower case.
 * @returns At most `passedHeaders` of them, their values inert and bounded.
 */
export function passedHeaders(
  headers: Headers,
  named: readonly string[],
): Readonly<Record<string, string>> {
  const passed: [string, string][] = [];
  for (const [name, value] of headers) {
    const isPassed = named.includes(name) || /^(?:content-type|user-agent|webhook-id)$/u.test(name);
    if (!isPassed && !/^x-[a-z0-9-]{1,40}-(?:event|delivery|topic)$/u.test(name)) continue;
    if (secretNames.some((secret) => name.includes(secret))) continue;
    passed.push([name, boundedText(value, httpLimits.headerValueBytes.default)]);
    if (passed.length >= webhookLimits.passedHeaders.default) break;
  }
  return Object.freeze(Object.fromEntries(passed));
}

/** The sender's own id of this delivery, by which a guest knows a repetition. */
export function deliveryId(headers: Readonly<Record<string, string>>): string | undefined {
  const names = Object.keys(headers).filter((name) => /^webhook-id$|-delivery$/u.test(name));
  return names.map((name) => headers[name] ?? "").find((id) => /^[\x21-\x7e]{1,128}$/u.test(id));
}

function bodyKind(contentType: string): BodyKind | undefined {
  const [type = "", ...parameters] = contentType.toLowerCase().split(";");
  const charset = parameters
    .map((parameter) => parameter.trim())
    .find((parameter) => parameter.startsWith("charset="));
  if (charset !== undefined && !/^charset="?utf-?8"?$/u.test(charset)) return undefined;
  if (/^application\/(?:[a-z0-9.!#$&^_-]+\+)?json$/u.test(type.trim())) return "json";
  return /^text\/[a-z0-9.+-]+$/u.test(type.trim()) ? "text" : undefined;
}

function tooLarge(maxBytes: number): never {
  refuseWebhook(413, `The body has more than ${maxBytes} bytes.`);
}
