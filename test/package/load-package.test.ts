import { describe, expect, it } from "vitest";
import { forgeArchive } from "../../fixtures/packages/forge.ts";
import { encodeUtf8 } from "../../src/bytes.ts";
import { packageLimits } from "../../src/limits.ts";
import { createLoadPackage, createReadPackage } from "../../src/package/load-package.ts";
import type { PluginPackage } from "../../src/package/package.types.ts";
import { readSource as browserSource } from "../../src/package/read-source.browser.ts";

const manifest = `schema_version = 1
id = "example.echo"
name = "Echo"
version = "1.0.0"
[[tools]]
name = "echo"
description = "Echoes"
input_schema = { type = "object" }
`;
const archive = forgeArchive({
  entries: [
    { name: "plugin.toml", content: manifest, method: 8 },
    { name: "data/b", content: "second" },
    { name: "data/a", content: "first" },
  ],
});

const loadPackage = createLoadPackage(browserSource);
const readPackage = createReadPackage(browserSource);

describe("what a package is loaded from makes no difference", () => {
  it("bytes, a buffer, a Blob and files give one digest", async () => {
    const inputs = [
      archive,
      Buffer.from(archive),
      archive.buffer,
      new Blob([archive]),
      { "plugin.toml": manifest, "data/a": "first", "data/b": encodeUtf8("second") },
      new Map([
        ["data/a", "first"],
        ["data/b", "second"],
        ["plugin.toml", manifest],
      ]),
      Object.assign(Object.create(null), {
        "plugin.toml": manifest,
        "data/a": "first",
        "data/b": "second",
      }) as Record<string, string>,
    ];
    const packages = await Promise.all(inputs.map((input) => loadPackage(input)));
    expect(new Set(packages.map((plugin) => plugin.digest)).size).toBe(1);
    expect(packages.map((plugin) => plugin.archiveBytes)).toEqual([
      ...Array.from({ length: 4 }, () => archive.length),
      ...[undefined, undefined, undefined],
    ]);
  });

  it("a view of a larger buffer is only what it shows", async () => {
    const larger = new Uint8Array(archive.length + 20);
    larger.set(archive, 10);
    const plugin = await loadPackage(larger.subarray(10, 10 + archive.length));
    expect(plugin.archiveBytes).toBe(archive.length);
  });
});

describe("a loaded package", () => {
  it("knows who it is", async () => {
    const plugin = await loadPackage(archive, { source: "user" });
    expect(plugin.identity).toEqual({
      ref: "user:example.echo",
      source: "user",
      id: "example.echo",
      version: "1.0.0",
      digest: plugin.digest,
    });
    expect(plugin.surfaces).toEqual(["tool"]);
    expect((await loadPackage(archive)).identity.source).toBe("project");
  });

  it("lists its files in the byte order of their paths", async () => {
    const { files } = await loadPackage(archive);
    expect([...files]).toEqual([
      ["data/a", { path: "data/a", size: 5 }],
      ["data/b", { path: "data/b", size: 6 }],
      ["plugin.toml", { path: "plugin.toml", size: manifest.length }],
    ]);
    expect([files.size, files.has("data/a"), files.get("data/b")?.size]).toEqual([3, true, 6]);
    const seen: string[] = [];
    files.forEach((_, path, map) => {
      seen.push(path);
      expect(map).toBe(files);
    });
    expect(seen).toEqual([...files.keys()]);
    expect([...files.values()].map((file) => file.path)).toEqual(seen);
  });

  it("can't be changed by anyone who holds it", async () => {
    const source = archive.slice();
    const plugin = await loadPackage(source);
    const before = plugin.readFile("data/a");
    source.fill(0);
    plugin.readFile("data/a").fill(0);
    expect(plugin.readFile("data/a")).toEqual(before);

    const write = (change: () => unknown) => expect(change).toThrow(TypeError);
    write(() => Object.assign(plugin, { digest: "sha256:0" }));
    write(() => Object.assign(plugin.identity, { ref: "builtin:other" }));
    write(() => Object.assign(plugin.manifest, { permissions: [] }));
    write(() => (plugin.manifest.tools as unknown[]).push({}));
    write(() => (plugin.surfaces as string[]).push("hook"));
    write(() => Map.prototype.set.call(plugin.files, "x", {}));
    write(() => Object.assign(plugin.files, { get: () => undefined }));
    write(() => Object.assign(plugin.files.get("data/a") as object, { size: 0 }));
  });

  it("keeps nothing of files that were passed", async () => {
    const data = encodeUtf8("first");
    const plugin = await loadPackage({ "plugin.toml": manifest, data });
    data.fill(0);
    expect(new TextDecoder().decode(plugin.readFile("data"))).toBe("first");
  });

  it("has no file but its own", async () => {
    const plugin = await loadPackage(archive);
    for (const path of ["data", "data/", "./plugin.toml", "__proto__", "toString"]) {
      expect(() => plugin.readFile(path)).toThrow(
        expect.objectContaining({ code: "archive/missing" }),
      );
    }
  });
});

describe("files in memory undergo what an archive undergoes", () => {
  it.each<[string, Record<string, string>, string]>([
    ["no manifest", { a: "" }, "archive/missing"],
    ["unsafe paths", { "plugin.toml": manifest, "../a": "" }, "archive/traversal"],
    ["collisions", { "plugin.toml": manifest, "PLUGIN.toml": "" }, "archive/duplicate"],
    ["bad manifests", { "plugin.toml": "" }, "manifest/malformed"],
  ])("%s", async (_, files, code) => {
    await expect(loadPackage(files)).rejects.toMatchObject({ code });
  });

  it("bounds", async () => {
    const files = { "plugin.toml": manifest, a: "four" };
    const size = manifest.length;
    const bounds = { entries: 2, entryBytes: size, expandedBytes: size + 4, pathBytes: 11 };
    await loadPackage(files, { limits: bounds });
    for (const [name, value] of Object.entries(bounds)) {
      await expect(
        loadPackage(files, { limits: { ...bounds, [name]: value - 1 } }),
        name,
      ).rejects.toMatchObject({ code: "archive/bounds" });
    }
    await loadPackage(files, { limits: { manifestBytes: size } });
    await expect(loadPackage(files, { limits: { manifestBytes: size - 1 } })).rejects.toMatchObject(
      { code: "manifest/bounds" },
    );
  });

  it("an archive's size is looked at before it is copied", async () => {
    const limits = { packageBytes: archive.length };
    for (const input of [archive, archive.buffer, new Blob([archive])]) {
      await loadPackage(input, { limits });
      await expect(
        loadPackage(input, { limits: { packageBytes: archive.length - 1 } }),
      ).rejects.toMatchObject({ code: "archive/bounds" });
    }
    const endless = { size: 2 ** 40, arrayBuffer: () => Promise.reject(new Error("was read")) };
    await expect(loadPackage(endless as unknown as Blob)).rejects.toMatchObject({
      code: "archive/bounds",
    });
  });
});

describe("[load/noise] an artifact of the largest size", () => {
  it("is loaded promptly, noise or not", async () => {
    const words = new Uint32Array(packageLimits.entryBytes.default / 4);
    for (let at = 0, state = 1; at < words.length; at += 1) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      words[at] = state;
    }
    const noise = new Uint8Array(words.buffer);
    const text = `${manifest}[runtime]
kind = "wasm-component"
world = "yoi:plugin/tool@1.0.0"
component = "noise.wasm"
`;
    const started = performance.now();
    const plugin = await loadPackage({ "plugin.toml": text, "noise.wasm": noise });
    expect(plugin.files.get("noise.wasm")?.size).toBe(noise.length);
    expect(performance.now() - started).toBeLessThan(5000);
    const over = new Uint8Array(noise.length + 1);
    await expect(loadPackage({ "plugin.toml": text, "noise.wasm": over })).rejects.toMatchObject({
      code: "archive/bounds",
    });
  });
});

describe("a misuse", () => {
  it.each([
    ...[undefined, null, 7, true, [], ["plugin.toml"], () => archive, Symbol("x")],
    ...[new Uint16Array(4), new DataView(new ArrayBuffer(4)), new Date(0)],
    ...[{ "plugin.toml": 7 }, { "plugin.toml": null }],
  ])("%s is no source of a package", async (input) => {
    await expect(loadPackage(input as unknown as PluginPackage["manifest"]["id"])).rejects.toThrow(
      expect.objectContaining({ code: "options/invalid" }),
    );
  });

  it("of the options is named", async () => {
    const source = "system" as unknown as "user";
    await expect(loadPackage(archive, { source })).rejects.toMatchObject({
      code: "options/invalid",
    });
    await expect(loadPackage(archive, { limits: { entries: 0 } })).rejects.toThrow(/entries/u);
    const limits = { unknown: 1 } as unknown as { entries: number };
    await expect(loadPackage(archive, { limits })).rejects.toThrow(/no limit named "unknown"/u);
  });

  it("a path where there are no files says what to do instead", async () => {
    await expect(loadPackage("weather.yoi-plugin")).rejects.toThrow(/fetch the package and pass/u);
  });

  it("a Blob that can't be read is an unreadable source", async () => {
    const broken = { size: 10, arrayBuffer: () => Promise.reject(new Error("gone")) };
    await expect(loadPackage(broken as unknown as Blob)).rejects.toMatchObject({
      code: "archive/io",
    });
  });
});

describe("a signal", () => {
  it("that has fired ends the loading before anything is read", async () => {
    const signal = AbortSignal.abort(new Error("the user left"));
    await expect(loadPackage(archive, { signal })).rejects.toMatchObject({
      code: "runtime/aborted",
      cause: signal.reason,
    });
    await expect(readPackage(archive, { signal })).rejects.toMatchObject({
      code: "runtime/aborted",
    });
  });

  it("that fires while a Blob is read ends the loading", async () => {
    const controller = new AbortController();
    const slow = {
      size: archive.length,
      arrayBuffer: async () => {
        controller.abort();
        return archive.buffer;
      },
    };
    await expect(
      loadPackage(slow as unknown as Blob, { signal: controller.signal }),
    ).rejects.toMatchObject({ code: "runtime/aborted" });
  });
});

describe("reading instead of loading", () => {
  it("gives a defect as a value, with what is known of the package", async () => {
    const reading = await readPackage({ "plugin.toml": manifest.replace("1.0.0", " "), a: "x" });
    expect(reading).toMatchObject({
      ok: false,
      diagnostic: { code: "manifest/malformed", phase: "manifest" },
      facts: { source: "project", ref: "project:example.echo" },
    });
    expect(reading.facts.digest).toMatch(/^sha256:[0-9a-f]{64}$/u);
    expect([...(reading.facts.files?.keys() ?? [])]).toEqual(["a", "plugin.toml"]);
  });

  it("knows of a broken archive only its size", async () => {
    const reading = await readPackage(archive.subarray(1));
    expect(reading).toEqual({
      ok: false,
      diagnostic: expect.objectContaining({ code: "archive/malformed", phase: "discovery" }),
      facts: { source: "project", archiveBytes: archive.length - 1 },
    });
  });

  it("gives the package when there is none", async () => {
    const reading = await readPackage(archive, { source: "builtin" });
    expect(reading.ok && reading.package.identity.ref).toBe("builtin:example.echo");
    expect(reading.facts.ref).toBe("builtin:example.echo");
  });
});
