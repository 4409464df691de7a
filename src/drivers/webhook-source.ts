import { decodeUtf8 } from "../bytes.ts";
import type { DriverContext, DriverSession, IngressReport } from "../instance/ingress.types.ts";
import type { Timing } from "../instance/timing.ts";
import { type Json, parseJson } from "../json.ts";
import { webhookLimits } from "../limits.ts";
import { pause } from "./pause.ts";
import { createSeenSignatures } from "./seen-signatures.ts";
import { createSourceTally } from "./source-tally.ts";
import {
  guestResponse,
  refusalOfReport,
  refusalResponse,
  refuseWebhook,
  takenResponse,
  WebhookRefusal,
} from "./webhook-answer.ts";
import {
  type BodyKind,
  checkHead,
  deliveryId,
  passedHeaders,
  readBody,
} from "./webhook-request.ts";
import type { CheckedRule } from "./webhook-rule.ts";
import type { SignatureClaim, WebhookSignature } from "./webhook-signature.ts";
import { verifyWebhook } from "./webhook-verification.ts";

/** A webhook's rule and bounds, all defaults filled in. */
export interface WebhookSettings extends CheckedRule {
  readonly maxBytes: number;
  readonly bodyMs: number;
  readonly answerMs: number;
  readonly timing: Timing;
}

/** A webhook that is open: a driver's session that requests are handed to. */
export interface WebhookSource extends DriverSession {
  handle(request: Request): Promise<Response>;
}

/**
 * Opens one webhook of one instance.
 *
 * A request is checked in this order, each step before anything that costs more: method, content type,
 * length, room, the signature's headers, the body's bound and time, the signature, its repetition, the
 * body's form; then it is an event.
 *
 * @param onClose Called when it takes no more requests.
 */
export function openWebhookSource(
  context: DriverContext,
  settings: WebhookSettings,
  onClose: () => void,
): WebhookSource {
  const { timing } = settings;
  const tally = createSourceTally("webhook", context, context.source, timing);
  const seen = createSeenSignatures();
  /** What ends the reading of each request that is in hand. */
  const inHand = new Set<AbortController>();
  let isClosed = false;
  let hasToldOfSecret = false;

  const end = () => {
    isClosed = true;
    for (const reading of inHand) reading.abort();
    context.signal.removeEventListener("abort", end);
    tally.enter("closed");
    onClose();
  };
  tally.enter("waiting");
  context.signal.addEventListener("abort", end, { once: true });
  if (context.signal.aborted) end();

  /** Reads and verifies; what takes too long is refused, and what still runs then leads nowhere. */
  const readGenuine = async (
    request: Request,
    claim: SignatureClaim | undefined,
    reading: AbortController,
  ) => {
    const work = (async () => {
      const body = await readBody(request, settings.maxBytes, reading.signal);
      return { body, digest: await verified(body, claim) };
    })();
    work.catch(() => {}); // it may fail after nobody waits any more
    const overtime = pause(timing, settings.bodyMs, reading.signal);
    const read = await Promise.race([work, overtime]);
    if (isClosed) return refuseWebhook(503, "The webhook is closed.");
    return read ?? refuseWebhook(408, "The request took too long.");
  };

  const verified = async (body: Uint8Array, claim: SignatureClaim | undefined) => {
    const { signature, secrets, provider } = settings;
    if (signature === undefined || claim === undefined) return undefined;
    const { plugin } = context;
    const now = timing.now();
    const verification = await verifyWebhook({
      signature,
      claim,
      body,
      secrets,
      provider,
      plugin,
      now,
    });
    if (verification.kind === "genuine") return verification.digest;
    if (verification.kind === "forged") return refuseWebhook(401, "The signature is not right.");
    const message = `${context.source} can't be verified: ${verification.reason}.`;
    if (!hasToldOfSecret) context.report({ code: "host/secret", phase: "execution", message });
    hasToldOfSecret = true;
    tally.fail(message);
    return refuseWebhook(503, "The webhook can't be verified now.");
  };

  /** Takes a signed body once; the returned function forgets it again. */
  const takeOnce = (digest: string | undefined, claim: SignatureClaim | undefined) => {
    const toleranceMs = settings.signature?.toleranceMs;
    if (digest === undefined || toleranceMs === undefined || claim?.signedAt === undefined) {
      return () => {};
    }
    const memory = seen.remember(digest, claim.signedAt + toleranceMs, timing.now());
    if (memory === "repeated") refuseWebhook(409, "This very request was taken already.");
    if (memory === "full") refuseWebhook(503, "There is no room for the event now.");
    return () => seen.forget(digest);
  };

  const deliver = async (request: Request, body: Json): Promise<Response> => {
    const headers = passedHeaders(request.headers, settings.headers);
    const id = deliveryId(headers);
    const delivery = tally.deliver({
      kind: "webhook",
      payload: { headers, body },
      ...(id !== undefined && { correlation_id: id }),
    });
    const patience = new AbortController();
    const report: IngressReport | undefined = await Promise.race([
      delivery,
      pause(timing, settings.answerMs, patience.signal).then(() => undefined),
    ]);
    patience.abort();
    if (report === undefined) return takenResponse();
    const refusal = refusalOfReport(report);
    if (refusal !== undefined) throw refusal;
    return settings.isAnsweredByGuest ? guestResponse(report) : takenResponse();
  };

  const answer = async (request: Request): Promise<Response> => {
    if (isClosed) refuseWebhook(404, "There is no such webhook.");
    const kind = checkHead(request, settings.maxBytes);
    if (inHand.size >= webhookLimits.requestsAtOnce.default) {
      refuseWebhook(503, "There is no room for the request now.");
    }
    const reading = new AbortController();
    inHand.add(reading);
    try {
      const claim = readClaim(settings.signature, request.headers);
      const { body, digest } = await readGenuine(request, claim, reading);
      const content = readContent(body, kind);
      const forget = takeOnce(digest, claim);
      try {
        return await deliver(request, content);
      } catch (thrown) {
        forget();
        throw thrown;
      }
    } finally {
      reading.abort();
      inHand.delete(reading);
    }
  };

  return Object.freeze({
    status: () => tally.status(),
    async handle(request: Request) {
      try {
        return await answer(request);
      } catch (thrown) {
        if (!(thrown instanceof WebhookRefusal)) throw thrown;
        if (!request.bodyUsed) void request.body?.cancel().catch(() => {});
        tally.fail(`A request was answered with ${thrown.status}: ${thrown.message}`);
        return refusalResponse(thrown);
      }
    },
    async [Symbol.asyncDispose]() {
      end();
    },
  });
}

function readClaim(
  signature: WebhookSignature | undefined,
  headers: Headers,
): SignatureClaim | undefined {
  if (signature === undefined) return undefined;
  const values = new Map(signature.headers.map((name) => [name, headers.get(name) ?? ""]));
  const most = webhookLimits.signatureCharacters.default;
  if ([...values.values()].some((value) => value === "" || value.length > most)) {
    refuseWebhook(401, "The request is not signed.");
  }
  return (
    signature.read((name) => values.get(name) ?? "") ??
    refuseWebhook(401, "The signature is not right.")
  );
}

function readContent(body: Uint8Array, kind: BodyKind): Json {
  if (kind === "text") return decodeUtf8(body) ?? refuseWebhook(400, "The body is not UTF-8.");
  const parsed = parseJson(body, body.length);
  return parsed.ok ? parsed.value : refuseWebhook(400, `The body is refused: ${parsed.reason}.`);
}
