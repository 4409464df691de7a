import { bounded } from "./event-answer.ts";
import { isObject, type JsonValue } from "./json.ts";
import { jsonValueText } from "./json-text.ts";
import { ToolError } from "./tool-error.ts";

/** What a plugin says of itself when it starts, is asked, and stops. */
export interface PluginStatus {
  /** A word of the plugin's own, such as `running`; `failed` makes the host give the plugin up. */
  readonly state: string;
  readonly data?: JsonValue;
}

/**
 * Makes what a plugin says of itself.
 *
 * @param state A word, such as `running`; `failed` makes the host give the plugin up.
 * @param data More about it, for the host's status.
 * @returns A frozen status, which must fit in 65,536 bytes of JSON.
 */
export function pluginStatus(state: string, data?: JsonValue): PluginStatus {
  return Object.freeze(data === undefined ? { state } : { state, data });
}

/**
 * Writes a status as the JSON that `start`, `status` and `stop` return (reference §4.5).
 *
 * @param status What a handler returned; whatever it really is.
 * @returns At most 65,536 UTF-8 bytes.
 * @throws ToolError `invalid_output` or `serialization` when it is not a status, or too large.
 */
export function renderStatus(status: unknown): string {
  if (!isObject(status) || typeof status.state !== "string") {
    throw new ToolError(
      "invalid_output",
      "The handler did not return a status; handlers are synchronous and return pluginStatus(…).",
    );
  }
  const { data } = status;
  return bounded(
    jsonValueText(data === undefined ? { state: status.state } : { state: status.state, data }),
  );
}
