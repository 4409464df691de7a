import type { Stats } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import { checkPath, refuseArchive } from "../archive/archive.ts";
import { decodeUtf8 } from "../bytes.ts";
import { quoteName } from "../diagnostic.ts";
import { directoryLimits, type PackageLimits } from "../limits.ts";
import { stopIfAborted } from "./abort.ts";
import { readBoundedFile, readingError } from "./bounded-file.node.ts";
import { type IgnoreRules, ignoreFileName, ignoreRules } from "./pack-ignore.ts";
import { checkFiles, checkSize, type PackageContents, refuseCount } from "./package-files.ts";

/** One walk through a directory: what it may do and how far it is. */
interface Walk {
  readonly root: string;
  readonly limits: PackageLimits;
  readonly signal: AbortSignal | undefined;
  readonly isIgnored: IgnoreRules;
  readonly files: Map<string, Uint8Array<ArrayBuffer>>;
  total: number;
  visited: number;
}

/**
 * Reads the files of a package directory (reference §2 "Directory reader"), without those that
 * packing leaves out, so that a directory and the package packed from it have one digest.
 *
 * @param root The directory, free of links itself.
 * @param limits Bounds what is read, before it is read.
 * @param signal Ends the walk.
 * @returns Path → content, in the byte order of the names.
 * @throws PluginError `archive/traversal` for a link or an unsafe name, `archive/bounds`,
 * `archive/duplicate`, or `archive/io`.
 */
export async function readDirectory(
  root: string,
  limits: PackageLimits,
  signal: AbortSignal | undefined,
): Promise<PackageContents> {
  const walk: Walk = {
    root,
    limits,
    signal,
    isIgnored: ignoreRules(await readIgnoreFile(root, signal)),
    files: new Map(),
    total: 0,
    visited: 0,
  };
  await readFolder(walk, "");
  checkFiles(
    Array.from(walk.files, ([path, content]) => ({ path, size: content.length })),
    limits,
  );
  return walk.files;
}

async function readFolder(walk: Walk, folder: string): Promise<void> {
  for (const name of await listNames(walk, folder)) {
    stopIfAborted(walk.signal);
    const path = folder === "" ? name : `${folder}/${name}`;
    const stats = await statOf(walk, path);
    if (walk.isIgnored(path, stats.isDirectory())) continue;
    checkPath(path, walk.limits);
    if (stats.isSymbolicLink()) {
      refuseArchive(
        "traversal",
        `${quoteName(path)} is a symbolic link; packages hold files only. Replace it or leave it out with ${ignoreFileName}.`,
      );
    }
    if (stats.isDirectory()) await readFolder(walk, path);
    // What is neither file nor folder has no content to pack (reference §2).
    else if (stats.isFile()) await readFile(walk, path, stats.size);
  }
}

async function readFile(walk: Walk, path: string, size: number): Promise<void> {
  if (walk.files.size >= walk.limits.entries) refuseCount(walk.limits);
  checkSize(path, size, walk.total + size, walk.limits);
  const refuseSize = (actual: number): never => {
    checkSize(path, actual, walk.total + actual, walk.limits);
    refuseArchive("bounds", `The file ${quoteName(path)} grew over a bound while it was read.`);
  };
  const content = await readBoundedFile(join(walk.root, path), {
    maxBytes: Math.min(walk.limits.entryBytes, walk.limits.expandedBytes - walk.total),
    mayFollow: false,
    refuseSize,
    signal: walk.signal,
  });
  walk.total += content.length;
  walk.files.set(path, content);
}

async function listNames(walk: Walk, folder: string): Promise<readonly string[]> {
  const path = join(walk.root, folder);
  const names: Buffer[] = [];
  try {
    // As bytes, since a name that is not UTF-8 would be replaced by another one.
    for await (const entry of await opendir(path, { encoding: "buffer" as BufferEncoding })) {
      names.push(Buffer.from(entry.name));
      walk.visited += 1;
      if (walk.visited > directoryLimits.visitedFiles.default) {
        refuseArchive(
          "bounds",
          `The directory has more than ${directoryLimits.visitedFiles.default} files next to the packed ones; leave out whole folders with ${ignoreFileName}.`,
        );
      }
    }
  } catch (error) {
    throw readingError(error, path);
  }
  return names
    .sort(Buffer.compare)
    .map(
      (name) =>
        decodeUtf8(name) ??
        refuseArchive("traversal", `A name in ${quoteName(folder)} is not UTF-8.`),
    );
}

async function statOf(walk: Walk, path: string): Promise<Stats> {
  try {
    return await lstat(join(walk.root, path));
  } catch (error) {
    throw readingError(error, path);
  }
}

async function readIgnoreFile(root: string, signal: AbortSignal | undefined): Promise<string> {
  const path = join(root, ignoreFileName);
  const maxBytes = directoryLimits.ignoreFileBytes.default;
  const stats = await lstat(path).catch(() => undefined);
  // Absent, or something that the walk refuses or skips.
  if (stats?.isFile() !== true) return "";
  const bytes = await readBoundedFile(path, {
    maxBytes,
    mayFollow: false,
    refuseSize: (size) =>
      refuseArchive(
        "bounds",
        `${ignoreFileName} has ${size} bytes and at most ${maxBytes} are allowed.`,
      ),
    signal,
  });
  return decodeUtf8(bytes) ?? refuseArchive("malformed", `${ignoreFileName} is not UTF-8.`);
}
