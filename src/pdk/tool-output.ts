import { isObject } from "./json.ts";
import { jsonText } from "./json-text.ts";
import { maxContentBytes, maxOutputBytes, maxSummaryBytes } from "./output-limits.ts";
import { cutText, fitsIn, jsonTextBytes, type TextRoom } from "./text.ts";
import { ToolError } from "./tool-error.ts";

/** What a tool answers: one line on what happened, and what there is to read. */
export interface ToolOutput {
  readonly summary: string;
  readonly content?: string;
}

/** Stands in for a blank summary, which a host would refuse. */
const defaultSummary = "The tool finished.";

/**
 * Makes a tool's output, cut to what a host takes.
 *
 * @param summary What happened; at most 1,024 UTF-8 bytes are kept. A blank one becomes a default text.
 * @param content What there is to read; at most 60,416 UTF-8 bytes are kept, and fewer where JSON
 *   must escape many characters.
 * @returns A frozen output that fits in 65,536 bytes of JSON.
 */
export function toolOutput(summary: string, content?: string): ToolOutput {
  const kept = boundedSummary(summary);
  return content === undefined
    ? Object.freeze({ summary: kept })
    : Object.freeze({ summary: kept, content: cutText(content, contentRoom(kept)) });
}

/**
 * Makes a tool's output whose content is JSON, whole or not at all.
 *
 * @param summary What happened; at most 1,024 UTF-8 bytes are kept.
 * @param value What becomes the content.
 * @returns A frozen output that fits in 65,536 bytes of JSON.
 * @throws ToolError `serialization` when the value has no JSON form, `invalid_output` when its JSON
 *   is too large: unlike text, it can't be cut.
 */
export function jsonOutput(summary: string, value: unknown): ToolOutput {
  const kept = boundedSummary(summary);
  const content = jsonText(value);
  if (content === undefined) {
    throw new ToolError("serialization", "The tool's result has no JSON form.");
  }
  if (!fitsIn(content, contentRoom(kept))) {
    throw new ToolError(
      "invalid_output",
      `The tool's result is too large: its JSON must fit in ${maxContentBytes} bytes.`,
    );
  }
  return Object.freeze({ summary: kept, content });
}

/**
 * Writes an output as the JSON that the world's `call` returns (reference §4.3).
 *
 * @param output What a handler returned; whatever it really is.
 * @returns At most 65,536 UTF-8 bytes.
 * @throws ToolError `invalid_output` when it is not an output.
 */
export function renderToolOutput(output: unknown): string {
  if (!isObject(output) || typeof output.summary !== "string") {
    throw new ToolError(
      "invalid_output",
      "The tool did not return an output; handlers are synchronous and return toolOutput(…).",
    );
  }
  const { summary, content = null } = output;
  if (content !== null && typeof content !== "string") {
    throw new ToolError("invalid_output", "The content of the tool's output is not a string.");
  }
  return JSON.stringify(content === null ? toolOutput(summary) : toolOutput(summary, content));
}

/** @returns The room that is left for content beside a summary. */
export function contentRoom(summary: string): TextRoom {
  const around = '{"summary":"","content":""}'.length;
  return {
    bytes: maxContentBytes,
    jsonBytes: maxOutputBytes - around - jsonTextBytes(summary),
  };
}

function boundedSummary(summary: string): string {
  const text = summary.trim() === "" ? defaultSummary : summary;
  return cutText(text, { bytes: maxSummaryBytes, jsonBytes: maxOutputBytes });
}
