import type { PluginError } from "../errors.ts";
import type { PackageIdentity } from "../package/package.types.ts";
import type { InstanceState, InstanceStatus, ToolResult } from "./instance.types.ts";

/** What an instance counts about itself, and its last error. */
export interface StatusRecord {
  /** Counts a call that ended, whether well or not. */
  callEnded(result: Pick<ToolResult, "isError" | "error">): void;
  /** Counts a guest whose isolate ended and is replaced for the next call. */
  guestReplaced(error: PluginError): void;
  /** Keeps the error of something that was no call. */
  failed(error: PluginError): void;
  /**
   * Gives the status as it is now.
   *
   * @param now The instance's state and its queue.
   * @returns A frozen copy.
   */
  read(now: {
    readonly state: InstanceState;
    readonly waiting: number;
    readonly running: number;
  }): InstanceStatus;
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
  readonly backend: string;
}): StatusRecord {
  let completed = 0;
  let failed = 0;
  let replacements = 0;
  let lastError: InstanceStatus["lastError"];
  const keep = ({ code, message }: NonNullable<InstanceStatus["lastError"]>) => {
    lastError = Object.freeze({ code, message });
  };
  return {
    callEnded(result) {
      if (result.isError) failed += 1;
      else completed += 1;
      if (result.error !== undefined) keep(result.error);
    },
    guestReplaced(error) {
      replacements += 1;
      keep(error);
    },
    failed: keep,
    read: ({ state, waiting, running }) =>
      Object.freeze({
        plugin: about.plugin,
        state,
        isolation: about.isolation,
        backend: about.backend,
        calls: Object.freeze({ waiting, running, completed, failed }),
        replacements,
        lastError,
      }),
  };
}
