import { PluginError } from "../errors.ts";
import type { SecretProvider } from "../host-api/http/secrets.ts";
import { webhookLimits } from "../limits.ts";
import type { WebhookSignature } from "./webhook-signature.ts";

/** How a webhook is verified, and what goes in and out. */
export interface WebhookRule {
  /**
   * Where the sender puts its signature. `"unsigned"` takes requests from whoever reaches the handler:
   * for a host that has verified them already.
   */
  readonly signature: WebhookSignature | "unsigned";
  /** The names of the secrets of which one must have signed; two while one is rotated. */
  readonly secrets?: readonly string[];
  /** More headers that the guest sees, beside the few that it always does. */
  readonly headers?: readonly string[];
  /** Whether the sender gets the guest's answer; it never does unless set. */
  readonly isAnsweredByGuest?: boolean;
}

/** A rule that was checked, all defaults filled in. */
export interface CheckedRule {
  /** `undefined` when the host verifies requests by itself. */
  readonly signature: WebhookSignature | undefined;
  readonly secrets: readonly string[];
  readonly provider: SecretProvider;
  readonly headers: readonly string[];
  readonly isAnsweredByGuest: boolean;
}

/**
 * Checks a host's rule, so that none is open that verifies nothing by mistake.
 *
 * @throws PluginError `options/invalid` naming what is wrong.
 */
export function checkRule(rule: WebhookRule, provider: SecretProvider | undefined): CheckedRule {
  const { signature, secrets = [], headers = [], isAnsweredByGuest = false } = rule;
  const named = headers.map((name) => name.toLowerCase());
  if (named.length > webhookLimits.passedHeaders.default || !named.every(isHeaderName)) {
    misused("its headers must be a few names of headers");
  }
  const common = { headers: named, isAnsweredByGuest };
  if (signature === "unsigned") {
    if (secrets.length > 0) misused("it is unsigned and names secrets: give it a signature");
    const provideNothing = () => misused("it is unsigned");
    return Object.freeze({ ...common, signature: undefined, secrets, provider: provideNothing });
  }
  if (secrets.length === 0 || secrets.length > webhookLimits.webhookSecrets.default) {
    misused(`it needs one to ${webhookLimits.webhookSecrets.default} names of secrets`);
  }
  if (provider === undefined) misused("the driver needs `secrets`, the host's secret provider");
  if (signature.headers.length === 0 || !signature.headers.every(isHeaderName)) {
    misused("its signature must name its headers, in lower case");
  }
  if (signature.toleranceMs !== undefined && !(signature.toleranceMs > 0)) {
    misused("its signature's toleranceMs must be a number above 0");
  }
  return Object.freeze({ ...common, signature, secrets: [...secrets], provider });
}

function isHeaderName(name: string): boolean {
  return /^[a-z0-9-]{1,64}$/u.test(name);
}

function misused(problem: string): never {
  throw new PluginError({
    code: "options/invalid",
    phase: "options",
    message: `A webhook's rule is not one: ${problem}.`,
  });
}
