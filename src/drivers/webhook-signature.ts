import { encodeUtf8 } from "../bytes.ts";
import { webhookLimits } from "../limits.ts";

/** What a request's headers claim: who knows the secret signed these bytes, at this moment. */
export interface SignatureClaim {
  /** What was signed in front of the raw body; empty for the body alone. */
  readonly prefix: string;
  /** HMAC-SHA256 values of 32 bytes, of which one must be right. */
  readonly signatures: readonly Uint8Array<ArrayBuffer>[];
  /** When it was signed, in milliseconds since 1970; absent where the format has no time. */
  readonly signedAt?: number;
}

/**
 * Where a sender puts its HMAC-SHA256 signature, and what it signs: one object for a kind of sender. A
 * host can write its own.
 */
export interface WebhookSignature {
  /** The headers, lower case, without each of which a request is refused before its body is read. */
  readonly headers: readonly string[];
  /**
   * Milliseconds that a signature's time may differ from the host's clock; within it, each signed body
   * is taken once. Absent for a format without a time, whose signed bodies can be replayed.
   */
  readonly toleranceMs?: number;
  /**
   * Reads the headers that are named above; each is there, of bounded length.
   *
   * @returns The claim, or `undefined` when they are not of this format.
   */
  read(header: (name: string) => string): SignatureClaim | undefined;
  /** The HMAC key that a secret stands for, or `undefined` for none; its UTF-8 bytes when absent. */
  key?(secret: string): Uint8Array<ArrayBuffer> | undefined;
}

/** How {@link hmacSignature} finds a signature. */
export interface HmacSignatureOptions {
  /** Such as `x-hub-signature-256`. */
  readonly header: string;
  /** What stands before the signature, such as `sha256=`; nothing unless set. */
  readonly prefix?: string;
  /** `hex` unless set. */
  readonly encoding?: "hex" | "base64";
}

/**
 * A signature of the raw body alone, in one header: GitHub's format and many others'.
 *
 * It has no time: who once saw a signed request can send it again, and the guest must know a
 * repetition by itself.
 */
export function hmacSignature(options: HmacSignatureOptions): WebhookSignature {
  const header = options.header.toLowerCase();
  const { prefix = "", encoding = "hex" } = options;
  const readSignature = encoding === "hex" ? hexSignature : base64Signature;
  return Object.freeze({
    headers: [header],
    read(value: (name: string) => string) {
      const text = value(header);
      const signature = text.startsWith(prefix)
        ? readSignature(text.slice(prefix.length))
        : undefined;
      return signature && { prefix: "", signatures: [signature] };
    },
  });
}

/** GitHub's signature: `x-hub-signature-256: sha256=<hex>`; see {@link hmacSignature}. */
export function githubSignature(): WebhookSignature {
  return hmacSignature({ header: "x-hub-signature-256", prefix: "sha256=" });
}

/** How {@link timestampedSignature} finds a signature, and how old one may be. */
export interface TimestampedSignatureOptions {
  /** Such as `stripe-signature`. */
  readonly header: string;
  /** Milliseconds that its time may differ from the host's clock; five minutes unless set. */
  readonly toleranceMs?: number | undefined;
}

/**
 * A signature of `<seconds>.<raw body>` in one header `t=<seconds>,v1=<hex>`, Stripe's format: `v1` may
 * come several times while a secret is rotated; other parts are left alone.
 */
export function timestampedSignature(options: TimestampedSignatureOptions): WebhookSignature {
  const header = options.header.toLowerCase();
  return Object.freeze({
    headers: [header],
    toleranceMs: options.toleranceMs ?? webhookLimits.toleranceMs.default,
    read(value: (name: string) => string) {
      const parts = value(header).split(",");
      const times = valuesOf(parts, "t=");
      const signatures = signaturesOf(valuesOf(parts, "v1="), hexSignature);
      const signedAt = secondsToMs(times[0]);
      if (times.length !== 1 || signatures === undefined || signedAt === undefined) {
        return undefined;
      }
      return { prefix: `${times[0]}.`, signatures, signedAt };
    },
  });
}

/** Stripe's signature: `stripe-signature: t=<seconds>,v1=<hex>`; see {@link timestampedSignature}. */
export function stripeSignature(): WebhookSignature {
  return timestampedSignature({ header: "stripe-signature" });
}

/**
 * Slack's signature of `v0:<seconds>:<raw body>`, in `x-slack-request-timestamp` and
 * `x-slack-signature: v0=<hex>`.
 */
export function slackSignature(): WebhookSignature {
  return Object.freeze({
    headers: ["x-slack-request-timestamp", "x-slack-signature"],
    toleranceMs: webhookLimits.toleranceMs.default,
    read(value: (name: string) => string) {
      const seconds = value("x-slack-request-timestamp");
      const signedAt = secondsToMs(seconds);
      const signatures = signaturesOf(valuesOf([value("x-slack-signature")], "v0="), hexSignature);
      if (signatures === undefined || signedAt === undefined) return undefined;
      return { prefix: `v0:${seconds}:`, signatures, signedAt };
    },
  });
}

/**
 * The Standard Webhooks signature of `<id>.<seconds>.<raw body>`, in `webhook-id`, `webhook-timestamp`
 * and `webhook-signature: v1,<base64>`; the secret may be written as `whsec_<base64>`.
 */
export function standardWebhookSignature(): WebhookSignature {
  return Object.freeze({
    headers: ["webhook-id", "webhook-timestamp", "webhook-signature"],
    toleranceMs: webhookLimits.toleranceMs.default,
    read(value: (name: string) => string) {
      const seconds = value("webhook-timestamp");
      const signedAt = secondsToMs(seconds);
      const parts = value("webhook-signature").split(" ");
      const signatures = signaturesOf(valuesOf(parts, "v1,"), base64Signature);
      if (signatures === undefined || signedAt === undefined) return undefined;
      return { prefix: `${value("webhook-id")}.${seconds}.`, signatures, signedAt };
    },
    key: (secret: string) =>
      secret.startsWith("whsec_") ? base64Bytes(secret.slice(6)) : encodeUtf8(secret),
  });
}

function valuesOf(parts: readonly string[], name: string): readonly string[] {
  return parts.filter((part) => part.startsWith(name)).map((part) => part.slice(name.length));
}

function signaturesOf(
  texts: readonly string[],
  read: (text: string) => Uint8Array<ArrayBuffer> | undefined,
): readonly Uint8Array<ArrayBuffer>[] | undefined {
  if (texts.length === 0 || texts.length > webhookLimits.signaturesInHeader.default) {
    return undefined;
  }
  const signatures = texts.map(read).filter((signature) => signature !== undefined);
  return signatures.length === texts.length ? signatures : undefined;
}

/** Whole seconds since 1970, in decimal and in its one spelling: what is signed is this very text. */
function secondsToMs(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,10}$/u.test(text) ? Number(text) * 1_000 : undefined;
}

function hexSignature(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\da-f]{64}$/iu.test(text)) return undefined;
  return Uint8Array.from({ length: 32 }, (_, at) =>
    Number.parseInt(text.slice(2 * at, 2 * at + 2), 16),
  );
}

function base64Signature(text: string): Uint8Array<ArrayBuffer> | undefined {
  return /^[A-Za-z0-9+/]{43}=$/u.test(text) ? base64Bytes(text) : undefined;
}

function base64Bytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u.test(text)) {
    return undefined;
  }
  return Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0));
}
