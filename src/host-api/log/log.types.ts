import type { PackageIdentity } from "../../package/package.types.ts";

/** How important a line is, as its writer says. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** A line that a plugin logged. */
export interface LogLine {
  readonly plugin: PackageIdentity;
  readonly level: LogLevel;
  /** One line of inert, redacted text, at most 4 KiB. */
  readonly message: string;
  /** How many lines were dropped since the last one that was taken. */
  readonly dropped: number;
}
