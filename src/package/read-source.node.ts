import type { Stats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { refuseArchive } from "../archive/archive.ts";
import { quoteName } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";
import type { PackageLimits } from "../limits.ts";
import { stopIfAborted } from "./abort.ts";
import { readBoundedFile, readingError } from "./bounded-file.node.ts";
import { readDirectory } from "./directory.node.ts";
import type { ReadSource } from "./read-source.types.ts";

/**
 * Reads packages from Node's file system.
 *
 * The path itself may be a link: it is the host's word. Nothing that is neither a regular file nor
 * a directory is ever opened.
 */
export const readSource: ReadSource = async (location, limits, signal) => {
  stopIfAborted(signal);
  const path = pathOf(location);
  const stats = await statOf(path);
  if (stats.isDirectory()) {
    return { kind: "directory", files: await readDirectory(await rootOf(path), limits, signal) };
  }
  if (!stats.isFile()) {
    refuseArchive("io", `${quoteName(path)} is neither a file nor a directory.`);
  }
  return { kind: "archive", bytes: await readArchiveFile(path, limits, signal) };
};

function readArchiveFile(
  path: string,
  limits: PackageLimits,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  return readBoundedFile(path, {
    maxBytes: limits.packageBytes,
    mayFollow: true,
    refuseSize: (size) =>
      refuseArchive(
        "bounds",
        `The archive has ${size} bytes and at most ${limits.packageBytes} are allowed.`,
      ),
    signal,
  });
}

function pathOf(location: string | URL): string {
  if (typeof location === "string" && !location.startsWith("file:")) {
    if (/^[a-z][a-z0-9+.-]+:\/\//iu.test(location)) refuseUrl();
    return location;
  }
  try {
    return fileURLToPath(location);
  } catch {
    return refuseUrl();
  }
}

function refuseUrl(): never {
  throw new PluginError({
    code: "options/invalid",
    phase: "options",
    message:
      "Packages are read from paths and local file URLs; fetch any other URL and pass the bytes.",
  });
}

async function statOf(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    throw readingError(error, path);
  }
}

async function rootOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    throw readingError(error, path);
  }
}
