import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packageDigest } from "../../src/package/load-package.ts";
import { packableFiles } from "../archive/packable-files.ts";

const manifest = { "plugin.toml": "schema_version = 1\n" };

/** The digest as reference §2 describes it, written down a second time. */
function describedDigest(files: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash("sha256").update("yoi-plugin-package-digest-v1\0");
  const names = [...files.keys()].map((name) => Buffer.from(name)).sort(Buffer.compare);
  for (const name of names) {
    const content = files.get(name.toString()) ?? new Uint8Array();
    const size = Buffer.alloc(8);
    size.writeBigUInt64BE(BigInt(content.length));
    const inner = createHash("sha256").update(content).digest();
    hash.update(name).update("\0").update(size).update(inner);
  }
  return `sha256:${hash.digest("hex")}`;
}

describe("[load/digest-vectors] the digest of a package", () => {
  it.each([
    ["no files", {}, "1d22f437233d2727ae9ddf72c696fb0c435349ba05498b7dbe840c25e790c3f4"],
    ["a manifest", manifest, "a1c89a9c52258f8ede60750d4a6dcd3ffd71d912b5354aad865adbdb5b96947e"],
    [
      "paths that a separator orders",
      { ...manifest, "a/b.txt": "x", "a.txt": "", "a-b": "y" },
      "b851476d35a3de8421f9173c2c759968a66f592e2edab0e1fe7a8381a80c9be7",
    ],
    [
      "paths that UTF-16 orders otherwise",
      { ...manifest, "\uff5e.txt": "1", "\u{1f600}.txt": "2" },
      "1acd156a93d8f18ef6625e44cc82ff6e87472053d915876474ae0b4da9466b17",
    ],
  ])("is the reference's for %s", async (_, files, digest) => {
    expect(await packageDigest(files)).toBe(`sha256:${digest}`);
  });

  it("is what is described, for any files", async () => {
    await fc.assert(
      fc.asyncProperty(packableFiles, async (files) => {
        expect(await packageDigest(files)).toBe(describedDigest(files));
      }),
      { numRuns: 60 },
    );
  });

  it("is the same for text and bytes, records and maps, in any order", async () => {
    const digest = await packageDigest({ a: "1", b: "é" });
    expect(await packageDigest({ b: Uint8Array.of(0xc3, 0xa9), a: "1" })).toBe(digest);
    expect(
      await packageDigest(
        new Map([
          ["b", "é"],
          ["a", "1"],
        ]),
      ),
    ).toBe(digest);
  });

  it("tells a path's end from its content's start", async () => {
    expect(await packageDigest({ ab: "c" })).not.toBe(await packageDigest({ a: "bc" }));
    expect(await packageDigest({ a: "", b: "" })).not.toBe(await packageDigest({ a: "b" }));
  });

  it("is refused for files that are no package", async () => {
    await expect(packageDigest({ "../a": "" })).rejects.toMatchObject({
      code: "archive/traversal",
    });
    await expect(packageDigest({ a: "", A: "" })).rejects.toMatchObject({
      code: "archive/duplicate",
    });
  });
});
