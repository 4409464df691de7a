import { maxDetailLevels } from "./output-limits.ts";
import { fitsIn } from "./text.ts";
import { ToolError } from "./tool-error.ts";
import {
  contentRoom,
  jsonText,
  renderToolOutput,
  type ToolOutput,
  toolOutput,
} from "./tool-output.ts";

/**
 * Turns whatever a handler threw into the output by which a host recognises a failed tool.
 *
 * The summary is `tool error: <code>`, the content JSON `{"error":{"code","message","details"?}}`
 * (reference §6); details that do not fit are left out.
 *
 * @param thrown What was thrown; anything but a {@link ToolError} counts as `failed`.
 * @returns A frozen output.
 */
export function toolErrorOutput(thrown: unknown): ToolOutput {
  const error = thrown instanceof ToolError ? thrown : new ToolError("failed", messageOf(thrown));
  const { code, message, details } = error;
  const summary = `tool error: ${code}`;
  const plain = JSON.stringify({ error: { code, message } });
  if (!isReadable(details, maxDetailLevels)) return toolOutput(summary, plain);
  const detailed = jsonText({ error: { code, message, details } });
  const fits = detailed !== undefined && fitsIn(detailed, contentRoom(summary));
  return toolOutput(summary, fits ? detailed : plain);
}

/** @returns The JSON of {@link toolErrorOutput}. */
export function renderToolError(thrown: unknown): string {
  return renderToolOutput(toolErrorOutput(thrown));
}

// A host that can't read the details could not read the error either, and would take it for a success.
function isReadable(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (levels === 0 || Object.hasOwn(value, "__proto__")) return false;
  return Object.values(value).every((inner) => isReadable(inner, levels - 1));
}

function messageOf(thrown: unknown): string {
  if (thrown instanceof Error && thrown.message !== "") return thrown.message;
  return typeof thrown === "string" && thrown !== "" ? thrown : "The tool failed.";
}
