import type { Diagnostic, ErrorCode } from "../errors.ts";
import type { LogLevel } from "../host-api/log/log.types.ts";
import type { Json } from "../json.ts";
import type { PackageIdentity } from "../package/package.types.ts";
import type {
  DeadLetter,
  DeliverOptions,
  DriverStatus,
  IngressCounters,
  IngressEvent,
  IngressReport,
  OutputCommandResult,
} from "./ingress.types.ts";

/**
 * The life of an instance (reference §4.6): `ready` when its guest starts anew with every call,
 * `starting` and `running` when it lives on; `failed` is left by a restart or a stop, `stopped` by nothing.
 */
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

/** A service that an instance runs after its grants were checked. */
export interface InstanceService {
  readonly name: string;
  readonly description: string;
}

/** An ingress that an instance takes events for after its grants were checked. */
export interface InstanceIngress {
  readonly name: string;
  readonly description: string;
  /** The kinds of events that it takes; any kind when empty. */
  readonly event_kinds: readonly string[];
  readonly sources: readonly string[];
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
  /**
   * How the guest waits for the host: by memory shared between two threads, suspended by its engine, by
   * means of the isolation's own, or not at all.
   */
  readonly hostCalls: "shared-memory" | "jspi" | "own" | "none";
  readonly backend: string;
  readonly calls: {
    readonly waiting: number;
    readonly running: number;
    readonly completed: number;
    readonly failed: number;
  };
  /** How often the guest's isolate was lost or stopped and replaced. */
  readonly replacements: number;
  readonly lastError: LastError | undefined;
  /** What the guest last said of itself: its answer to `start`, `status` or `stop`, or by an output command. */
  readonly component: Json | undefined;
  readonly ingress: IngressStatus;
  /** What became of the newest output commands, at most 32, the oldest first. */
  readonly commands: readonly OutputCommandResult[];
  /** How the sources stand that drivers of the host serve. */
  readonly sources: readonly DriverStatus[];
  readonly restarts: RestartStatus;
  /** The newest diagnostics, at most 32, the oldest first. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A failure as a status keeps it. */
export interface LastError {
  readonly code: ErrorCode;
  readonly message: string;
}

/** How the events of an instance fare. */
export interface IngressStatus {
  /** How many events wait. */
  readonly depth: number;
  readonly capacity: number;
  readonly counters: IngressCounters;
  /** Milliseconds that events waited: the last one, and the longest wait. */
  readonly latencyMs: { readonly last: number; readonly longest: number };
}

/** What the restart policy has done so far. */
export interface RestartStatus {
  readonly policy: "never" | "on-failure";
  /** How often the guest was started again. */
  readonly count: number;
  /** How many of those in a row, with no steady time in between. */
  readonly inARow: number;
  /** RFC 3339; there only while a restart is due. */
  readonly nextAt?: string;
  /** Why the guest last had to be started again, or is not. */
  readonly lastError?: LastError;
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
  /** An event was dealt with, well or not. */
  readonly ingress: IngressReport;
  /** An event was given up. */
  readonly deadLetter: DeadLetter;
  /** An output command of the guest was dealt with, well or not. */
  readonly command: OutputCommandResult;
  readonly diagnostic: Diagnostic;
  /** A guest that failed will be started again. */
  readonly restart: RestartNotice;
}

/** Announces a restart. */
export interface RestartNotice {
  /** Counted from 1, in a row. */
  readonly attempt: number;
  /** Milliseconds until then. */
  readonly delayMs: number;
  /** Why the guest failed. */
  readonly code: ErrorCode;
  readonly message: string;
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
  /** Services likewise, in the manifest's order. */
  readonly services: readonly InstanceService[];
  /** Ingresses likewise, in the manifest's order. */
  readonly ingresses: readonly InstanceIngress[];
  readonly denied: readonly DeniedItem[];
  /**
   * Calls a tool. Whatever the plugin does ends as a result.
   *
   * @throws PluginError `registry/unknown-tool` when the instance has no such tool.
   */
  callTool(name: string, input: Json, options?: CallOptions): Promise<ToolResult>;
  /**
   * Hands an event to an ingress and waits for what becomes of it. Whatever the plugin or the event
   * does ends as a report, with an `error` when the guest did not answer (reference §4.7).
   */
  deliverIngress(
    name: string,
    event: IngressEvent,
    options?: DeliverOptions,
  ): Promise<IngressReport>;
  /** How the instance stands, with what its guest last said of itself. */
  status(): InstanceStatus;
  /**
   * Asks a running guest how it is, then gives the status. An answer that is an error, or none, fails
   * the instance; the status says so, and nothing is thrown for it. When the queue of calls is full, or
   * there is no guest to ask, the status is the last known one.
   *
   * @param options The signal gives up waiting for the guest's turn.
   */
  refreshStatus(options?: { readonly signal?: AbortSignal }): Promise<InstanceStatus>;
  /**
   * Ends the guest; calls that wait settle as `instance/stopped`, and so do calls that run, unless the
   * guest lives on: it may finish first, within `startTimeoutMs`, and is told to stop. A second stop
   * is the first one.
   */
  stop(): Promise<void>;
  /** @returns A function that removes the listener. */
  on<Name extends keyof InstanceEvents>(
    name: Name,
    listener: (event: InstanceEvents[Name]) => void,
  ): () => void;
  [Symbol.asyncDispose](): Promise<void>;
}
