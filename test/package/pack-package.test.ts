import { describe, expect, it } from "vitest";
import { createLoadPackage, packageDigest } from "../../src/package/load-package.ts";
import { createPackPackage } from "../../src/package/pack-package.ts";
import { readSource } from "../../src/package/read-source.browser.ts";

const loadPackage = createLoadPackage(readSource);
const packPackage = createPackPackage(readSource);

const files = {
  "plugin.toml": 'schema_version = 1\nid = "example.echo"\nname = "Echo"\nversion = "1"\n',
  "long.txt": "the same words again ".repeat(500),
  "dist/kept.txt": "files in memory are all packed",
  ".yoiignore": "*.txt",
};

describe("packing files", () => {
  it("gives the same bytes on every run, and one digest with them", async () => {
    const [one, two] = [
      await packPackage(files),
      await packPackage(new Map(Object.entries(files))),
    ];
    expect(one).toEqual(two);
    const plugin = await loadPackage(one);
    expect(plugin.digest).toBe(await packageDigest(files));
    expect([...plugin.files.keys()]).toEqual([...Object.keys(files)].sort());
  });

  it("compresses when asked to, which does not change the digest", async () => {
    const [stored, compressed] = [
      await packPackage(files),
      await packPackage(files, { compress: true }),
    ];
    expect(compressed.length).toBeLessThan(stored.length / 5);
    expect((await loadPackage(compressed)).digest).toBe((await loadPackage(stored)).digest);
  });

  it("refuses what could not be loaded again", async () => {
    const code = (promise: Promise<unknown>) =>
      promise.then(
        () => "packed",
        (error) => (error as { code: string }).code,
      );
    expect(await code(packPackage({ a: "" }))).toBe("archive/missing");
    expect(await code(packPackage({ "plugin.toml": "" }))).toBe("manifest/malformed");
    expect(await code(packPackage({ ...files, "/a": "" }))).toBe("archive/traversal");
    expect(await code(packPackage({ ...files, "Long.txt": "" }))).toBe("archive/duplicate");
    expect(await code(packPackage(files, { limits: { entries: 3 } }))).toBe("archive/bounds");
    expect(await code(packPackage(files, { limits: { packageBytes: 1000 } }))).toBe(
      "archive/bounds",
    );
    expect(await code(packPackage(new Uint8Array(3) as unknown as typeof files))).toBe(
      "options/invalid",
    );
    expect(await code(packPackage(null as unknown as typeof files))).toBe("options/invalid");
    expect(await code(packPackage("folder"))).toBe("options/unsupported");
    expect(await code(packPackage(files, { signal: AbortSignal.abort() }))).toBe("runtime/aborted");
  });
});
