import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readArchive, writeArchive } from "../../src/archive/archive.ts";
import { encodeUtf8, toHex } from "../../src/bytes.ts";
import { defaultLimits, packageLimits } from "../../src/limits.ts";
import { packableFiles } from "./packable-files.ts";

const limits = defaultLimits(packageLimits);

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** The reference writes no checksums; the vectors are of archives without them. */
function withoutChecksums(archive: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const copy = archive.slice();
  const view = new DataView(copy.buffer);
  for (let at = 0; at + 4 <= copy.length; at += 1) {
    if (view.getUint32(at, true) === 0x04034b50) view.setUint32(at + 14, 0);
    if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 16, 0);
  }
  return copy;
}

function write(files: Record<string, string>, compress = false) {
  const contents = Object.entries(files).map(([path, text]) => [path, encodeUtf8(text)] as const);
  return writeArchive(new Map(contents), { compress, limits });
}

const manifest = { "plugin.toml": "schema_version = 1\n" };
const four = { ...manifest, "a/b.txt": "x", "a.txt": "", "a-b": "y" };

describe("[load/digest-vectors] writing an archive", () => {
  it.each([
    ["one file", manifest, 139, "31fa9c3cadafaff14e5295ad6a9248e58cc3fdf956dd42b6c6660c5bf8a6dc12"],
    ["four files", four, 399, "cb842cc5a23d94979212c33ebe3b324b5740163f33a4201c5c66b7aa7c082258"],
  ])("gives the reference's bytes but for the checksums: %s", async (_, files, size, digest) => {
    const archive = write(files);
    expect(archive.length).toBe(size);
    expect(await sha256(archive)).not.toBe(digest);
    expect(await sha256(withoutChecksums(archive))).toBe(digest);
  });

  it("gives the same bytes whatever the order of the files", () => {
    const reversed = Object.fromEntries(Object.entries(four).reverse());
    expect(write(reversed)).toEqual(write(four));
  });

  it("orders entries by the bytes of their paths, not by UTF-16", () => {
    const archive = write({ "\u{1f600}.txt": "2", "\uff5e.txt": "1" });
    expect([...readArchive(archive, limits).keys()]).toEqual(["\uff5e.txt", "\u{1f600}.txt"]);
  });

  it("gives the same compressed bytes as ever", async () => {
    const archive = write({ ...four, "long.txt": "the same words again ".repeat(1000) }, true);
    expect(archive.length).toBe(581);
    expect(await sha256(archive)).toBe(
      "ad4b4d40e6ce98b3b92d66dacc7c2b382a273067edc300dc1ff88fcbcb5281b7",
    );
  });

  it("is undone by reading, compressed or not", () => {
    fc.assert(
      fc.property(packableFiles, fc.boolean(), (files, compress) => {
        const read = readArchive(writeArchive(files, { compress, limits }), limits);
        expect([...read.keys()].sort()).toEqual([...files.keys()].sort());
        for (const [path, content] of files) {
          expect(Buffer.compare(read.get(path) ?? Buffer.from("absent"), content), path).toBe(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("stores what would shrink more than a reader accepts", () => {
    const files = new Map([["zeros", new Uint8Array(limits.expansionFloorBytes + 1)]]);
    const archive = writeArchive(files, { compress: true, limits });
    expect(archive.length).toBeGreaterThan(limits.expansionFloorBytes);
    expect(readArchive(archive, limits).get("zeros")?.length).toBe(limits.expansionFloorBytes + 1);
  });
});
