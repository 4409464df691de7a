import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { directoryLimits } from "../../src/limits.ts";
import { createLoadPackage, createReadPackage } from "../../src/package/load-package.ts";
import { createPackPackage } from "../../src/package/pack-package.ts";
import { readSource } from "../../src/package/read-source.node.ts";

const loadPackage = createLoadPackage(readSource);
const readPackage = createReadPackage(readSource);
const packPackage = createPackPackage(readSource);

const manifest = 'schema_version = 1\nid = "example.echo"\nname = "Echo"\nversion = "1"\n';
let root: string;
let plugin: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "yoi-source-"));
  plugin = join(root, "plugin");
  write("plugin.toml", manifest);
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(join(plugin, path, ".."), { recursive: true });
  writeFileSync(join(plugin, path), content);
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "accepted",
    (error) => (error as { code: string }).code,
  );
}

async function listen(path: string): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return server;
}

describe("a directory and its package", () => {
  it("have one digest, whatever packing leaves out", async () => {
    write("data/é.json", "{}");
    write("empty", "");
    write(".hidden", "x");
    write("node_modules/a/index.js", "x");
    write("dist/plugin.wasm", "x");
    write("old.yoi-plugin", "x");
    write("notes/secret.txt", "x");
    write(".yoiignore", "notes/\n");
    mkdirSync(join(plugin, "nothing/in/it"), { recursive: true });
    const packed = await packPackage(plugin);
    const [fromDirectory, fromArchive] = [await loadPackage(plugin), await loadPackage(packed)];
    expect(fromDirectory.digest).toBe(fromArchive.digest);
    expect([...fromDirectory.files.keys()]).toEqual([
      ...[".hidden", ".yoiignore", "data/é.json", "empty", "plugin.toml"],
    ]);
    expect(await packPackage(pathToFileURL(plugin))).toEqual(packed);
  });

  it("are read by path, URL, and the text of a URL", async () => {
    const archive = join(root, "a b.yoi-plugin");
    writeFileSync(archive, await packPackage(plugin));
    const { digest } = await loadPackage(plugin);
    for (const path of [plugin, archive]) {
      const url = pathToFileURL(path);
      for (const source of [path, url, url.href]) {
        expect((await loadPackage(source)).digest).toBe(digest);
      }
    }
    expect(await codeOf(packPackage(archive))).toBe("options/invalid");
  });
});

describe("links", () => {
  it("to the package are the host's word", async () => {
    symlinkSync(plugin, join(root, "link"));
    writeFileSync(join(root, "file"), await packPackage(plugin));
    symlinkSync(join(root, "file"), join(root, "file-link"));
    const { digest } = await loadPackage(plugin);
    expect((await loadPackage(join(root, "link"))).digest).toBe(digest);
    expect((await loadPackage(join(root, "file-link"))).digest).toBe(digest);
  });

  it.each(["/etc/passwd", "plugin.toml", ".", "nowhere"])(
    "inside of a package are refused (to %s)",
    async (target) => {
      mkdirSync(join(plugin, "a"));
      symlinkSync(target, join(plugin, "a/link"));
      expect(await codeOf(loadPackage(plugin))).toBe("archive/traversal");
      expect(await codeOf(packPackage(plugin))).toBe("archive/traversal");
      write(".yoiignore", "link");
      expect(await codeOf(loadPackage(plugin))).toBe("accepted");
    },
  );

  it("in place of the manifest or of .yoiignore are refused", async () => {
    writeFileSync(join(root, "outside"), manifest);
    symlinkSync(join(root, "outside"), join(plugin, ".yoiignore"));
    expect(await codeOf(loadPackage(plugin))).toBe("archive/traversal");
    rmSync(join(plugin, ".yoiignore"));
    rmSync(join(plugin, "plugin.toml"));
    symlinkSync(join(root, "outside"), join(plugin, "plugin.toml"));
    expect(await codeOf(loadPackage(plugin))).toBe("archive/traversal");
  });

  it("that are hard links are files", async () => {
    linkSync(join(plugin, "plugin.toml"), join(plugin, "again"));
    expect((await loadPackage(plugin)).files.size).toBe(2);
  });
});

describe("what is neither file nor folder", () => {
  it("is never opened, in a directory or in place of an archive", async () => {
    const server = await listen(join(plugin, "socket"));
    const pipe = spawnSync("mkfifo", [join(plugin, "pipe")]);
    expect([...(await loadPackage(plugin)).files.keys()]).toEqual(["plugin.toml"]);
    expect(await codeOf(loadPackage(join(plugin, "socket")))).toBe("archive/io");
    // Where there is no mkfifo there is no pipe, which can't be read either.
    const { message } = await loadPackage(join(plugin, "pipe")).then(
      () => new Error("loaded"),
      (error: Error) => error,
    );
    expect(message).toMatch(pipe.error ? /was not found/u : /neither a file nor a directory/u);
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("what can't be read", () => {
  it("is archive/io, with a cause in plain words", async () => {
    for (const source of ["nowhere.yoi-plugin", "plugin/plugin.toml/x", "a\0b"]) {
      await expect(readPackage(join(root, source))).rejects.toMatchObject({ code: "archive/io" });
    }
    await expect(loadPackage(join(root, "nowhere"))).rejects.toThrow(/was not found\.$/u);
    await expect(loadPackage("x".repeat(5000))).rejects.toThrow(/has too long a name\.$/u);
    await expect(loadPackage("")).rejects.toMatchObject({ code: "archive/io" });
  });

  it("is not asked for over a network", async () => {
    for (const source of ["https://example.com/a.yoi-plugin", "data://x"]) {
      await expect(loadPackage(source)).rejects.toThrow(/fetch any other URL/u);
      await expect(loadPackage(new URL(source))).rejects.toThrow(/fetch any other URL/u);
    }
  });

  it("includes an archive that grows while it is read", async () => {
    const archive = join(root, "growing");
    writeFileSync(archive, await packPackage(plugin));
    let looks = 0;
    const signal = {
      get aborted() {
        // The third look is after the size was taken and before the bytes are read.
        looks += 1;
        if (looks === 3) appendFileSync(archive, "more");
        return false;
      },
    } as AbortSignal;
    await expect(loadPackage(archive, { signal })).rejects.toThrow(/changed while it was read/u);
  });
});

describe("[load/bounded] bounds are looked at before anything is read", () => {
  it("of an archive", async () => {
    const archive = join(root, "sparse");
    writeFileSync(archive, "");
    truncateSync(archive, 2 ** 40);
    const started = performance.now();
    expect(await codeOf(loadPackage(archive))).toBe("archive/bounds");
    expect(performance.now() - started).toBeLessThan(3000);
    const bytes = await packPackage(plugin);
    writeFileSync(archive, bytes);
    await loadPackage(archive, { limits: { packageBytes: bytes.length } });
    const limits = { packageBytes: bytes.length - 1 };
    expect(await codeOf(loadPackage(archive, { limits }))).toBe("archive/bounds");
  });

  it("of a directory's files, one by one and together", async () => {
    write("sparse", "");
    truncateSync(join(plugin, "sparse"), 2 ** 40);
    expect(await codeOf(loadPackage(plugin))).toBe("archive/bounds");
    truncateSync(join(plugin, "sparse"), 100);
    const size = manifest.length + 100;
    const limits = { entryBytes: 100, expandedBytes: size, entries: 2, pathBytes: 11 };
    await loadPackage(plugin, { limits });
    for (const [name, value] of Object.entries(limits)) {
      expect(
        await codeOf(loadPackage(plugin, { limits: { ...limits, [name]: value - 1 } })),
        name,
      ).toBe("archive/bounds");
    }
  });

  it("of .yoiignore", async () => {
    const most = directoryLimits.ignoreFileBytes.default;
    write(".yoiignore", "#".repeat(most));
    await loadPackage(plugin);
    write(".yoiignore", "#".repeat(most + 1));
    expect(await codeOf(loadPackage(plugin))).toBe("archive/bounds");
    write(".yoiignore", Uint8Array.of(0xff));
    expect(await codeOf(loadPackage(plugin))).toBe("archive/malformed");
  });

  it("of the files that are looked at, packed or not", async () => {
    write(".yoiignore", "*.tmp");
    const most = directoryLimits.visitedFiles.default;
    for (let at = 0; at < most - 2; at += 1) writeFileSync(join(plugin, `${at}.tmp`), "");
    await loadPackage(plugin);
    writeFileSync(join(plugin, "one-more.tmp"), "");
    await expect(loadPackage(plugin)).rejects.toThrow(/more than 20000 files/u);
  });
});

describe("names on disk", () => {
  it("that are unsafe in a package are refused", async () => {
    write("a\\b", "");
    expect(await codeOf(loadPackage(plugin))).toBe("archive/traversal");
  });

  it("that collide are refused", async () => {
    write("data/A", "");
    write("data/a.", "");
    expect(await codeOf(loadPackage(plugin))).toBe("archive/duplicate");
  });

  it("that are not UTF-8 are refused, where there can be any", async () => {
    const name = Buffer.concat([Buffer.from(`${plugin}/`), Buffer.of(0xff, 0x61)]);
    let isWritten = true;
    try {
      writeFileSync(name, "");
    } catch {
      isWritten = false;
    }
    expect(await codeOf(loadPackage(plugin))).toBe(isWritten ? "archive/traversal" : "accepted");
    if (isWritten) rmSync(name);
  });
});

describe("a signal", () => {
  it("ends a walk that has begun", async () => {
    for (let at = 0; at < 50; at += 1) write(`d/${at}`, "x");
    const controller = new AbortController();
    const loading = loadPackage(plugin, { signal: controller.signal });
    controller.abort();
    await expect(loading).rejects.toMatchObject({ code: "runtime/aborted" });
  });
});
