import type { Diagnostic, ErrorCode, PluginError } from "../errors.ts";
import type { Json } from "../json.ts";
import { instanceLimits } from "../limits.ts";
import type { PackageIdentity } from "../package/package.types.ts";
import type { DriverStatus, OutputCommandResult } from "./ingress.types.ts";
import { createIngressRecord } from "./ingress-record.ts";
import type {
  IngressStatus,
  InstanceState,
  InstanceStatus,
  LastError,
  RestartStatus,
  ToolResult,
} from "./instance.types.ts";

/** What an instance counts about itself, and its last error. */
export interface StatusRecord {
  /**
   * Counts a call that ended, whether well or not. One that was refused for the instance's state leaves
   * the last error alone, which says what led to that state.
   */
  callEnded(result: Pick<ToolResult, "isError" | "error">): void;
  /** Counts a guest whose isolate ended and is replaced for the next call. */
  guestReplaced(error: PluginError): void;
  /** Keeps the error of something that was no call. */
  failed(error: LastError): void;
  /** Keeps what the guest says of itself. */
  component(status: Json): void;
  /** Keeps what became of output commands; one that was not recorded is also the last error. */
  command(result: OutputCommandResult): void;
  diagnostic(diagnostic: Diagnostic): void;
  /**
   * Gives the status as it is now.
   *
   * @param now What only the instance knows at this moment; the last three when its guest lives on.
   * @returns A frozen copy.
   */
  read(now: StatusNow): InstanceStatus;
}

/** The passing part of a status. */
export interface StatusNow {
  readonly state: InstanceState;
  readonly waiting: number;
  readonly running: number;
  readonly ingress?: IngressStatus;
  readonly sources?: readonly DriverStatus[];
  readonly restarts?: RestartStatus;
}

/**
 * Begins an instance's record.
 *
 * @param about What does not change during its life.
 * @returns The record, nothing counted.
 */
export function createStatusRecord(about: {
  readonly plugin: PackageIdentity;
  readonly isolation: string;
  readonly hostCalls: InstanceStatus["hostCalls"];
  readonly backend: string;
}): StatusRecord {
  let completed = 0;
  let failed = 0;
  let replacements = 0;
  let lastError: LastError | undefined;
  let component: Json | undefined;
  const commands: OutputCommandResult[] = [];
  const diagnostics: Diagnostic[] = [];
  const keep = ({ code, message }: LastError) => {
    lastError = Object.freeze({ code, message });
  };
  return {
    callEnded(result) {
      if (result.isError) failed += 1;
      else completed += 1;
      if (result.error === undefined) return;
      if (lastError === undefined || !stateRefusals.has(result.error.code)) keep(result.error);
    },
    guestReplaced(error) {
      replacements += 1;
      keep(error);
    },
    failed: keep,
    component(status) {
      component = status;
    },
    command(result) {
      keepNewest(commands, result, instanceLimits.keptCommands.default);
      if (result.status !== "recorded") keep({ code: "guest/failed", message: result.message });
    },
    diagnostic(diagnostic) {
      keepNewest(diagnostics, diagnostic, instanceLimits.keptDiagnostics.default);
    },
    read: ({ state, waiting, running, ingress, sources, restarts }) =>
      Object.freeze({
        plugin: about.plugin,
        state,
        isolation: about.isolation,
        hostCalls: about.hostCalls,
        backend: about.backend,
        calls: Object.freeze({ waiting, running, completed, failed }),
        replacements,
        lastError,
        component,
        ingress: ingress ?? noEvents,
        commands: Object.freeze([...commands]),
        sources: sources ?? Object.freeze([]),
        restarts: restarts ?? noRestarts,
        diagnostics: Object.freeze([...diagnostics]),
      }),
  };
}

const stateRefusals: ReadonlySet<ErrorCode> = new Set([
  "instance/failed",
  "instance/starting",
  "instance/stopped",
]);

function keepNewest<Item>(items: Item[], item: Item, most: number): void {
  items.push(item);
  if (items.length > most) items.shift();
}

const noEvents = createIngressRecord().read(0, undefined);

const noRestarts: RestartStatus = Object.freeze({ policy: "never", count: 0, inARow: 0 });
