import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, stat, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { cacheLimits } from "../limits.ts";
import type { Digest } from "../package/package.types.ts";

/** One process's word that it uses an entry of the cache: an empty file beside the entries. */
export interface CacheUse {
  readonly digest: Digest;
  readonly path: string;
}

const usePattern = /^sha256-([0-9a-f]{64})\.([0-9a-f]{12})\.(\d{1,10})\.[0-9a-f]{16}$/u;

/** @returns This machine's name as the names of uses have it. */
function machineName(): string {
  return createHash("sha256").update(hostname()).digest("hex").slice(0, 12);
}

function usesFolder(cache: string): string {
  return join(cache, "uses");
}

/**
 * Says that this process uses an entry, so that pruning leaves it alone.
 *
 * @param cache The cache's folder.
 * @param digest The entry.
 * @returns The use, for {@link endUse}; it also ends with the process.
 */
export async function beginUse(cache: string, digest: Digest): Promise<CacheUse> {
  const folder = usesFolder(cache);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const random = randomBytes(8).toString("hex");
  const name = `${digest.replace(":", "-")}.${machineName()}.${process.pid}.${random}`;
  const path = join(folder, name);
  await writeFile(path, "", { flag: "wx", mode: 0o600 });
  return { digest, path };
}

/** Ends a use; one that is gone already has ended. */
export async function endUse(use: CacheUse): Promise<void> {
  await unlink(use.path).catch(() => {});
}

/**
 * Finds the entries that some process uses, and forgets the uses of processes that have ended.
 *
 * Of a process on another machine, with which the folder may be shared, nobody can tell whether it
 * lives: its use holds for `foreignUseMs`.
 *
 * @param cache The cache's folder.
 * @param now The time in milliseconds since 1970.
 * @returns The digests in use.
 */
export async function digestsInUse(cache: string, now: number): Promise<ReadonlySet<Digest>> {
  const used = new Set<Digest>();
  const names = await readdir(usesFolder(cache)).catch(() => []);
  for (const name of names) {
    const [, hex, where, pid] = usePattern.exec(name) ?? [];
    if (hex === undefined) continue;
    const path = join(usesFolder(cache), name);
    const isHeld = where === machineName() ? isAlive(Number(pid)) : await isRecent(path, now);
    if (isHeld) used.add(`sha256:${hex}`);
    else await unlink(path).catch(() => {});
  }
  return used;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process may not be asked, so there is one.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

async function isRecent(path: string, now: number): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats !== undefined && now - stats.mtimeMs < cacheLimits.foreignUseMs.default;
}
