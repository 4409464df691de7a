import type { JsonValue } from "./json.ts";
import { maxErrorMessageBytes, maxOutputBytes } from "./output-limits.ts";
import { cutText, withoutControls } from "./text.ts";

/**
 * Why a tool, or another part of a plugin, failed (reference §6).
 *
 * - `invalid_input`: the input is not what the tool takes.
 * - `invalid_output`: the tool's own result can't be an output.
 * - `serialization`: a value has no JSON form.
 * - `denied`: something that the tool needs was refused.
 * - `unsupported_tool`: the guest has no tool of that name.
 * - `unsupported_ingress`: the guest has no ingress of that name.
 * - `failed`: anything else.
 */
export type ToolErrorCode =
  | "invalid_input"
  | "invalid_output"
  | "serialization"
  | "denied"
  | "unsupported_tool"
  | "unsupported_ingress"
  | "failed";

/**
 * An error that a plugin reports: throw it from a handler, and the host shows the call as failed.
 *
 * The message is cut to 4,096 UTF-8 bytes and loses its control characters, except line feeds and tabs.
 */
export class ToolError extends Error {
  override readonly name: string = "ToolError";
  readonly code: ToolErrorCode;
  /** More about it, as JSON; left out of the answer when it does not fit. */
  readonly details: JsonValue | undefined;

  constructor(code: ToolErrorCode, message: string, details?: JsonValue) {
    super(
      cutText(withoutControls(message), {
        bytes: maxErrorMessageBytes,
        jsonBytes: maxOutputBytes,
      }),
    );
    this.code = code;
    this.details = details;
  }
}

/**
 * An error that passes: throw it from an ingress's handler, and the host gives the plugin the same event
 * again, as often as it is set to. From a tool it is like any other error.
 */
export class RetryableError extends ToolError {
  override readonly name = "RetryableError";

  constructor(message: string) {
    super("failed", message);
  }
}
