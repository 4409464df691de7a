import type { PackageLimits } from "../limits.ts";
import { refuseArchive } from "./archive-error.ts";
import { readCentralDirectory } from "./central-directory.ts";
import { locateEntries, readEntry } from "./entry.ts";
import { refuseCollisions } from "./entry-path.ts";

export { type ArchiveReason, refuseArchive } from "./archive-error.ts";
export { checkPath, pathProblem, refuseCollisions } from "./entry-path.ts";
export { writeArchive } from "./write-archive.ts";

/**
 * Reads a package archive: a ZIP of stored or deflated entries (reference §2, decisions "Archive").
 *
 * Every bound is checked on what the archive declares before anything is expanded, and expansion
 * stops at the declared size. Memory is at most `expandedBytes` beyond the archive itself.
 *
 * @param archive The whole archive; stored entries of the result share its bytes, so it must not
 * change afterwards.
 * @param limits Resolved package limits.
 * @returns Path → content, in the order of the archive's directory; folders are left out.
 * @throws PluginError `archive/malformed`, `api`, `bounds`, `traversal` or `duplicate`.
 */
export function readArchive(
  archive: Uint8Array<ArrayBuffer>,
  limits: PackageLimits,
): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
  if (archive.length > limits.packageBytes) {
    refuseArchive(
      "bounds",
      `The archive has ${archive.length} bytes and at most ${limits.packageBytes} are allowed.`,
    );
  }
  const directory = readCentralDirectory(archive, limits);
  const entries = locateEntries(archive, directory);
  const files = directory.entries.filter((entry) => !entry.isFolder);
  const folders = directory.entries.filter((entry) => entry.isFolder);
  refuseRepeatedFolders(folders.map((folder) => folder.path));
  refuseCollisions(
    files.map((file) => file.path),
    folders.map((folder) => folder.path),
  );
  const contents = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const entry of entries) {
    const content = readEntry(entry);
    if (!entry.record.isFolder) contents.set(entry.record.path, content);
  }
  return contents;
}

function refuseRepeatedFolders(folders: readonly string[]): void {
  if (new Set(folders).size < folders.length) {
    refuseArchive("duplicate", "The archive lists a folder twice.");
  }
}
