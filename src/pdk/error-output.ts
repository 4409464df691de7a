import { isReadable, jsonText } from "./json-text.ts";
import { maxDetailLevels } from "./output-limits.ts";
import { fitsIn } from "./text.ts";
import { RetryableError, ToolError } from "./tool-error.ts";
import { contentRoom, renderToolOutput, type ToolOutput, toolOutput } from "./tool-output.ts";

/**
 * Turns whatever a handler threw into the output by which a host recognises a failed tool.
 *
 * The summary is `tool error: <code>`, the content JSON `{"error":{"code","message","details"?}}`
 * (reference §6); details that do not fit are left out.
 *
 * @param thrown What was thrown; anything but a {@link ToolError} counts as `failed`.
 * @returns The output's JSON.
 */
export function renderToolError(thrown: unknown): string {
  return renderToolOutput(toolErrorOutput(thrown));
}

function toolErrorOutput(thrown: unknown): ToolOutput {
  const { code, message, details } = toolErrorOf(thrown, "The tool failed.");
  const summary = `tool error: ${code}`;
  const plain = JSON.stringify({ error: { code, message } });
  // A host that can't read the details could not read the error either, and would take it for a success.
  if (!isReadable(details, maxDetailLevels)) return toolOutput(summary, plain);
  const detailed = jsonText({ error: { code, message, details } });
  const fits = detailed !== undefined && fitsIn(detailed, contentRoom(summary));
  return toolOutput(summary, fits ? detailed : plain);
}

/**
 * Writes whatever a handler threw as the answer by which a host recognises that the plugin failed:
 * `{"error":{"code","message","retryable"?}}` (reference §6). What `handle-ingress`, `start`, `status`
 * and `stop` answer; tools have a form of their own.
 *
 * @param thrown What was thrown; anything but a {@link ToolError} counts as `failed`.
 * @returns JSON.
 */
export function renderError(thrown: unknown): string {
  const { code, message } = toolErrorOf(thrown, "The plugin failed.");
  const retryable = thrown instanceof RetryableError ? { retryable: true } : {};
  return JSON.stringify({ error: { code, message, ...retryable } });
}

function toolErrorOf(thrown: unknown, otherwise: string): ToolError {
  if (thrown instanceof ToolError) return thrown;
  if (thrown instanceof Error && thrown.message !== "") {
    return new ToolError("failed", thrown.message);
  }
  return new ToolError("failed", typeof thrown === "string" && thrown !== "" ? thrown : otherwise);
}
