import { boundedText, redactText } from "../diagnostic.ts";
import { type ErrorCode, isPluginError } from "../errors.ts";
import { textLimits } from "../limits.ts";

/**
 * Writes a failure as the answer that a guest gets: `{"error":{"code","message"}}`.
 *
 * @param code The code, such as `host/timeout`; refusals keep the authority's `grant/…`.
 * @param message Why; it is redacted, made inert and bounded to 512 bytes.
 * @returns JSON text.
 */
export function errorAnswer(code: ErrorCode, message: string): string {
  const bounded = boundedText(redactText(message), textLimits.messageBytes.default);
  return JSON.stringify({ error: { code, message: bounded } });
}

/**
 * Writes what was thrown during a host call as an answer.
 *
 * @param thrown Anything; a PluginError keeps its code and message.
 * @returns JSON text that says nothing of an error which is not ours.
 */
export function thrownAnswer(thrown: unknown): string {
  return isPluginError(thrown)
    ? errorAnswer(thrown.code, thrown.message)
    : errorAnswer("host/failed", "The host API failed in an unexpected way.");
}
