import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, open, rename, unlink } from "node:fs/promises";
import type { FolderAnchor } from "./folder-anchor.node.ts";
import { fileError, stopIfEnded } from "./fs-error.ts";
import { temporaryFileName } from "./node-file-name.node.ts";

const safeFlags = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | safeFlags;

/** What a new file may be read and written by, before the process's umask takes its part. */
const newFileMode = 0o666;

/**
 * Creates or replaces a regular file at once: a new file beside it is written, made to last and then
 * renamed into its place.
 *
 * A link in its place is refused, and one that is put there at the last moment is replaced itself,
 * never what it leads to. Other names of a replaced file (hard links) keep its old bytes, so that
 * nothing outside the folder changes. A replaced file's permissions stay; a file that may not be
 * written is not replaced either.
 *
 * @param anchor The folder.
 * @param name The file's name.
 * @param bytes Its new content.
 */
export async function replaceFile(
  anchor: FolderAnchor,
  name: string,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  await anchor.check();
  const replaced = await lookAtTarget(anchor, name);
  stopIfEnded(signal);
  const temporaryName = temporaryFileName();
  const temporary = anchor.at(temporaryName);
  const mode = replaced === undefined ? newFileMode : Number(replaced.mode & 0o777n);
  const handle = await open(temporary, createFlags, mode);
  let isPlaced = false;
  try {
    // Before a byte is written: where the folder is held by its path, it may be another one by now.
    const confirm = async () => anchor.confirm(temporaryName, await handle.stat({ bigint: true }));
    await confirm();
    await fill(handle, bytes, replaced === undefined ? undefined : mode);
    stopIfEnded(signal);
    await confirm();
    await rename(temporary, anchor.at(name));
    isPlaced = true;
  } finally {
    await handle.close();
    if (!isPlaced) await unlink(temporary).catch(() => {});
  }
  await anchor.sync();
}

async function fill(
  handle: FileHandle,
  bytes: Uint8Array,
  mode: number | undefined,
): Promise<void> {
  await handle.writeFile(bytes);
  if (mode !== undefined) await handle.chmod(mode);
  await handle.sync();
}

/** @returns What is in the target's place, a regular file that may be written; nothing is changed. */
async function lookAtTarget(anchor: FolderAnchor, name: string): Promise<BigIntStats | undefined> {
  let seen: BigIntStats;
  try {
    seen = await lstat(anchor.at(name), { bigint: true });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  if (seen.isSymbolicLink()) throw fileError("symlink");
  if (!seen.isFile()) throw fileError("not-a-file");
  const handle = await open(anchor.at(name), constants.O_WRONLY | safeFlags);
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) throw fileError("not-a-file");
    return stats;
  } finally {
    await handle.close();
  }
}
