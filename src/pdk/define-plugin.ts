import { defineTools, type ToolHandler } from "./define-tools.ts";
import { renderError } from "./error-output.ts";
import { type EventAnswer, renderAnswer } from "./event-answer.ts";
import { type PluginEvent, readEvent } from "./plugin-event.ts";
import { type PluginStatus, pluginStatus, renderStatus } from "./plugin-status.ts";
import { ToolError } from "./tool-error.ts";

/** What an ingress's handler is told besides the event. */
export interface IngressContext {
  /** The ingress's name, as in `plugin.toml`. */
  readonly ingressName: string;
}

/**
 * Handles one ingress's events: takes an event, says what became of it, or throws.
 *
 * The payload's type is the author's reading of what its sources send, `unknown` where a handler states
 * none; hosts check the envelope, not the payload. A `RetryableError` asks for another attempt.
 */
export type EventHandler<Payload = unknown> = (
  event: PluginEvent<Payload>,
  context: IngressContext,
) => EventAnswer;

/** What a plugin that lives on consists of; every part may be left out. Handlers are synchronous. */
export interface PluginDefinition<Config, Inputs extends object, Payloads extends object> {
  /**
   * Runs once, before anything else. What it throws, and the state `failed`, end the plugin.
   *
   * @param config What the host was configured with for this plugin, any JSON; `null` without.
   */
  readonly start?: (config: Config) => PluginStatus;
  /** Tool name, as in `plugin.toml` → handler. */
  readonly tools?: { readonly [Name in keyof Inputs]: ToolHandler<Inputs[Name]> };
  /** Ingress name, as in `plugin.toml` → handler. */
  readonly ingress?: { readonly [Name in keyof Payloads]: EventHandler<Payloads[Name]> };
  /** Says how the plugin is, whenever the host asks. */
  readonly status?: () => PluginStatus;
  /** Runs when the host stops the plugin; nothing is called after it. */
  readonly stop?: () => PluginStatus;
}

/** What a guest of the world `yoi:plugin/instance@1.0.0` exports. */
export interface PluginGuest {
  readonly start: (configJson: string) => string;
  readonly handleTool: (name: string, inputJson: string) => string;
  readonly handleIngress: (name: string, eventJson: string) => string;
  readonly status: () => string;
  readonly stop: () => string;
}

/**
 * Makes a guest that lives until its host stops it: tools and ingresses share its variables.
 *
 * ```ts
 * let greeted = 0;
 *
 * export const { start, handleTool, handleIngress, status, stop } = definePlugin({
 *   tools: { count: () => toolOutput(`${greeted} so far`) },
 *   ingress: {
 *     room: (event) => {
 *       greeted += 1;
 *       return accepted({ greeted });
 *     },
 *   },
 * });
 * ```
 *
 * @param definition What it does.
 * @returns The world's exports. They never throw: what a handler throws becomes the answer `{"error":…}`,
 *   and for a tool the error output that `defineTools` gives.
 */
export function definePlugin<
  Config = unknown,
  Inputs extends object = Record<never, never>,
  Payloads extends object = Record<never, never>,
>(definition: PluginDefinition<Config, Inputs, Payloads>): PluginGuest {
  const { tools, ingress = {}, start = running, status = running, stop = stopped } = definition;
  const { call } = defineTools<Inputs>(tools ?? ({} as NonNullable<typeof tools>));
  // A name comes from outside: a Map has no inherited keys for it to find.
  const handlers = new Map<string, unknown>(Object.entries(ingress));
  return Object.freeze({
    start: (configJson: string) => answering(() => renderStatus(start(JSON.parse(configJson)))),
    handleTool: call,
    handleIngress: (name: string, eventJson: string) =>
      answering(() => {
        const handler = handlers.get(name);
        if (typeof handler !== "function") {
          throw new ToolError("unsupported_ingress", `This plugin has no ingress named ${name}.`);
        }
        const event = readEvent(eventJson);
        const context: IngressContext = Object.freeze({ ingressName: name });
        return renderAnswer((handler as EventHandler)(event, context), event);
      }),
    status: () => answering(() => renderStatus(status())),
    stop: () => answering(() => renderStatus(stop())),
  });
}

const running = () => pluginStatus("running");
const stopped = () => pluginStatus("stopped");

function answering(work: () => string): string {
  try {
    return work();
  } catch (thrown) {
    return renderError(thrown);
  }
}
