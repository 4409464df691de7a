import { isPluginError } from "../../errors.ts";
import { fileError } from "./fs-error.ts";

/** What Node's error codes mean to a guest; everything else is just a failure. */
const reasons: ReadonlyMap<unknown, Parameters<typeof fileError>[0]> = new Map([
  ["ENOENT", "not-found"],
  // What was a folder or file when it was looked at is a link now that it is opened.
  ["ELOOP", "symlink"],
  ["ENOTDIR", "not-a-folder"],
  ["EISDIR", "not-a-file"],
  // A pipe without a reader, a socket.
  ["ENXIO", "not-a-file"],
  ["EACCES", "no-access"],
  ["EPERM", "no-access"],
  ["EROFS", "no-access"],
  ["ERR_ACCESS_DENIED", "no-access"],
  ["ENOSPC", "no-space"],
  ["EDQUOT", "no-space"],
  ["EFBIG", "no-space"],
  ["ENAMETOOLONG", "not-found"],
]);

/**
 * Runs file operations so that what they throw names no path.
 *
 * @param work The operations.
 * @returns What they give.
 * @throws PluginError `host/…`.
 */
export async function withFileErrors<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isPluginError(error)) throw error;
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    throw fileError(reasons.get(code) ?? "io");
  }
}
