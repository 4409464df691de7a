import type { ErrorCode } from "../errors.ts";
import type { ResolvedCall } from "../instance/call-options.ts";
import type { ToolOrigin, ToolResult } from "../instance/instance.types.ts";
import type { Json } from "../json.ts";

/** A tool as the registry lists it: name, description and schema are for the model, the rest for the host. */
export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  /** A JSON Schema whose root is an object. */
  readonly inputSchema: Json;
  /** Whether a call may change something outside the host, so that a host may want to ask first. */
  readonly externalWrite: boolean;
  readonly origin: ToolOrigin;
}

/** A tool of the host's own. */
export interface HostTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema, draft 2020-12 unless `$schema` says otherwise; its root is an object. */
  readonly inputSchema: Json;
  readonly externalWrite?: boolean;
  /**
   * Does the work. What it throws ends as a result with `isError`, never as an exception.
   *
   * @param input The input, which fits the schema; the handler's own copy.
   * @param context The call's id, and a signal that fires when nobody waits for the result any more.
   */
  readonly handler: (
    input: Json,
    context: HostToolContext,
  ) => HostToolOutput | Promise<HostToolOutput>;
}

/** What a host tool's handler is told about its call. */
export interface HostToolContext {
  readonly callId: string;
  readonly signal: AbortSignal;
}

/** What a host tool gives: a text, or a summary with content. */
export type HostToolOutput =
  | string
  | {
      readonly summary: string;
      readonly content?: string | null;
      /** Whether the summary tells of a failure. */
      readonly isError?: boolean;
    };

/** What one call was and how it ended, for the host's records; nothing of its input or output. */
export interface ToolCallRecord {
  readonly callId: string;
  readonly tool: string;
  readonly origin: ToolOrigin;
  /** Bytes of the JSON input; absent when the call ended before it was read. */
  readonly inputBytes?: number;
  readonly durationMs: number;
  readonly isError: boolean;
  readonly code?: ErrorCode;
}

/** A tool in the registry, a plugin's and a host's alike. */
export interface RegisteredTool {
  readonly definition: ToolDefinition;
  /** What was added: the instance or the host tool, by which it is removed again. */
  readonly source: object;
  /** Calls it; it never rejects. */
  call(input: unknown, call: ResolvedCall): Promise<ToolResult>;
}
