import type { IngressReport } from "../instance/ingress.types.ts";
import { stringifyJson } from "../json.ts";
import { webhookLimits } from "../limits.ts";

/** A request that is answered without the guest: its status, and a sentence for the sender. */
export class WebhookRefusal extends Error {
  override readonly name = "WebhookRefusal";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** @throws WebhookRefusal always. */
export function refuseWebhook(status: number, message: string): never {
  throw new WebhookRefusal(status, message);
}

/** @returns The answer of a refusal: its sentence as plain text, and the headers that go with its status. */
export function refusalResponse({ status, message }: WebhookRefusal): Response {
  const headers = new Headers(answerHeaders);
  headers.set("content-type", "text/plain; charset=utf-8");
  if (status === 401) headers.set("www-authenticate", "Signature");
  if (status === 405) headers.set("allow", "POST");
  if (status === 503) headers.set("retry-after", `${webhookLimits.retryAfterSeconds.default}`);
  return new Response(`${message}\n`, { status, headers });
}

/** @returns The answer for an event that the ingress has, whatever becomes of it: 202, without a body. */
export function takenResponse(): Response {
  return new Response(null, { status: 202, headers: answerHeaders });
}

/**
 * Answers with what the guest said, for senders that were promised that.
 *
 * @param report What became of the event; the guest was given it.
 * @returns 200 with its data, 422 with it when the guest did not take the event, 502 when it failed.
 */
export function guestResponse(report: IngressReport): Response {
  const headers = new Headers(answerHeaders);
  if (report.error !== undefined) {
    headers.set("content-type", "text/plain; charset=utf-8");
    return new Response("The plugin failed.\n", { status: 502, headers });
  }
  headers.set("content-type", "application/json");
  const body = stringifyJson(report.output ?? null) ?? "null";
  return new Response(body, { status: report.accepted ? 200 : 422, headers });
}

/**
 * Says why an event never reached the guest, in words that tell the sender nothing of the host.
 *
 * @returns The refusal, or `undefined` when the guest was given the event.
 */
export function refusalOfReport({ error, attempts }: IngressReport): WebhookRefusal | undefined {
  if (error === undefined || attempts > 0) return undefined;
  if (error.code === "ingress/invalid-event") {
    return new WebhookRefusal(422, "The event is not one that this webhook takes.");
  }
  if (error.code.startsWith("grant/")) {
    return new WebhookRefusal(403, "This webhook may not be used now.");
  }
  return new WebhookRefusal(503, "There is no room for the event now.");
}

const answerHeaders = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;
