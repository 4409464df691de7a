import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  extraField,
  type ForgedArchive,
  forgeArchive,
  unicodePath,
} from "../../fixtures/packages/forge.ts";
import { readArchive } from "../../src/archive/archive.ts";
import { isPluginError } from "../../src/errors.ts";
import { defaultLimits, type PackageLimits, packageLimits } from "../../src/limits.ts";

const limits = defaultLimits(packageLimits);

function read(
  archive: ForgedArchive | Uint8Array<ArrayBuffer>,
  other: Partial<PackageLimits> = {},
) {
  const bytes = archive instanceof Uint8Array ? archive : forgeArchive(archive);
  return readArchive(bytes, { ...limits, ...other });
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isPluginError(error)) return error.code;
    throw error;
  }
  return "accepted";
}

const zeros = (count: number) => new Uint8Array(count);

describe("[load/bounded] each bound holds at its number and not one past it", () => {
  it("packageBytes", () => {
    const bytes = forgeArchive({ entries: [{ name: "a", content: "x" }] });
    expect(read(bytes, { packageBytes: bytes.length }).size).toBe(1);
    expect(codeOf(() => read(bytes, { packageBytes: bytes.length - 1 }))).toBe("archive/bounds");
  });

  it("entries", () => {
    const entries = Array.from({ length: 3 }, (_, index) => ({ name: `f${index}` }));
    expect(read({ entries }, { entries: 3 }).size).toBe(3);
    expect(codeOf(() => read({ entries }, { entries: 2 }))).toBe("archive/bounds");
  });

  it("entryBytes, stored and deflated", () => {
    for (const method of [0, 8]) {
      const archive = { entries: [{ name: "a", content: zeros(1000), method }] };
      expect(read(archive, { entryBytes: 1000 }).get("a")?.length).toBe(1000);
      expect(codeOf(() => read(archive, { entryBytes: 999 }))).toBe("archive/bounds");
    }
  });

  it("expandedBytes, over all entries", () => {
    const archive = {
      entries: ["a", "b", "c"].map((name) => ({ name, content: zeros(100), method: 8 })),
    };
    expect(read(archive, { expandedBytes: 300 }).size).toBe(3);
    expect(codeOf(() => read(archive, { expandedBytes: 299 }))).toBe("archive/bounds");
  });

  it("expansionRatio past expansionFloorBytes, and only past it", () => {
    const archive = { entries: [{ name: "a", content: zeros(200_000), method: 8 }] };
    expect(read(archive, { expansionFloorBytes: 200_000 }).size).toBe(1);
    expect(codeOf(() => read(archive, { expansionFloorBytes: 199_999 }))).toBe("archive/bounds");

    const exact = { name: "a", size: 100, packedSize: 10, content: "" };
    const atRatio = { ...limits, expansionFloorBytes: 50, expansionRatio: 10 };
    // Its data is no DEFLATE stream, which is found after the ratio.
    expect(codeOf(() => read({ entries: [{ ...exact, method: 8 }] }, atRatio))).toBe(
      "archive/malformed",
    );
    expect(codeOf(() => read({ entries: [{ ...exact, method: 8, size: 101 }] }, atRatio))).toBe(
      "archive/bounds",
    );
  });

  it("pathBytes, in UTF-8", () => {
    const archive = { entries: [{ name: "é".repeat(5) }] };
    expect(read(archive, { pathBytes: 10 }).size).toBe(1);
    expect(codeOf(() => read(archive, { pathBytes: 9 }))).toBe("archive/bounds");
  });
});

describe("[load/bounded] a lie about sizes costs no more than what was stated", () => {
  it("a stream of 10 GB that states 1 MiB ends at 1 MiB", () => {
    const megabyte = { name: "a", content: zeros(1024 * 1024), method: 8 };
    const [, stream] = deflatedTenGigabytes();
    const archive = forgeArchive({ entries: [{ ...megabyte, data: stream }] });
    expect(archive.length).toBeGreaterThan(9_000_000);
    const before = process.memoryUsage();
    const started = performance.now();
    expect(codeOf(() => read(archive))).toBe("archive/malformed");
    const after = process.memoryUsage();
    expect(performance.now() - started).toBeLessThan(3000);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(4 * 1024 * 1024);
  });

  it("a stream of 10 GB that states 10 GB is not begun", () => {
    const [size, data] = deflatedTenGigabytes();
    const archive = { entries: [{ name: "a", method: 8, data, size: size % 2 ** 32 }] };
    expect(codeOf(() => read(archive))).toBe("archive/bounds");
  });

  it("overlapping files never share a stream", () => {
    const stream = { name: "a", content: zeros(1_000_000), method: 8 };
    const again = Array.from({ length: 50 }, (_, index) => ({
      ...stream,
      name: `a${index}`,
      local: false as const,
      offset: 0,
    }));
    expect(codeOf(() => read({ entries: [stream, ...again] }))).toBe("archive/malformed");
  });
});

describe("names from an archive are only names", () => {
  it("__proto__ and constructor are files like others", () => {
    const files = read({
      entries: ["__proto__", "constructor", "a/__proto__/b"].map((name) => ({
        name,
        content: name,
      })),
    });
    expect([...files.keys()]).toEqual(["__proto__", "constructor", "a/__proto__/b"]);
    expect(({} as Record<string, unknown>).b).toBeUndefined();
  });

  it("a name is UTF-8 with and without the flag that says so", () => {
    for (const flags of [0, 0x0800]) {
      expect([...read({ entries: [{ name: "über/é.txt", flags }] }).keys()]).toEqual([
        "über/é.txt",
      ]);
    }
  });

  it("names that no file system takes for one stand side by side", () => {
    const names = ["a", "aa", "b/a", "b-a", "b a", "con", "nul.txt", "a:b:c", ". .", "..."];
    const accepted = names.filter(
      (name) => codeOf(() => read({ entries: [{ name }] })) === "accepted",
    );
    // A letter and a colon are a drive.
    expect(accepted).toEqual(names.filter((name) => name !== "a:b:c"));
    expect(read({ entries: accepted.map((name) => ({ name })) }).size).toBe(accepted.length);
  });
});

describe("what ordinary tools write is read", () => {
  it("a stored entry without checksum, as the reference writes it", () => {
    const entries = [{ name: "a", content: "x", crc: 0 }];
    expect(read({ entries }).get("a")).toEqual(Uint8Array.of(120));
  });

  it("folders are left out, whatever their method", () => {
    const entries = [
      { name: "a/" },
      { name: "a/b/", mode: 0o040755 },
      { name: "c/", method: 8 },
      { name: "a/b/x", content: "x" },
    ];
    expect([...read({ entries }).keys()]).toEqual(["a/b/x"]);
  });

  it("a comment, extra fields, padding and levels of compression", () => {
    const files = read({
      entries: [
        {
          name: "é",
          content: "x",
          extra: Uint8Array.from([
            ...extraField(0x5455, new Uint8Array(5)),
            ...unicodePath("é", "é"),
            ...[0, 0, 0],
          ]),
          local: { extra: extraField(0xcafe, new Uint8Array()) },
        },
        { name: "b", content: zeros(100), method: 8, flags: 0x0806, comment: Uint8Array.of(65) },
      ],
      comment: new TextEncoder().encode("made by hand"),
    });
    expect([...files.keys()]).toEqual(["é", "b"]);
  });

  it("an archive inside an archive, its end record close to the outer one", () => {
    const inner = forgeArchive({ entries: [{ name: "a" }] });
    expect(read({ entries: [{ name: "inner.zip", content: inner }] }).get("inner.zip")).toEqual(
      inner,
    );
  });

  it("the entries in another order than their bytes", () => {
    const first = { name: "a", content: "x" };
    const archive = forgeArchive({ entries: [first, { name: "b", content: "y" }] });
    const start = archive.length - 22 - 2 * 47;
    const swapped = archive.slice();
    swapped.set(archive.subarray(start + 47, start + 94), start);
    swapped.set(archive.subarray(start, start + 47), start + 47);
    expect([...read(swapped).keys()]).toEqual(["b", "a"]);
  });
});

describe("the order of the checks is the reference's", () => {
  it.each([
    ["a path before everything else", { name: "../a", flags: 1 }, "archive/traversal"],
    ["encryption before links", { name: "a", flags: 1, mode: 0o120777 }, "archive/malformed"],
    ["links before methods", { name: "a", mode: 0o120777, method: 14 }, "archive/traversal"],
    ["methods before sizes", { name: "a", method: 14, size: 2 ** 30 }, "archive/api"],
    ["sizes before headers", { name: "a", size: 2 ** 30, local: false }, "archive/bounds"],
  ] as const)("%s", (_, entry, code) => {
    expect(codeOf(() => read({ entries: [entry] }))).toBe(code);
  });
});

/** @returns How many bytes come out, and the 10 MB that go in. */
function deflatedTenGigabytes(): [number, Uint8Array] {
  const mebibyte = deflateRawSync(zeros(1024 * 1024), { finishFlush: constants.Z_FULL_FLUSH });
  const times = 10_000;
  return [times * 1024 * 1024, new Uint8Array(Buffer.alloc(mebibyte.length * times, mebibyte))];
}
