import { quoteName } from "../diagnostic.ts";
import { type ErrorCode, PluginError } from "../errors.ts";
import type { SecretProvider } from "../host-api/http/secrets.ts";
import type { DriverContext, IngressDriver } from "../instance/ingress.types.ts";
import { systemTiming, type Timing } from "../instance/timing.ts";
import { webhookLimits } from "../limits.ts";
import type { PackageIdentity } from "../package/package.types.ts";
import { readOption } from "./driver-option.ts";
import { refusalResponse, WebhookRefusal } from "./webhook-answer.ts";
import { type CheckedRule, checkRule, type WebhookRule } from "./webhook-rule.ts";
import { openWebhookSource, type WebhookSource } from "./webhook-source.ts";

export type { WebhookRule } from "./webhook-rule.ts";

/** A webhook that a plugin declares as `webhook:<name>`. */
export interface WebhookIdentity {
  readonly plugin: PackageIdentity;
  readonly ingress: string;
  readonly name: string;
}

/** What the webhook driver is made with. */
export interface WebhookDriverOptions {
  /** Says how a webhook is verified; one without a rule is not opened. */
  readonly rule: WebhookRule | ((webhook: WebhookIdentity) => WebhookRule | undefined);
  /** The host's secrets, asked anew for each request; neither guest nor sender sees them. */
  readonly secrets?: SecretProvider | undefined;
  /** The most bytes of a body; 48 KiB unless set. */
  readonly maxBytes?: number | undefined;
  /** Milliseconds in which a body must be there and verified; 10 s unless set. */
  readonly bodyMs?: number | undefined;
  /** Milliseconds that an answer waits for what becomes of the event; 2500 unless set. */
  readonly answerMs?: number | undefined;
  /** Clock and timers; the platform's unless set. */
  readonly timing?: Timing | undefined;
}

/** Where a request is meant to go, for hosts with routes of their own. */
export interface WebhookAddress {
  /** The plugin's reference, such as `project:example.bot`. */
  readonly plugin: string;
  /** The webhook's name, as in the source `webhook:<name>`. */
  readonly webhook: string;
}

/** A driver that is fed by requests. */
export interface WebhookDriver extends IngressDriver {
  /**
   * Answers one request: mount it in a server of your own.
   *
   * @param request The request, its body unread.
   * @param address Where it goes; the last two segments of its path unless given,
   *   `…/<plugin reference>/<webhook name>`.
   * @returns The answer: 202 when the ingress has the event, 4xx when the request is refused, 503 with
   *   `retry-after` when there is no room.
   * @throws PluginError `options/invalid` when something has read the body before.
   */
  handle(request: Request, address?: WebhookAddress): Promise<Response>;
}

/**
 * Makes the driver of `webhook:<name>` sources: a function from a request to a response, made of Web
 * APIs alone, that turns signed requests into events `webhook` with `{ headers, body }`.
 *
 * What is unsigned, forged, too old, repeated, too large or too slow is answered without the guest.
 *
 * @param options The rules and secrets.
 * @returns The driver, which may serve any number of plugins, one instance of each.
 * @throws PluginError `options/invalid` for a rule that verifies nothing by mistake, or a bound that is none.
 */
export function createWebhookDriver(options: WebhookDriverOptions): WebhookDriver {
  const { rule, secrets } = options;
  // One rule for all is checked here, where the host sees what is wrong with it.
  const common = typeof rule === "function" ? undefined : checkRule(rule, secrets);
  const ruleOf = (webhook: WebhookIdentity): CheckedRule | undefined => {
    if (typeof rule !== "function") return common;
    const own = rule(webhook);
    return own && checkRule(own, secrets);
  };
  const settings = {
    maxBytes: readOption("maxBytes", options.maxBytes, webhookLimits.webhookBytes.default),
    bodyMs: readOption("bodyMs", options.bodyMs, webhookLimits.webhookBodyMs.default),
    answerMs: readOption("answerMs", options.answerMs, webhookLimits.answerMs.default),
    timing: options.timing ?? systemTiming,
  };
  const sources = new Map<string, WebhookSource>();

  const open = (context: DriverContext): WebhookSource => {
    const { plugin, ingress } = context;
    const name = context.source.slice("webhook:".length);
    if (name.length > webhookLimits.webhookNameBytes.default || !/^\w[\w.-]*$/u.test(name)) {
      throw refused(
        context,
        "ingress/invalid-source",
        "a webhook's name has letters, digits, _, - and .",
      );
    }
    const webhook = Object.freeze({ plugin, ingress, name });
    const own = ruleOf(webhook);
    if (own === undefined) {
      throw refused(context, "ingress/invalid-source", "the host has no rule for this webhook");
    }
    const key = sourceKey(plugin.ref, name);
    if (sources.has(key)) {
      throw refused(context, "ingress/source-taken", "the driver serves it already");
    }
    // It may close while it is opened: its instance stops.
    let hasPlace = true;
    const source = openWebhookSource(context, { ...settings, ...own }, () => {
      if (hasPlace) sources.delete(key);
      hasPlace = false;
    });
    if (hasPlace) sources.set(key, source);
    return source;
  };

  return Object.freeze({
    name: "webhook",
    serves: (source: string) => source.startsWith("webhook:"),
    open,
    async handle(request: Request, address: WebhookAddress | undefined = addressOf(request)) {
      if (request.bodyUsed) {
        throw new PluginError({
          code: "options/invalid",
          phase: "options",
          message:
            "The body of a webhook's request was read already. Its signature is that of the raw bytes: mount the handler before what parses bodies.",
        });
      }
      const source = address && sources.get(sourceKey(address.plugin, address.webhook));
      if (source !== undefined) return source.handle(request);
      void request.body?.cancel().catch(() => {});
      return refusalResponse(new WebhookRefusal(404, "There is no such webhook."));
    },
  });
}

function sourceKey(plugin: string, name: string): string {
  return JSON.stringify([plugin, name]);
}

/** The last two segments of the path, so that the handler can be mounted anywhere. */
function addressOf(request: Request): WebhookAddress | undefined {
  const segments = new URL(request.url).pathname.split("/").slice(-2);
  try {
    const [plugin, webhook] = segments.map(decodeURIComponent);
    return plugin === undefined || webhook === undefined ? undefined : { plugin, webhook };
  } catch {
    return undefined; // a percent sign that encodes nothing
  }
}

function refused(context: DriverContext, code: ErrorCode, reason: string): PluginError {
  return new PluginError({
    code,
    phase: "registration",
    plugin: context.plugin.ref,
    message: `The source ${quoteName(context.source)} is not opened: ${reason}.`,
  });
}
