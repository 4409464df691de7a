import { constants, type Dirent } from "node:fs";
import { type FileHandle, lstat, open, opendir } from "node:fs/promises";
import type { EntryKind, FileContent, FolderEntries, FolderEntry } from "./file-system.types.ts";
import type { FolderAnchor } from "./folder-anchor.node.ts";
import { fileError, stopIfEnded } from "./fs-error.ts";
import { isTemporaryFileName } from "./node-file-name.node.ts";

// A pipe or device that appears meanwhile must not make the opening wait.
const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Reads the beginning of a regular file.
 *
 * A file with several names (hard links) is read like any other: it lies in the folder.
 *
 * @param anchor The folder that it is in.
 * @param maxBytes The most bytes.
 * @returns The bytes.
 */
export async function readRegularFile(
  anchor: FolderAnchor,
  name: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<FileContent> {
  // Looked at first because opening some devices does something; what counts is what was opened.
  const seen = await lstat(anchor.at(name), { bigint: true });
  if (seen.isSymbolicLink()) throw fileError("symlink");
  if (!seen.isFile()) throw fileError("not-a-file");
  const handle = await open(anchor.at(name), readFlags);
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) throw fileError("not-a-file");
    await anchor.confirm(name, stats);
    return await readBeginning(handle, maxBytes, signal);
  } finally {
    await handle.close();
  }
}

async function readBeginning(
  handle: FileHandle,
  maxBytes: number,
  signal: AbortSignal,
): Promise<FileContent> {
  // One byte more, to see whether the file goes on; its size is no promise.
  const bytes = new Uint8Array(maxBytes + 1);
  let length = 0;
  while (length < bytes.length) {
    stopIfEnded(signal);
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return {
    bytes: bytes.subarray(0, Math.min(length, maxBytes)),
    isTruncated: length > maxBytes,
  };
}

/**
 * Lists the first entries of a folder, without those of writes that are going on.
 *
 * @param anchor The folder.
 * @param maxEntries The most entries.
 * @returns The entries.
 */
export async function listEntries(
  anchor: FolderAnchor,
  maxEntries: number,
  signal: AbortSignal,
): Promise<FolderEntries> {
  const directory = await opendir(anchor.path);
  const entries: FolderEntry[] = [];
  try {
    await anchor.check();
    for (;;) {
      stopIfEnded(signal);
      const entry = await directory.read();
      if (entry === null) return { entries, isTruncated: false };
      if (isTemporaryFileName(entry.name)) continue;
      if (entries.length === maxEntries) return { entries, isTruncated: true };
      entries.push({ name: entry.name, kind: await kindOf(anchor, entry) });
    }
  } finally {
    await directory.close();
  }
}

async function kindOf(anchor: FolderAnchor, entry: Dirent): Promise<EntryKind> {
  const isTyped = entry.isFIFO() || entry.isSocket() || isDevice(entry);
  const known = isTyped ? "other" : plainKind(entry);
  if (isTyped || known !== "other") return known;
  // Some file systems say nothing about kinds when they list.
  try {
    return plainKind(await lstat(anchor.at(entry.name)));
  } catch {
    return "other";
  }
}

function isDevice(entry: Dirent): boolean {
  return entry.isBlockDevice() || entry.isCharacterDevice();
}

function plainKind(entry: Pick<Dirent, "isFile" | "isDirectory" | "isSymbolicLink">): EntryKind {
  if (entry.isSymbolicLink()) return "symlink";
  if (entry.isDirectory()) return "dir";
  return entry.isFile() ? "file" : "other";
}
