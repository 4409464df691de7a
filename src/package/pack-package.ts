import { writeArchive } from "../archive/archive.ts";
import { diagnosticError, PluginError } from "../errors.ts";
import { mergeLimits, type PackageLimits, packageLimits } from "../limits.ts";
import {
  copyFiles,
  type FileContents,
  isFileContents,
  type PackageContents,
} from "./package-files.ts";
import { createReadPackage } from "./read-package.ts";
import type { ReadSource } from "./read-source.types.ts";

/** How a package is packed. */
export interface PackOptions {
  /**
   * Whether to deflate entries; off when left out, because stored entries are what every reader of
   * packages takes and what comes out the same whatever the version of the compressor.
   */
  readonly compress?: boolean | undefined;
  /** Numbers over {@link packageLimits}. */
  readonly limits?: Partial<PackageLimits> | undefined;
  /** Ends the packing with `runtime/aborted`. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Packs files or a directory into a `.yoi-plugin` archive, the same bytes every time.
 *
 * Of a directory, what the default list and `.yoiignore` name is left out; files in memory are all
 * packed. The result is read back before it is returned, manifest included.
 *
 * @param files Path → content, or the path or file URL of a directory.
 * @param options Compression, other limits, a signal.
 * @returns The archive.
 * @throws PluginError as `loadPackage` does.
 */
export type PackPackage = (
  files: FileContents | string | URL,
  options?: PackOptions,
) => Promise<Uint8Array<ArrayBuffer>>;

/**
 * Makes `packPackage` for a platform.
 *
 * @param readSource The port that reads directories there.
 * @returns The function.
 */
export function createPackPackage(readSource: ReadSource): PackPackage {
  const readPackage = createReadPackage(readSource);
  return async (files, options = {}) => {
    const limits = mergeLimits(packageLimits, options.limits, refuseOptions);
    const contents =
      typeof files === "string" || files instanceof URL
        ? await directoryContents(await readSource(files, limits, options.signal))
        : copyFiles(fileContents(files), limits);
    const archive = writeArchive(contents, { compress: options.compress === true, limits });
    const reading = await readPackage(archive, { limits, signal: options.signal });
    if (!reading.ok) throw diagnosticError(reading.diagnostic, reading.facts.ref);
    return archive;
  };
}

async function directoryContents(found: Awaited<ReturnType<ReadSource>>): Promise<PackageContents> {
  if (found.kind === "directory") return found.files;
  return refuseOptions("Only a directory can be packed, and the path is a file's.");
}

function fileContents(files: FileContents): FileContents {
  if (typeof files === "object" && files !== null && isFileContents(files)) return files;
  return refuseOptions("A package is packed from an object or map of files, or from a directory.");
}

function refuseOptions(message: string): never {
  throw new PluginError({ code: "options/invalid", phase: "options", message });
}
