import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheLimits } from "../limits.ts";
import type { Digest } from "../package/package.types.ts";
import { digestsInUse } from "./cache-use.ts";
import { temporaryPrefix } from "./stored-file.ts";

/** A package in the cache. */
export interface CacheEntry {
  readonly digest: Digest;
  readonly bytes: number;
  /** When it was last opened or added, in milliseconds since 1970. */
  readonly usedAt: number;
  /** Whether a living process has it open. */
  readonly isInUse: boolean;
}

/** What is to go out of the cache. What a living process uses never goes. */
export interface PruneOptions {
  /** Entries that were last used longer ago than this. */
  readonly maxAgeMs?: number | undefined;
  /** The least recently used entries, until those that are left have at most so many bytes. */
  readonly maxBytes?: number | undefined;
  /** Entries that stay in any case, such as those of plans that are to be restored. */
  readonly keep?: Iterable<Digest> | undefined;
}

/** What pruning did. */
export interface PruneReport {
  readonly removed: readonly Digest[];
  readonly removedBytes: number;
  readonly keptBytes: number;
}

const entryPattern = /^sha256-([0-9a-f]{64})\.yoi-plugin$/u;

/** @returns The path of a digest's entry. */
export function entryPath(cache: string, digest: Digest): string {
  return join(cache, `${digest.replace(":", "-")}.yoi-plugin`);
}

/**
 * Lists what a cache holds, the least recently used first.
 *
 * @param cache The cache's folder; a missing one is empty.
 * @param now The time in milliseconds since 1970.
 * @returns The entries.
 */
export async function listEntries(cache: string, now: number): Promise<readonly CacheEntry[]> {
  const used = await digestsInUse(cache, now);
  const entries: CacheEntry[] = [];
  for (const name of await namesIn(cache)) {
    const hex = entryPattern.exec(name)?.[1];
    const stats = hex && (await lstat(join(cache, name)).catch(() => undefined));
    if (!stats) continue;
    const digest: Digest = `sha256:${hex}`;
    entries.push({
      digest,
      bytes: stats.size,
      usedAt: Math.round(stats.mtimeMs),
      isInUse: used.has(digest),
    });
  }
  return entries.sort((one, other) => one.usedAt - other.usedAt);
}

/**
 * Takes entries out of a cache, and what writers left behind that ended before they were done.
 *
 * @param cache The cache's folder.
 * @param options What is to go.
 * @param now The time in milliseconds since 1970.
 * @returns What went.
 */
export async function pruneCache(
  cache: string,
  options: PruneOptions,
  now: number,
): Promise<PruneReport> {
  await removeLeftovers(cache, now);
  const { maxAgeMs = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = options;
  const keep = new Set(options.keep ?? []);
  const entries = await listEntries(cache, now);
  const removed: Digest[] = [];
  let keptBytes = entries.reduce((total, { bytes }) => total + bytes, 0);
  let removedBytes = 0;
  for (const { digest, bytes, usedAt } of entries) {
    if (now - usedAt <= maxAgeMs && keptBytes <= maxBytes) continue;
    // Asked again right before: another process may have opened it meanwhile.
    if (keep.has(digest) || (await digestsInUse(cache, now)).has(digest)) continue;
    await rm(entryPath(cache, digest), { recursive: true, force: true });
    removed.push(digest);
    removedBytes += bytes;
    keptBytes -= bytes;
  }
  return Object.freeze({ removed: Object.freeze(removed), removedBytes, keptBytes });
}

async function removeLeftovers(cache: string, now: number): Promise<void> {
  for (const name of await namesIn(cache)) {
    if (!name.startsWith(temporaryPrefix)) continue;
    const path = join(cache, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats !== undefined && now - stats.mtimeMs > cacheLimits.leftoverMs.default) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

async function namesIn(cache: string): Promise<readonly string[]> {
  return readdir(cache).catch(() => []);
}
