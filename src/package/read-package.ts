import { readArchive, refuseArchive } from "../archive/archive.ts";
import { quoteName } from "../diagnostic.ts";
import { type Diagnostic, isPluginError, PluginError } from "../errors.ts";
import { mergeLimits, type PackageLimits, packageLimits } from "../limits.ts";
import { declaredSurfaces, readManifest } from "../manifest/manifest.ts";
import type { Manifest } from "../manifest/manifest.types.ts";
import { stopIfAborted } from "./abort.ts";
import { contentsDigest, inByteOrder } from "./digest.ts";
import { formatPackageRef, isPackageSource, packageIdentity, packageSources } from "./identity.ts";
import type { Digest, PackageFile, PackageSource, PluginPackage } from "./package.types.ts";
import {
  copyFiles,
  type FileContents,
  isBytes,
  isFileContents,
  type PackageContents,
} from "./package-files.ts";
import { readOnlyMap } from "./read-only-map.ts";
import type { ReadSource } from "./read-source.types.ts";

/**
 * What a package can be loaded from: a path or file URL of an archive or a directory, an archive's
 * bytes, or files in memory.
 */
export type PackageInput = string | URL | Uint8Array | ArrayBuffer | Blob | FileContents;

/** How a package is loaded. */
export interface LoadOptions {
  /** Where it came from, which is part of its reference; `"project"` when left out. */
  readonly source?: PackageSource | undefined;
  /** Numbers over {@link packageLimits}. */
  readonly limits?: Partial<PackageLimits> | undefined;
  /** Ends the loading with `runtime/aborted`. */
  readonly signal?: AbortSignal | undefined;
}

/** What is known of a package, also of one that is refused; a part is absent when it was not reached. */
export interface PackageFacts {
  readonly source: PackageSource;
  /** The archive's size in bytes; absent for directories and files in memory. */
  readonly archiveBytes?: number;
  readonly digest?: Digest;
  /** The package's reference, once the manifest's id is known to be one. */
  readonly ref?: string;
  /** Path → size, in the byte order of the paths. */
  readonly files?: ReadonlyMap<string, PackageFile>;
}

/** The outcome of reading a package: the package, or the one defect it was refused for. */
export type PackageReading =
  | { readonly ok: true; readonly package: PluginPackage; readonly facts: PackageFacts }
  | { readonly ok: false; readonly diagnostic: Diagnostic; readonly facts: PackageFacts };

/** Reads a package; a defect in it is a value, only an unreadable source or a misuse throws. */
export type ReadPackage = (input: PackageInput, options?: LoadOptions) => Promise<PackageReading>;

/**
 * Makes the function that reads packages (reference §2, §1): files, digest, manifest, in this order.
 * Nothing of a package is run or compiled.
 *
 * @param readSource The port that reads paths and file URLs.
 * @returns The function. It throws PluginError `archive/io` for what can't be read,
 * `options/invalid` for a misuse and `runtime/aborted` when the signal fired.
 */
export function createReadPackage(readSource: ReadSource): ReadPackage {
  return async (input, options = {}) => {
    const { signal } = options;
    const limits = mergeLimits(packageLimits, options.limits, refuseOptions);
    const facts: Mutable<PackageFacts> = { source: sourceOf(options) };
    try {
      stopIfAborted(signal);
      const contents = await contentsOf(input, { readSource, limits, signal, facts });
      facts.files = fileTable(contents);
      facts.digest = await contentsDigest(contents);
      stopIfAborted(signal);
      const manifest = readManifest(manifestBytes(contents), contents, limits);
      facts.ref = formatPackageRef(facts.source, manifest.id);
      const plugin = pluginPackage(manifest, facts.digest, contents, facts);
      return { ok: true, package: plugin, facts: Object.freeze(facts) };
    } catch (error) {
      if (!isDefect(error)) throw error;
      const { code, phase, message, details } = error;
      const { id } = details;
      if (typeof id === "string") facts.ref = formatPackageRef(facts.source, id);
      const diagnostic = Object.freeze({ code, phase, message });
      return { ok: false, diagnostic, facts: Object.freeze(facts) };
    }
  };
}

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

interface Reading {
  readonly readSource: ReadSource;
  readonly limits: PackageLimits;
  readonly signal: AbortSignal | undefined;
  readonly facts: Mutable<PackageFacts>;
}

async function contentsOf(input: PackageInput, reading: Reading): Promise<PackageContents> {
  const { readSource, limits, signal, facts } = reading;
  if (typeof input === "string" || input instanceof URL) {
    const found = await readSource(input, limits, signal);
    return found.kind === "directory" ? found.files : archiveContents(found.bytes, limits, facts);
  }
  if (typeof input !== "object" || input === null) return refuseInput();
  if (isBytes(input) || isArrayBuffer(input)) {
    checkArchiveSize(input.byteLength, limits);
    // A copy, so that the caller can't change the package afterwards.
    const bytes = new Uint8Array(isBytes(input) ? input : input.slice(0));
    return archiveContents(bytes, limits, facts);
  }
  if (isBlob(input)) {
    checkArchiveSize(input.size, limits);
    const bytes = await blobBytes(input);
    stopIfAborted(signal);
    return archiveContents(bytes, limits, facts);
  }
  return isFileContents(input) ? copyFiles(input, limits) : refuseInput();
}

function refuseInput(): never {
  refuseOptions(
    "A package is loaded from a path, a file URL, a Uint8Array, an ArrayBuffer, a Blob or an object of files.",
  );
}

function archiveContents(
  bytes: Uint8Array<ArrayBuffer>,
  limits: PackageLimits,
  facts: Mutable<PackageFacts>,
): PackageContents {
  facts.archiveBytes = bytes.length;
  return readArchive(bytes, limits);
}

/** Before the bytes are copied; the archive's reader checks again. */
function checkArchiveSize(size: number, limits: PackageLimits): void {
  if (size <= limits.packageBytes) return;
  refuseArchive(
    "bounds",
    `The archive has ${size} bytes and at most ${limits.packageBytes} are allowed.`,
  );
}

async function blobBytes(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch {
    return refuseArchive("io", "The Blob can't be read.");
  }
}

function manifestBytes(contents: PackageContents): Uint8Array {
  return (
    contents.get("plugin.toml") ??
    refuseArchive("missing", `The package has no ${quoteName("plugin.toml")} at its root.`)
  );
}

function fileTable(contents: PackageContents): ReadonlyMap<string, PackageFile> {
  return readOnlyMap(
    new Map(
      inByteOrder(contents).map(([path, content]) => [
        path,
        Object.freeze({ path, size: content.length }),
      ]),
    ),
  );
}

function pluginPackage(
  manifest: Manifest,
  digest: Digest,
  contents: PackageContents,
  facts: PackageFacts,
): PluginPackage {
  return Object.freeze({
    manifest,
    digest,
    identity: packageIdentity(facts.source, manifest, digest),
    surfaces: declaredSurfaces(manifest),
    files: facts.files ?? fileTable(contents),
    ...(facts.archiveBytes === undefined ? {} : { archiveBytes: facts.archiveBytes }),
    readFile(path: string) {
      const content =
        contents.get(path) ??
        refuseArchive("missing", `The package has no file ${quoteName(String(path))}.`);
      return content.slice();
    },
  });
}

/** Whether an error speaks of the package: not of the source it lies in, nor of the caller. */
function isDefect(error: unknown): error is PluginError {
  if (!isPluginError(error) || error.code === "archive/io") return false;
  return error.code.startsWith("archive/") || error.code.startsWith("manifest/");
}

function sourceOf({ source = "project" }: LoadOptions): PackageSource {
  if (!isPackageSource(source)) {
    refuseOptions(`The source of a package is one of ${packageSources.join(", ")}.`);
  }
  return source;
}

function refuseOptions(message: string): never {
  throw new PluginError({ code: "options/invalid", phase: "options", message });
}

function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return Object.prototype.toString.call(value) === "[object ArrayBuffer]";
}

function isBlob(value: object): value is Blob {
  return "arrayBuffer" in value && typeof value.arrayBuffer === "function" && "size" in value;
}
