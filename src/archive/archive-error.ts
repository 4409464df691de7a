import { type ErrorDetails, PluginError } from "../errors.ts";

/** The reasons of the `archive/` area: the reference's diagnostic kinds (reference §3). */
export type ArchiveReason =
  | "api"
  | "bounds"
  | "duplicate"
  | "io"
  | "malformed"
  | "missing"
  | "traversal";

/**
 * Refuses an archive, or a set of files that would make one.
 *
 * @param reason The part of the code after `archive/`.
 * @param message What is wrong, where, and what to do; names from the archive are quoted already.
 * @param details Small facts for programs.
 * @throws PluginError always.
 */
export function refuseArchive(
  reason: ArchiveReason,
  message: string,
  details?: ErrorDetails,
): never {
  throw new PluginError({ code: `archive/${reason}`, phase: "discovery", message, details });
}
