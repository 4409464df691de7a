import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { refuseArchive } from "../archive/archive.ts";
import { quoteName } from "../diagnostic.ts";
import { isPluginError, PluginError } from "../errors.ts";
import { stopIfAborted } from "./abort.ts";

/** How {@link readBoundedFile} reads. */
export interface BoundedRead {
  /** The most bytes. */
  readonly maxBytes: number;
  /** Whether a symbolic link in the path's last place is refused. */
  readonly mayFollow: boolean;
  /** Throws when the file has more bytes than are allowed. */
  readonly refuseSize: (size: number) => never;
  readonly signal: AbortSignal | undefined;
}

/** How much is read between two looks at the signal, in bytes. */
const chunkBytes = 1024 * 1024;

// A file that became a pipe meanwhile must not make the opening wait; absent flags are absent on Windows.
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const noFollow = constants.O_NOFOLLOW ?? 0;

/**
 * Reads a regular file whose size is checked before its bytes are read.
 *
 * @param path The file; its kind was looked at before, and is looked at again after opening.
 * @param options The bound and what may be followed.
 * @returns All its bytes.
 * @throws PluginError `archive/io` when it can't be read, is no regular file or changes meanwhile.
 */
export async function readBoundedFile(
  path: string,
  options: BoundedRead,
): Promise<Uint8Array<ArrayBuffer>> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, options.mayFollow ? openFlags : openFlags | noFollow);
    return await readAll(handle, path, options);
  } catch (error) {
    throw readingError(error, path);
  } finally {
    await handle?.close();
  }
}

async function readAll(
  handle: FileHandle,
  path: string,
  options: BoundedRead,
): Promise<Uint8Array<ArrayBuffer>> {
  const stats = await handle.stat();
  if (!stats.isFile()) refuseArchive("io", `${quoteName(path)} is not a regular file.`);
  if (stats.size > options.maxBytes) options.refuseSize(stats.size);
  // One byte more, to notice a file that grows.
  const bytes = new Uint8Array(stats.size + 1);
  let length = 0;
  for (;;) {
    stopIfAborted(options.signal);
    const wanted = Math.min(chunkBytes, bytes.length - length);
    const { bytesRead } = await handle.read(bytes, length, wanted, length);
    length += bytesRead;
    if (bytesRead === 0 || length === bytes.length) break;
  }
  if (length !== stats.size) {
    refuseArchive("io", `${quoteName(path)} changed while it was read; try again.`);
  }
  return bytes.slice(0, length);
}

/** Causes that are named; everything else is just an I/O error (reference §3 "Diagnostic"). */
const causes: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "was not found"],
  ["ENOTDIR", "was not found"],
  ["EACCES", "may not be read (permission denied)"],
  ["EPERM", "may not be read (permission denied)"],
  ["ELOOP", "is a symbolic link that leads nowhere or may not be followed"],
  ["ENAMETOOLONG", "has too long a name"],
  ["ERR_INVALID_ARG_VALUE", "is no path"],
]);

/**
 * Turns what the file system threw into `archive/io`; errors of this library pass.
 *
 * @param error What was caught.
 * @param path What was being read.
 * @returns The error to throw.
 */
export function readingError(error: unknown, path: string): unknown {
  if (isPluginError(error) || !(error instanceof Error) || !("code" in error)) return error;
  const cause = causes.get(String(error.code)) ?? "can't be read (I/O error)";
  return new PluginError({
    code: "archive/io",
    phase: "discovery",
    message: `${quoteName(path)} ${cause}.`,
    details: { cause: String(error.code) },
  });
}
