import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { quoteName } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";

/** Why a file could not be read, with the end of a sentence about it. */
export interface FileProblem {
  readonly kind: "missing" | "irregular" | "too-large" | "io";
  readonly reason: string;
}

/** The bytes of a file, or why there are none. */
export type FileReading =
  | { readonly ok: true; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly ok: false; readonly problem: FileProblem };

/** How {@link readStoredFile} reads. */
export interface StoredFileOptions {
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** How much is read between two looks at the signal, in bytes. */
const chunkBytes = 1024 * 1024;

// A file that became a pipe meanwhile must not make the opening wait; absent flags are absent on Windows.
const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Reads a regular file, not through a link, after its size was checked.
 *
 * @param path The file.
 * @param options The most bytes, and a signal that ends the reading.
 * @returns All its bytes, or why not.
 * @throws PluginError `runtime/aborted` when the signal fired.
 */
export async function readStoredFile(
  path: string,
  options: StoredFileOptions,
): Promise<FileReading> {
  stopIfAborted(options.signal);
  let handle: FileHandle | undefined;
  try {
    // Before it is opened, because opening a device may do something.
    if (!(await lstat(path)).isFile()) return irregular;
    handle = await open(path, readFlags);
    return await readAll(handle, options);
  } catch (error) {
    return { ok: false, problem: problemOf(error) };
  } finally {
    await handle?.close();
  }
}

const irregular: FileReading = {
  ok: false,
  problem: { kind: "irregular", reason: "is not a regular file" },
};

async function readAll(handle: FileHandle, options: StoredFileOptions): Promise<FileReading> {
  const { maxBytes, signal } = options;
  const stats = await handle.stat();
  if (!stats.isFile()) return irregular;
  if (stats.size > maxBytes) {
    const reason = `has ${stats.size} bytes and at most ${maxBytes} are allowed`;
    return { ok: false, problem: { kind: "too-large", reason } };
  }
  // One byte more, to notice a file that grows.
  const bytes = new Uint8Array(stats.size + 1);
  let length = 0;
  for (;;) {
    stopIfAborted(signal);
    const wanted = Math.min(chunkBytes, bytes.length - length);
    const { bytesRead } = await handle.read(bytes, length, wanted, length);
    length += bytesRead;
    if (bytesRead === 0 || length === bytes.length) break;
  }
  if (length === stats.size) return { ok: true, bytes: bytes.slice(0, length) };
  return { ok: false, problem: { kind: "io", reason: "changed while it was read; try again" } };
}

/** How {@link writeStoredFile} writes. */
export interface WriteModes {
  /** Of the file, below the process's mask. */
  readonly file: number;
  /** Of folders that have to be made. */
  readonly folder: number;
}

/** For what only the user is to see. */
export const privateModes: WriteModes = Object.freeze({ file: 0o600, folder: 0o700 });

/** How the name of a file begins that is being written. */
export const temporaryPrefix = ".writing-";

/**
 * Writes a file as a whole: whoever reads it, also after a crash, sees the old bytes or the new ones.
 *
 * @param path The file; a file or link there is replaced, missing folders are made.
 * @param bytes Its bytes.
 * @param modes Who may read it.
 * @throws PluginError `store/io`.
 */
export async function writeStoredFile(
  path: string,
  bytes: Uint8Array,
  modes: WriteModes,
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(
    folder,
    `${temporaryPrefix}${process.pid}-${randomBytes(8).toString("hex")}`,
  );
  try {
    await mkdir(folder, { recursive: true, mode: modes.folder });
    await writeNew(temporary, bytes, modes.file);
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw storeIoError(`${quoteName(path)} ${problemOf(error, "written").reason}`);
  }
}

async function writeNew(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const handle = await open(path, "wx", mode);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the renaming last; Windows and some file systems can't, and the file is whole without it. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY).catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

/** Makes the error of a store's, cache's or record's file. */
export function storeIoError(sentence: string): PluginError {
  return new PluginError({
    code: "store/io",
    phase: "discovery",
    message: `${sentence}.`,
  });
}

/**
 * Ends the work on stores when the caller's signal has fired.
 *
 * @throws PluginError `runtime/aborted`.
 */
export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new PluginError({
    code: "runtime/aborted",
    phase: "discovery",
    message: "The work on the package stores was stopped because the caller's signal fired.",
    cause: signal.reason,
  });
}

/**
 * Says what the file system complained of, in words of a fixed list (reference §3 "Diagnostic").
 *
 * @param error What it threw; an error of this library passes.
 * @param verb What was tried: the file was to be `read` or `written`.
 * @returns The problem.
 */
export function problemOf(error: unknown, verb: "read" | "written" = "read"): FileProblem {
  if (error instanceof PluginError) throw error;
  switch (error instanceof Error && "code" in error ? error.code : undefined) {
    case "ENOENT":
    case "ENOTDIR":
      return { kind: "missing", reason: "was not found" };
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return { kind: "io", reason: `may not be ${verb} (permission denied)` };
    case "ELOOP":
      return { kind: "irregular", reason: "is a symbolic link that may not be followed" };
    case "ENOSPC":
    case "EDQUOT":
      return { kind: "io", reason: `can't be ${verb} (no space left)` };
    case "EISDIR":
      return { kind: "irregular", reason: "is a folder" };
    default:
      return { kind: "io", reason: `can't be ${verb} (I/O error)` };
  }
}
