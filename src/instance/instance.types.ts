import type { Diagnostic, ErrorCode } from "../errors.ts";
import type { LogLevel } from "../host-api/log/log.types.ts";
import type { Json } from "../json.ts";
import type { PackageIdentity } from "../package/package.types.ts";

/** The life of an instance; there is no way out of `stopped` and `failed` (reference §4.6). */
export type InstanceState = "ready" | "starting" | "running" | "stopping" | "stopped" | "failed";

/** Where a tool or a result came from; for the host's eyes, never a model's (reference §4.2). */
export type ToolOrigin =
  | {
      readonly kind: "plugin";
      readonly pluginId: string;
      readonly pluginRef: string;
      readonly source: string;
      readonly digest: string;
      readonly packageVersion: string;
      /** The manifest's `schema_version`. */
      readonly packageApiVersion: number;
      readonly surface: "tool";
    }
  | { readonly kind: "host" };

/** A tool that an instance offers after its grants were checked. */
export interface InstanceTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Json;
  readonly externalWrite: boolean;
  readonly origin: ToolOrigin;
}

/** How a tool call ended. A plugin that fails gives `isError: true`; nothing is thrown for it. */
export interface ToolResult {
  readonly callId: string;
  readonly tool: string;
  /** What happened in at most 1,024 bytes; for an error, its message. */
  readonly summary: string;
  readonly content?: string;
  readonly isError: boolean;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  readonly durationMs: number;
  readonly origin: ToolOrigin;
  /** What the call used: bytes of its JSON input, and fuel where the guest's code is metered. */
  readonly usage?: { readonly fuel?: number; readonly inputBytes?: number };
}

/** Options of one call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; can only lower the instance's own `timeoutMs`. */
  readonly timeoutMs?: number;
  /** The caller's id for this call, at most 128 bytes; made up when absent. */
  readonly callId?: string;
}

/** A tool, service or ingress that was not exposed, and why. */
export interface DeniedItem {
  readonly kind: "tool" | "service" | "ingress";
  readonly name: string;
  readonly diagnostic: Diagnostic;
}

/** What an instance tells about itself. */
export interface InstanceStatus {
  readonly plugin: PackageIdentity;
  readonly state: InstanceState;
  readonly isolation: string;
  readonly backend: string;
  readonly calls: {
    readonly waiting: number;
    readonly running: number;
    readonly completed: number;
    readonly failed: number;
  };
  /** How often the guest's isolate was lost or stopped and replaced. */
  readonly replacements: number;
  readonly lastError: { readonly code: ErrorCode; readonly message: string } | undefined;
}

/** What an instance announces. */
export interface InstanceEvents {
  readonly state: { readonly from: InstanceState; readonly to: InstanceState };
  readonly call: ToolResult;
  /** The guest's isolate ended and the next call gets a new one. */
  readonly replaced: { readonly code: ErrorCode; readonly message: string };
  /** A line that the guest wrote, bounded and inert. */
  readonly log: {
    /** `log` is the host API of that name, which every guest may use. */
    readonly stream: "stdout" | "stderr" | "log";
    readonly text: string;
    /** The line's level, as the guest said it; on the stream `log` only. */
    readonly level?: LogLevel;
    /** How many lines before this one were dropped, as they came too fast; on the stream `log` only. */
    readonly dropped?: number;
  };
}

/** When a guest that lives on is started again after it failed (decisions "After a trap or timeout"). */
export interface RestartPolicy {
  readonly when: "on-failure";
  /** The most restarts in a row; a guest that stays up for `steadyMs` begins to count anew. */
  readonly maxRestarts?: number;
  /** Milliseconds before the first restart; doubled with each one in a row, and jittered. */
  readonly initialDelayMs?: number;
  readonly maxDelayMs?: number;
  readonly steadyMs?: number;
}

/** A plugin in use. */
export interface PluginInstance {
  readonly identity: PackageIdentity;
  readonly state: InstanceState;
  /** Tools that the manifest asks for and the grants allow, sorted by name. */
  readonly tools: readonly InstanceTool[];
  readonly denied: readonly DeniedItem[];
  /**
   * Calls a tool. Whatever the plugin does ends as a result.
   *
   * @throws PluginError `registry/unknown-tool` when the instance has no such tool.
   */
  callTool(name: string, input: Json, options?: CallOptions): Promise<ToolResult>;
  status(): InstanceStatus;
  /** Ends the guest; calls in flight settle as `instance/stopped`. A second stop does nothing. */
  stop(): Promise<void>;
  /** @returns A function that removes the listener. */
  on<Name extends keyof InstanceEvents>(
    name: Name,
    listener: (event: InstanceEvents[Name]) => void,
  ): () => void;
  [Symbol.asyncDispose](): Promise<void>;
}
