import { concatBytes, encodeUtf8, toHex } from "../bytes.ts";
import { utf8Length } from "../diagnostic.ts";
import type { SecretProvider } from "../host-api/http/secrets.ts";
import { webhookLimits } from "../limits.ts";
import type { PackageIdentity } from "../package/package.types.ts";
import type { SignatureClaim, WebhookSignature } from "./webhook-signature.ts";

/** What {@link verifyWebhook} looks at. */
export interface VerificationRequest {
  readonly signature: WebhookSignature;
  readonly claim: SignatureClaim;
  readonly body: Uint8Array;
  /** The names of the secrets of which one must have signed. */
  readonly secrets: readonly string[];
  readonly provider: SecretProvider;
  readonly plugin: PackageIdentity;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Whether a request is its sender's, or that nobody can say because a secret is not to be had. */
export type Verification =
  | { readonly kind: "genuine" /** Names what was signed. */; readonly digest: string }
  | { readonly kind: "forged" }
  | { readonly kind: "unknown"; readonly reason: string };

/**
 * Says whether one of the secrets signed the raw body in time. Signatures are compared in constant
 * time, by Web Crypto; which of them failed and why is nobody's business.
 */
export async function verifyWebhook(request: VerificationRequest): Promise<Verification> {
  const { signature, claim, body, now } = request;
  const { toleranceMs } = signature;
  if (toleranceMs !== undefined) {
    const isInTime = claim.signedAt !== undefined && Math.abs(now - claim.signedAt) <= toleranceMs;
    if (!isInTime) return { kind: "forged" };
  }
  const keys = await readKeys(request);
  if (typeof keys === "string") return { kind: "unknown", reason: keys };

  const signed = concatBytes([encodeUtf8(claim.prefix), body]);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  let isGenuine = false;
  for (const bytes of keys) {
    const key = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["verify"]);
    for (const value of claim.signatures) {
      const isRight = await crypto.subtle.verify(algorithm, key, value, signed);
      isGenuine ||= isRight;
    }
  }
  if (!isGenuine) return { kind: "forged" };
  const digest = await crypto.subtle.digest("SHA-256", signed);
  return { kind: "genuine", digest: toHex(new Uint8Array(digest)) };
}

/** All keys, or a reason without any of a secret; each secret is asked for anew, so that a rotated one counts at once. */
async function readKeys({
  signature,
  secrets,
  provider,
  plugin,
}: VerificationRequest): Promise<readonly Uint8Array<ArrayBuffer>[] | string> {
  const keys: Uint8Array<ArrayBuffer>[] = [];
  for (const name of secrets) {
    let secret: unknown;
    try {
      secret = await provider(name, { plugin });
    } catch {
      // What a provider says of a secret may hold it; that it failed is enough.
      return "the secret provider does not have one of its secrets";
    }
    if (typeof secret !== "string") return "the secret provider gave no text";
    const key = signature.key === undefined ? encodeUtf8(secret) : signature.key(secret);
    const least = webhookLimits.shortestWebhookSecret.default;
    if (key === undefined || key.length < least) {
      return `a secret is no key of ${least} bytes or more`;
    }
    if (utf8Length(secret) > webhookLimits.longestWebhookSecret.default) {
      return `a secret has more than ${webhookLimits.longestWebhookSecret.default} bytes`;
    }
    keys.push(key);
  }
  return keys;
}
