import { boundedText, quoteName } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";
import { freezeJson, isJsonObject, type Json, type JsonObject, parseJson } from "../json.ts";
import { type GuestLimits, textLimits } from "../limits.ts";

/** The exports of the instance world by which a host leads a guest through its life. */
export type LifecycleExport = "start" | "status" | "stop";

/**
 * Reads what a guest answered to `start`, `status` or `stop`, and believes it (reference §4.5).
 *
 * @param step Which of them.
 * @param text The answer.
 * @param bounds The most bytes of it.
 * @param plugin The plugin's reference, for the errors.
 * @returns The answer, any JSON: what the guest says of itself.
 * @throws PluginError `guest/failed` when the answer has an `error` or the state `failed`,
 *   `output/malformed` or `output/too-large` when it can't be read.
 */
export function readLifecycleOutput(
  step: LifecycleExport,
  text: string,
  bounds: Pick<GuestLimits, "outputBytes">,
  plugin: string,
): Json {
  const refuse = (code: "guest/failed" | "output/malformed" | "output/too-large", why: string) =>
    new PluginError({ code, phase: "lifecycle", plugin, message: why });
  const parsed = parseJson(text, bounds.outputBytes);
  if (!parsed.ok) {
    const code = parsed.isTooLarge ? "output/too-large" : "output/malformed";
    const reason = text === "" ? "it is empty" : parsed.reason;
    throw refuse(code, `The guest's answer to ${step} can't be read: ${reason}.`);
  }
  if (!isJsonObject(parsed.value)) return freezeJson(parsed.value);
  const reported = reportedFailure(parsed.value);
  if (reported !== undefined)
    throw refuse("guest/failed", `The plugin's ${step} failed: ${reported}`);
  return freezeJson(parsed.value);
}

function reportedFailure(answer: JsonObject): string | undefined {
  if (Object.hasOwn(answer, "error")) return errorText(answer.error);
  return answer.state === "failed" ? 'it reported the state "failed".' : undefined;
}

/** What an error says, whatever its shape: a text, or an object with a message and perhaps a code. */
function errorText(error: Json | undefined): string {
  if (typeof error === "string") return boundedText(error, textLimits.messageBytes.default);
  if (!isJsonObject(error) || typeof error.message !== "string") return "it reported an error.";
  const message = boundedText(error.message, textLimits.messageBytes.default);
  return typeof error.code === "string" ? `${quoteName(error.code)}: ${message}` : message;
}
