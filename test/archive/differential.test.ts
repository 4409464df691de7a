import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as yauzl from "yauzl";
import { forgeArchive } from "../../fixtures/packages/forge.ts";
import { readArchive, writeArchive } from "../../src/archive/archive.ts";
import { isPluginError } from "../../src/errors.ts";
import { defaultLimits, packageLimits } from "../../src/limits.ts";
import { damagedArchives, ordinaryArchives } from "./archive-variants.ts";
import { packableFiles } from "./packable-files.ts";

const limits = defaultLimits(packageLimits);
type Files = ReadonlyMap<string, Uint8Array>;

function ours(archive: Uint8Array<ArrayBuffer>): Files | undefined {
  try {
    return readArchive(archive, limits);
  } catch (error) {
    if (isPluginError(error) && /^archive\/[a-z]+$/u.test(error.code)) return undefined;
    throw error;
  }
}

async function theirs(archive: Uint8Array): Promise<Files> {
  const zip = await yauzl.fromBufferPromise(Buffer.from(archive), { strictFileNames: true });
  const files = new Map<string, Uint8Array>();
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName.endsWith("/")) continue;
    files.set(entry.fileName, await buffer(await zip.openReadStreamPromise(entry)));
  }
  return files;
}

function expectSame(mine: Files, other: Files): void {
  expect([...mine.keys()].sort()).toEqual([...other.keys()].sort());
  for (const [path, content] of mine) {
    expect(Buffer.compare(content, other.get(path) ?? Buffer.from("absent")), path).toBe(0);
  }
}

/** @returns Whether a program is on this machine. */
function isHere(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore" }).error === undefined;
}

describe("[load/archive-hostile] this reader and yauzl", () => {
  it("find the same files in ordinary archives", async () => {
    await fc.assert(
      fc.asyncProperty(ordinaryArchives, async (archive) => {
        const bytes = forgeArchive(archive);
        expectSame(readArchive(bytes, limits), await theirs(bytes));
      }),
      { numRuns: 150 },
    );
  });

  it("find the same files in damaged archives, where this one accepts them at all", async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(damagedArchives, async (bytes) => {
        const mine = ours(bytes);
        if (mine === undefined) return;
        accepted += 1;
        expectSame(mine, await theirs(bytes));
      }),
      { numRuns: 2500 },
    );
    expect(accepted).toBeGreaterThan(20);
  });

  it("agree on what this library packs", async () => {
    await fc.assert(
      fc.asyncProperty(packableFiles, fc.boolean(), async (files, compress) => {
        expectSame(files, await theirs(writeArchive(files, { compress, limits })));
      }),
      { numRuns: 60 },
    );
  });
});

describe("noise", () => {
  it("is refused with a code of this room", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
        expect(ours(new Uint8Array(noise))).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });
});

const packed = fileURLToPath(new URL("../../fixtures/packages/ok/", import.meta.url));

/** What stands for a program that is not on this machine: what it packed elsewhere. */
function expectPackedElsewhere(by: RegExp): void {
  const names = readdirSync(packed).filter((name) => by.test(name));
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    const files = readArchive(new Uint8Array(readFileSync(join(packed, name))), limits);
    expect([...files.keys()]).toContain("plugin.toml");
  }
}

describe("programs", () => {
  let folder: string;
  const archives = new Map<string, Files>();

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "yoi-archives-"));
    const samples = [
      ...fc.sample(ordinaryArchives, { numRuns: 40, seed: 1 }).map(forgeArchive),
      ...fc
        .sample(packableFiles, { numRuns: 20, seed: 2 })
        .flatMap((files) => [true, false].map((compress) => ({ files, compress })))
        .map(({ files, compress }) => writeArchive(files, { compress, limits })),
      ...fc.sample(damagedArchives, { numRuns: 1500, seed: 3 }),
    ];
    for (const [index, bytes] of samples.entries()) {
      const files = ours(bytes);
      // Without entries, unzip warns; without a checksum, both complain, and are right.
      if (files === undefined || files.size === 0 || hasNoChecksum(bytes, files)) continue;
      archives.set(`${index}.zip`, files);
      writeFileSync(join(folder, `${index}.zip`), bytes);
    }
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it(
    isHere("python3", "--version")
      ? "Python's zipfile finds the same files"
      : "python3 is not here; what its zipfile packed elsewhere is read",
    () => {
      if (!isHere("python3", "--version")) return expectPackedElsewhere(/^python/u);
      const script = `
import json, os, sys, zipfile
found = {}
for name in os.listdir(sys.argv[1]):
    with zipfile.ZipFile(os.path.join(sys.argv[1], name)) as zip:
        found[name] = {i.filename: zip.read(i).hex() for i in zip.infolist() if not i.is_dir()}
json.dump(found, sys.stdout)
`;
      const run = spawnSync("python3", ["-c", script, folder], { maxBuffer: 2 ** 28 });
      expect(run.stderr.toString()).toBe("");
      const found = JSON.parse(run.stdout.toString()) as Record<string, Record<string, string>>;
      expect(Object.keys(found).length).toBe(archives.size);
      for (const [name, files] of archives) {
        const other = Object.entries(found[name] ?? {});
        expectSame(files, new Map(other.map(([path, hex]) => [path, Buffer.from(hex, "hex")])));
      }
    },
  );

  it(
    isHere("unzip", "-v")
      ? "unzip finds nothing to complain about"
      : "unzip is not here; what Info-ZIP packed elsewhere is read",
    () => {
      if (!isHere("unzip", "-v")) return expectPackedElsewhere(/^info-zip/u);
      expect(archives.size).toBeGreaterThan(50);
      for (const name of archives.keys()) {
        const run = spawnSync("unzip", ["-tq", join(folder, name)]);
        expect(run.stdout.toString() + run.stderr.toString(), name).toMatch(/^No errors detected/u);
      }
    },
  );
});

/** Whether some entry has content and the checksum 0, which this reader takes from the reference. */
function hasNoChecksum(archive: Uint8Array, files: Files): boolean {
  const view = new DataView(archive.buffer, archive.byteOffset);
  for (let at = 0; at + 46 <= archive.length; at += 1) {
    const isRecord = view.getUint32(at, true) === 0x02014b50;
    if (isRecord && view.getUint32(at + 16, true) === 0 && view.getUint32(at + 24, true) > 0) {
      return files.size > 0;
    }
  }
  return false;
}
