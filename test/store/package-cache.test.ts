import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Digest } from "../../src/package/package.types.ts";
import { createPackageCache, type PackageCache } from "../../src/store/store.ts";
import { runStoreProcess } from "./store-process.ts";
import { archiveOf, temporaryFolder, writePackage } from "./stored-packages.ts";

const day = 24 * 60 * 60 * 1000;

/** A cache in a folder that is not there yet. */
async function emptyCache(now?: () => number): Promise<PackageCache> {
  const cache = createPackageCache({ folder: join(await temporaryFolder(), "a", "cache"), now });
  onTestFinished(() => cache.close());
  return cache;
}

const entryOf = (cache: PackageCache, digest: Digest) =>
  join(cache.folder, `${digest.replace(":", "-")}.yoi-plugin`);

describe("[store/cache-verified] an entry that was tampered with", () => {
  test("is not what comes out: it is removed, and can be added again", async () => {
    const cache = await emptyCache();
    const archive = await archiveOf();
    const { digest } = await cache.add(archive);
    const path = entryOf(cache, digest);
    const other = await archiveOf({ version: "6.6.6" });
    const flipped = archive.slice();
    flipped[60] = (flipped[60] ?? 0) ^ 1;
    for (const bytes of [other, flipped, archive.slice(0, -1), Buffer.from(""), Buffer.from("x")]) {
      await writeFile(path, bytes);
      expect((await cache.open(digest)).state).toBe("damaged");
      await expect(stat(path)).rejects.toMatchObject({ code: "ENOENT" });
      expect((await cache.open(digest)).state).toBe("absent");
      await cache.add(archive);
      expect((await cache.open(digest)).state).toBe("found");
    }
  });

  test("and is a link, a folder or a pipe now is not followed or waited for", async () => {
    const cache = await emptyCache();
    const elsewhere = await temporaryFolder();
    const outside = await writePackage(elsewhere, "outside.yoi-plugin");
    const { digest } = await cache.add(outside);
    const path = entryOf(cache, digest);
    await rm(path);
    await symlink(outside, path);
    expect((await cache.open(digest)).state).toBe("damaged");
    expect((await readFile(outside)).length).toBeGreaterThan(0);

    await mkdir(path);
    await writeFile(join(path, "inside"), "");
    expect((await cache.open(digest)).state).toBe("damaged");
    await mkdir(path);
    expect((await cache.add(outside)).digest).toBe(digest);
    expect((await cache.open(digest)).state).toBe("found");
  });

  test("every single changed byte of content is noticed", async () => {
    const cache = await emptyCache();
    const archive = await archiveOf({ files: { "a.txt": "abc" } });
    const { digest } = await cache.add(archive);
    for (let at = 0; at < archive.length; at += 1) {
      const changed = archive.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x20;
      await writeFile(entryOf(cache, digest), changed);
      const reading = await cache.open(digest);
      // Bytes of the archive that say nothing about the package, such as a version, may change.
      if (reading.state === "found") expect(reading.package.digest).toBe(digest);
    }
  });
});

describe("the cache", () => {
  test("refuses what is no package before anything is written", async () => {
    const cache = await emptyCache();
    await expect(cache.add(Buffer.from("x"))).rejects.toMatchObject({ code: "archive/malformed" });
    await expect(cache.add("/nowhere/x.yoi-plugin")).rejects.toMatchObject({ code: "archive/io" });
    await expect(stat(cache.folder)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("refuses a package of another digest than was expected", async () => {
    const cache = await emptyCache();
    const digest: Digest = `sha256:${"0".repeat(64)}`;
    await expect(cache.add(await archiveOf(), { digest })).rejects.toMatchObject({
      code: "package/digest-mismatch",
    });
    await expect(stat(cache.folder)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test.each(["sha256:../../../etc/passwd", "sha256:", "x", `sha256:${"A".repeat(64)}`])(
    "takes no %j for a digest",
    async (digest) => {
      const cache = await emptyCache();
      await expect(cache.open(digest as Digest)).rejects.toMatchObject({ code: "options/invalid" });
    },
  );

  test("is for its user alone", async () => {
    const cache = await emptyCache();
    const { digest } = await cache.add(await archiveOf());
    const mode = async (path: string) => (await stat(path)).mode & 0o777;
    expect(await mode(cache.folder)).toBe(0o700);
    expect(await mode(join(cache.folder, "uses"))).toBe(0o700);
    expect(await mode(entryOf(cache, digest))).toBe(0o600);
    for (const use of await readdir(join(cache.folder, "uses"))) {
      expect(await mode(join(cache.folder, "uses", use))).toBe(0o600);
    }
  });

  test("gives a package with the source that is asked for, and keeps nothing of the caller's bytes", async () => {
    const cache = await emptyCache();
    const archive = await archiveOf();
    const added = cache.add(archive, { source: "user" });
    archive.fill(0);
    const { digest, identity } = await added;
    expect(identity.ref).toBe("user:example.echo");
    expect(await cache.open(digest, { source: "builtin" })).toMatchObject({
      state: "found",
      package: { identity: { ref: "builtin:example.echo" }, digest },
    });
  });

  test("does not throw away what only this host's limits refuse", async () => {
    const cache = await emptyCache();
    const { digest } = await cache.add(await archiveOf());
    for (const limits of [{ packageBytes: 10 }, { entryBytes: 1 }]) {
      const stricter = createPackageCache({ folder: cache.folder, limits });
      expect(await stricter.open(digest)).toMatchObject({
        state: "damaged",
        message: expect.stringContaining("bound"),
      });
      await stricter.close();
    }
    expect((await cache.open(digest)).state).toBe("found");
  });

  test("that can't be written is an error that says so", async () => {
    const file = await writePackage(await temporaryFolder(), "x.yoi-plugin");
    const cache = createPackageCache({ folder: join(file, "cache") });
    await expect(cache.add(await archiveOf())).rejects.toMatchObject({ code: "store/io" });
    expect(await cache.entries()).toEqual([]);
  });

  test("a fired signal ends the reading and harms nothing", async () => {
    const cache = await emptyCache();
    const { digest } = await cache.add(await archiveOf());
    await expect(cache.open(digest, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "runtime/aborted",
    });
    expect((await cache.open(digest)).state).toBe("found");
  });
});

describe("[store/cache-shared] several processes", () => {
  test("that add and open the same packages at once see whole ones only", async () => {
    const folder = await temporaryFolder();
    const archives = [
      await writePackage(folder, "a.yoi-plugin", { files: { x: "1".repeat(200_000) } }),
      await writePackage(folder, "b.yoi-plugin", { files: { x: "2".repeat(200_000) } }),
    ];
    const cache = createPackageCache({ folder: join(folder, "cache") });
    let isOver = false;
    const watch = async () => {
      while (!isOver) {
        for (const { digest } of await cache.entries()) {
          expect((await cache.open(digest)).state).toBe("found");
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const watching = watch();
    try {
      await Promise.all(
        [1, 2, 3].map(() => runStoreProcess("race", cache.folder, "25", ...archives)),
      );
    } finally {
      isOver = true;
    }
    await watching;
    await cache.close();
    const names = await readdir(cache.folder);
    expect(names.filter((name) => name.endsWith(".yoi-plugin"))).toHaveLength(2);
    expect(names.filter((name) => name.startsWith("."))).toEqual([]);
    expect(await readdir(join(cache.folder, "uses"))).toEqual([]);
  });

  test("an entry that another process has open is not pruned, and is once that process is gone", async () => {
    const folder = await temporaryFolder();
    const archive = await writePackage(folder, "a.yoi-plugin");
    const cache = createPackageCache({ folder: join(folder, "cache") });
    const program = fileURLToPath(new URL("./store-process-main.ts", import.meta.url));
    const child = spawn(
      process.execPath,
      ["--import", "tsx", program, "hold", cache.folder, archive],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const ended = new Promise((resolve) => child.on("close", resolve));
    onTestFinished(() => void child.kill("SIGKILL"));
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === "held") break;
    }
    expect(await cache.entries()).toMatchObject([{ isInUse: true }]);
    expect((await cache.prune({ maxAgeMs: 0, maxBytes: 0 })).removed).toEqual([]);
    // Killed: it could not say that it no longer uses it.
    child.kill("SIGKILL");
    await ended;
    expect((await cache.prune({ maxBytes: 0 })).removed).toHaveLength(1);
    expect(await cache.entries()).toEqual([]);
    expect(await readdir(join(cache.folder, "uses"))).toEqual([]);
  });
});

describe("pruning", () => {
  const now = Date.now();

  /** A cache with packages used one, two and three days ago, closed. */
  async function agedCache() {
    const folder = await temporaryFolder();
    const digests: Digest[] = [];
    for (const age of [3, 2, 1]) {
      const aged = createPackageCache({ folder, now: () => now - age * day });
      digests.push((await aged.add(await archiveOf({ version: `1.0.${age}` }))).digest);
      await aged.close();
    }
    const cache = createPackageCache({ folder, now: () => now });
    onTestFinished(() => cache.close());
    const [bytes = 0] = (await cache.entries()).map((entry) => entry.bytes);
    return { cache, digests, bytes };
  }

  test("removes by age, at the bound and past it", async () => {
    const { cache, digests } = await agedCache();
    expect((await cache.prune({ maxAgeMs: 3 * day })).removed).toEqual([]);
    expect((await cache.prune({ maxAgeMs: 3 * day - 1 })).removed).toEqual([digests[0]]);
    expect((await cache.prune({ maxAgeMs: 1.5 * day })).removed).toEqual([digests[1]]);
  });

  test("removes the least recently used until the rest is small enough", async () => {
    const { cache, digests, bytes } = await agedCache();
    expect((await cache.prune({ maxBytes: 3 * bytes })).removed).toEqual([]);
    expect(await cache.prune({ maxBytes: 3 * bytes - 1 })).toEqual({
      removed: [digests[0]],
      removedBytes: bytes,
      keptBytes: 2 * bytes,
    });
  });

  test("opening counts as using", async () => {
    const { cache, digests, bytes } = await agedCache();
    const [oldest] = digests;
    const reader = createPackageCache({ folder: cache.folder, now: () => now });
    if (oldest !== undefined) await reader.open(oldest);
    await reader.close();
    expect((await cache.prune({ maxBytes: bytes })).removed).toEqual(digests.slice(1));
  });

  test("never removes what is in use or to be kept, and tells what that leaves", async () => {
    const { cache, digests, bytes } = await agedCache();
    const [used, kept, gone] = digests as [Digest, Digest, Digest];
    const reader = createPackageCache({ folder: cache.folder });
    await reader.open(used);
    expect(await cache.prune({ maxAgeMs: 0, maxBytes: 0, keep: [kept] })).toEqual({
      removed: [gone],
      removedBytes: bytes,
      keptBytes: 2 * bytes,
    });
    await reader[Symbol.asyncDispose]();
    expect((await cache.prune({ maxBytes: 0 })).removed.toSorted()).toEqual([used, kept].sort());
  });

  test("without a bound removes nothing", async () => {
    const { cache } = await agedCache();
    expect((await cache.prune({})).removed).toEqual([]);
    const empty = await emptyCache();
    expect(await empty.prune({ maxBytes: 0 })).toEqual({
      removed: [],
      removedBytes: 0,
      keptBytes: 0,
    });
  });

  test("leftoverMs: removes what a writer left behind after a day, and leaves strange files alone", async () => {
    const { cache } = await agedCache();
    const [old, fresh] = [".writing-1-old", ".writing-1-fresh"].map((name) =>
      join(cache.folder, name),
    ) as [string, string];
    for (const path of [old, fresh, join(cache.folder, "notes.txt")]) await writeFile(path, "");
    await utimes(old, 0, (now - day - 1000) / 1000);
    await utimes(fresh, 0, (now - day + 1000) / 1000);
    await cache.prune({ maxBytes: 0 });
    expect((await readdir(cache.folder)).sort()).toEqual([".writing-1-fresh", "notes.txt", "uses"]);
  });

  test("foreignUseMs: another machine's use holds for a day", async () => {
    const { cache, digests } = await agedCache();
    const [digest = "sha256:"] = digests;
    const use = join(
      cache.folder,
      "uses",
      `${digest.replace(":", "-")}.${"0".repeat(12)}.4242.${"0".repeat(16)}`,
    );
    await writeFile(use, "");
    await utimes(use, 0, (now - day + 1000) / 1000);
    expect((await cache.prune({ maxBytes: 0 })).removed).toEqual(digests.slice(1));
    await utimes(use, 0, (now - day - 1000) / 1000);
    expect((await cache.prune({ maxBytes: 0 })).removed).toEqual([digest]);
  });
});
