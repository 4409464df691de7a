import { cutText } from "../diagnostic.ts";
import { type ErrorCode, isPluginError } from "../errors.ts";
import { guestLimits } from "../limits.ts";
import type { ToolOrigin, ToolResult } from "./instance.types.ts";

/** A failure as a result states it: a stable code and inert text of at most 512 bytes. */
export interface CallFailure {
  readonly code: ErrorCode;
  readonly message: string;
  /** What the tool gave along with the failure. */
  readonly content?: string;
}

/** One call from its beginning to its result; makes the result, and nothing else. */
export interface ToolCall {
  readonly callId: string;
  readonly tool: string;
  /** The result of a tool that did its work. */
  succeed(
    output: { readonly summary: string; readonly content?: string },
    usage?: ToolResult["usage"],
  ): ToolResult;
  /** The result of a call that failed for whatever reason. */
  fail(failure: CallFailure, usage?: ToolResult["usage"]): ToolResult;
}

/**
 * Begins a call: from here on its duration counts, waiting for its turn included.
 *
 * @param call The call's id, the tool's name as the caller knows it, and where the tool comes from.
 * @returns What makes the call's frozen result.
 */
export function beginToolCall(call: {
  readonly callId: string;
  readonly tool: string;
  readonly origin: ToolOrigin;
}): ToolCall {
  const beganAt = performance.now();
  const { callId, tool, origin } = call;
  const ended = () => ({ durationMs: Math.max(0, performance.now() - beganAt), origin });
  return {
    callId,
    tool,
    succeed: ({ summary, content }, usage) =>
      Object.freeze({
        callId,
        tool,
        summary,
        ...(content === undefined ? {} : { content }),
        isError: false,
        ...ended(),
        ...(usage === undefined ? {} : { usage: Object.freeze({ ...usage }) }),
      }),
    fail: ({ code, message, content }, usage) =>
      Object.freeze({
        callId,
        tool,
        summary: cutText(message, guestLimits.summaryBytes.default),
        ...(content === undefined ? {} : { content }),
        isError: true,
        error: Object.freeze({ code, message }),
        ...ended(),
        ...(usage === undefined ? {} : { usage: Object.freeze({ ...usage }) }),
      }),
  };
}

/**
 * Gives what was thrown during a call as a failure.
 *
 * @param thrown Anything; a PluginError keeps its code and message.
 * @param otherwise The failure to state for everything else, whose text may hold anything.
 * @returns The failure.
 */
export function failureOf(thrown: unknown, otherwise: CallFailure): CallFailure {
  return isPluginError(thrown) ? { code: thrown.code, message: thrown.message } : otherwise;
}
