import { lstat, rm, utimes } from "node:fs/promises";
import { resolve } from "node:path";
import { quoteName } from "../diagnostic.ts";
import { diagnosticError, isPluginError, PluginError } from "../errors.ts";
import type { PackageLimits } from "../limits.ts";
import type { LoadOptions } from "../package/load-package.ts";
import type { Digest, PluginPackage } from "../package/package.types.ts";
import {
  type CacheEntry,
  entryPath,
  listEntries,
  type PruneOptions,
  type PruneReport,
  pruneCache,
} from "./cache-prune.ts";
import { beginUse, type CacheUse, endUse } from "./cache-use.ts";
import { resolveStoreLimits } from "./store-limits.ts";
import {
  privateModes,
  problemOf,
  type StoredFileOptions,
  storeIoError,
  writeStoredFile,
} from "./stored-file.ts";
import { readArchiveFile, readStoredPackage } from "./stored-package.ts";

/** How a cache is made. */
export interface CacheOptions {
  /** The folder that is the cache's alone; it is made when something is added. */
  readonly folder: string;
  /** Numbers over the defaults of packages. */
  readonly limits?: Partial<PackageLimits> | undefined;
  /** The clock: milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

/** How an entry is opened or added. */
export type CacheReadOptions = Pick<LoadOptions, "source" | "signal">;

/** How a package is added. */
export interface CacheAddOptions extends CacheReadOptions {
  /** The only digest that is taken. */
  readonly digest?: Digest | undefined;
}

/** What lies in the cache under a digest. */
export type CacheReading =
  | { readonly state: "found"; readonly package: PluginPackage }
  | { readonly state: "absent" }
  /** There is something else than the package: removed, unless only this cache's limits refuse it. */
  | { readonly state: "damaged"; readonly message: string };

/**
 * Packages on disk by their digest, so that what runs is what was resolved, whatever becomes of the
 * store that it came from.
 *
 * Several processes may use one folder at once. What was opened or added through this object counts as
 * used, and is not pruned, until it is closed or the process ends.
 */
export interface PackageCache {
  readonly folder: string;
  /**
   * Opens a package; its digest is computed from the bytes each time.
   *
   * @throws PluginError `store/io` when the cache can't be read, `options/invalid` for what is no digest.
   */
  open(digest: Digest, options?: CacheReadOptions): Promise<CacheReading>;
  /**
   * Adds a package, whatever was there under its digest.
   *
   * @param archive A `.yoi-plugin` file, or its bytes; they are checked before they are kept.
   * @returns The package.
   * @throws PluginError as `loadPackage` does, `package/digest-mismatch` when another digest was
   * expected, and `store/io` when the cache can't be written.
   */
  add(archive: Uint8Array | string, options?: CacheAddOptions): Promise<PluginPackage>;
  /** Lists what there is, the least recently used first. */
  entries(): Promise<readonly CacheEntry[]>;
  /** Removes entries by age and size, never one that a living process uses. */
  prune(options: PruneOptions): Promise<PruneReport>;
  /** Ends the uses of this object; its packages stay usable, since they are in memory. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes the cache of a folder; nothing is read or written before it is used.
 *
 * @param options The folder, limits of packages, and a clock.
 * @returns The cache.
 */
export function createPackageCache(options: CacheOptions): PackageCache {
  const folder = resolve(options.folder);
  const { package: limits } = resolveStoreLimits(options.limits);
  const now = options.now ?? Date.now;
  const uses = new Map<Digest, Promise<CacheUse | undefined>>();

  // In a cache that can't be written nothing is pruned either, so that a use may go unsaid.
  const use = (digest: Digest): Promise<CacheUse | undefined> => {
    const begun = uses.get(digest) ?? beginUse(folder, digest).catch(() => undefined);
    uses.set(digest, begun);
    return begun;
  };
  const close = async () => {
    const begun = await Promise.all(uses.values());
    uses.clear();
    for (const each of begun) if (each !== undefined) await endUse(each);
  };

  return Object.freeze({
    folder,
    async open(digest: Digest, { source, signal }: CacheReadOptions = {}) {
      checkDigest(digest);
      // Before it is looked for, so that it is not pruned in between.
      await use(digest);
      const path = entryPath(folder, digest);
      const reading = await readEntry(path, digest, { source, signal, limits });
      if (reading.state === "found") await touch(path, now());
      return reading;
    },
    async add(archive: Uint8Array | string, options: CacheAddOptions = {}) {
      const { source, signal } = options;
      const bytes = await archiveBytes(archive, { maxBytes: limits.packageBytes, signal });
      const reading = await readStoredPackage(bytes, { source, signal, limits });
      if (!reading.ok) throw diagnosticError(reading.diagnostic, reading.facts.ref);
      const { digest } = reading.package;
      checkExpected(reading.package, options.digest);
      await use(digest);
      await writeEntry(folder, digest, bytes).catch(async (error: unknown) => {
        // Windows may refuse to replace a file that another process reads; it is the same package then.
        const path = entryPath(folder, digest);
        const there = await readEntry(path, digest, { source, signal, limits });
        if (there.state !== "found") throw error;
      });
      await touch(entryPath(folder, digest), now());
      return reading.package;
    },
    entries: () => listEntries(folder, now()),
    prune: (what: PruneOptions) => pruneCache(folder, what, now()),
    close,
    [Symbol.asyncDispose]: close,
  });
}

async function readEntry(
  path: string,
  digest: Digest,
  options: LoadOptions,
): Promise<CacheReading> {
  let problem: string;
  try {
    const reading = await readStoredPackage(path, options);
    if (reading.ok && reading.package.digest === digest) {
      return Object.freeze({ state: "found", package: reading.package });
    }
    // Whoever allows more may have put it there.
    if (!reading.ok && reading.diagnostic.code === "archive/bounds") {
      const message = `In the cache, ${digest} is over a bound. ${reading.diagnostic.message}`;
      return Object.freeze({ state: "damaged", message });
    }
    problem = reading.ok ? "another package" : "no package";
  } catch (error) {
    if (!isPluginError(error) || error.code !== "archive/io") throw error;
    if (error.details.problem === "missing") return Object.freeze({ state: "absent" });
    throw storeIoError(`In the cache, ${error.message.replace(/\.$/u, "")}`);
  }
  await removeEntry(path);
  const message = `In the cache, ${problem} lay under ${digest}; it has been removed.`;
  return Object.freeze({ state: "damaged", message });
}

async function writeEntry(folder: string, digest: Digest, bytes: Uint8Array): Promise<void> {
  const path = entryPath(folder, digest);
  const stats = await lstat(path).catch(() => undefined);
  // A folder can't be replaced by renaming a file to its name.
  if (stats !== undefined && !stats.isFile()) await removeEntry(path);
  await writeStoredFile(path, bytes, privateModes);
}

async function archiveBytes(
  archive: Uint8Array | string,
  options: StoredFileOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  // A copy, so that what is kept is what was checked.
  if (typeof archive !== "string") return new Uint8Array(archive);
  return readArchiveFile(archive, options);
}

function checkExpected({ identity }: PluginPackage, expected: Digest | undefined): void {
  if (expected === undefined || expected === identity.digest) return;
  throw new PluginError({
    code: "package/digest-mismatch",
    phase: "resolution",
    plugin: identity.ref,
    message: `The package has the digest ${identity.digest} and ${quoteName(expected)} was expected.`,
  });
}

async function removeEntry(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    throw storeIoError(`${quoteName(path)} ${problemOf(error, "written").reason}`);
  }
}

/** When it was used last; a file system that can't say so only prunes it earlier. */
async function touch(path: string, now: number): Promise<void> {
  await utimes(path, now / 1000, now / 1000).catch(() => {});
}

/** A digest becomes part of a path. */
function checkDigest(digest: string): void {
  if (/^sha256:[0-9a-f]{64}$/u.test(digest)) return;
  throw new PluginError({
    code: "options/invalid",
    phase: "options",
    message: `${quoteName(String(digest))} is no digest: sha256: and 64 lower-case hexadecimal digits.`,
  });
}
