import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { createFsApi } from "../../../src/host-api/fs/fs.ts";
import { requireName } from "../../../src/host-api/fs/node-file-name.node.ts";
import { nodeFileSystem } from "../../../src/host-api/fs/node-file-system.node.ts";
import { type Answer, type OpenedApi, openApi } from "../context.ts";

const holds = ["descriptor", "path"] as const;

describe.each(holds)("[fs/node] Node's file system, folders held by %s", (hold) => {
  function prepared(): { base: string; root: string; api: OpenedApi } {
    const base = mkdtempSync(join(tmpdir(), "yoi-fs-"));
    const root = join(base, "root");
    mkdirSync(join(root, "sub"), { recursive: true });
    mkdirSync(join(base, "outside"));
    return { base, root, api: opened(root, hold) };
  }

  test("writing a file with another name outside leaves that one's bytes alone", async () => {
    const { base, root, api } = prepared();
    writeFileSync(join(base, "outside", "kept"), "before");
    linkSync(join(base, "outside", "kept"), join(root, "linked"));
    expect(await write(api, "linked", "after")).toMatchObject({ bytes_written: 5 });
    expect(readFileSync(join(base, "outside", "kept"), "utf8")).toBe("before");
    expect(readFileSync(join(root, "linked"), "utf8")).toBe("after");
  });

  test("a replaced file keeps its permissions, without those that lend an identity", async () => {
    const { root, api } = prepared();
    writeFileSync(join(root, "private"), "x");
    chmodSync(join(root, "private"), 0o4640);
    await write(api, "private", "y");
    expect(lstatSync(join(root, "private")).mode & 0o7777).toBe(0o640);
  });

  test("a write leaves no other file behind, also when it fails at the last moment", async () => {
    const { root, api } = prepared();
    await write(api, "sub/a", "x");
    const { error } = await write(api, "n".repeat(256), "x");
    expect(error?.code).toBe("host/not-found");
    expect(readdirSync(root)).toEqual(["sub"]);
    expect(readdirSync(join(root, "sub"))).toEqual(["a"]);
  });

  test("the unfinished files of writes are in no listing", async () => {
    const { root, api } = prepared();
    writeFileSync(join(root, `.yoi-write-${"0".repeat(32)}`), "unfinished");
    expect((await api.call("list", '{"path":"."}')).entries).toEqual([
      { name: "sub", kind: "dir" },
    ]);
  });

  test("a root below a link is used, a root that is one is not", async () => {
    const { base, root } = prepared();
    writeFileSync(join(root, "sub", "a"), "through");
    symlinkSync(root, join(base, "alias"));
    const below = opened(join(base, "alias", "sub"), hold);
    expect(await read(below, "a")).toMatchObject({ content: "through" });
    const itself = opened(join(base, "alias"), hold);
    expect((await read(itself, "sub/a")).error?.code).toBe("host/no-root");
  });

  test("a device is refused by its kind", async () => {
    const api = opened("/dev", hold);
    expect((await read(api, "null")).error?.code).toBe("host/not-a-file");
    expect((await write(api, "null", "x")).error?.code).toBe("host/not-a-file");
    expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  test("names that are not UTF-8 are listed without failing", async () => {
    const { root, api } = prepared();
    const raw = Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0x61, 0xff)]);
    writeFileSync(raw, "x");
    expect((await api.call("list", '{"path":"."}')).entries).toContainEqual({
      name: "a\ufffd",
      kind: "file",
    });
  });

  test("it takes no name that is more than one", async () => {
    const { root } = prepared();
    const folder = await nodeFileSystem({ hold }).openRoot(root);
    const { signal } = new AbortController();
    for (const name of ["", ".", "..", "a/b", "../outside", "a\\b", "a\0"]) {
      await expect(folder.enter(name)).rejects.toMatchObject({ code: "host/invalid-request" });
      await expect(folder.read(name, 1, signal)).rejects.toThrow();
      await expect(folder.write(name, new Uint8Array(), signal)).rejects.toThrow();
    }
    await folder.close();
  });
});

describe("[fs/races] while folders and files are swapped for links to the outside", () => {
  test("nothing outside is ever read or written", async () => {
    const base = mkdtempSync(join(tmpdir(), "yoi-fs-"));
    const root = join(base, "root");
    const outside = join(base, "outside");
    for (const folder of [join(root, "sub"), outside]) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "file"), folder === outside ? "OUTSIDE" : "inside");
    }
    writeFileSync(join(outside, "outside-only"), "");
    writeFileSync(join(root, "swapped"), "inside");
    const swapper = await startSwapper(root, outside);
    const api = opened(root, "descriptor");
    let answered = 0;
    let refused = 0;
    // On a busy machine, fewer rounds are enough.
    const enough = performance.now() + 8_000;
    const look = ({ error, content }: Answer) => {
      if (error === undefined) answered += 1;
      else refused += 1;
      if (content !== undefined) expect(["inside", "written"]).toContain(content);
    };
    try {
      for (
        let round = 0;
        round < 5_000 && (round < 500 || answered * refused < 5_000) && performance.now() < enough;
        round += 1
      ) {
        look(await read(api, "sub/file"));
        look(await read(api, "swapped"));
        look(await write(api, "sub/new", "written"));
        look(await write(api, "swapped", "written"));
        const listed = await api.call("list", '{"path":"sub"}');
        expect(JSON.stringify(listed)).not.toContain("outside-only");
        look(listed);
      }
    } finally {
      await swapper.terminate();
    }
    expect(readdirSync(outside)).toEqual(["file", "outside-only"]);
    expect(readFileSync(join(outside, "file"), "utf8")).toBe("OUTSIDE");
    // Both happened, so that there was something to get wrong.
    expect(answered).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });

  test("a folder that is moved away while it is held is the one that is used", async () => {
    const base = mkdtempSync(join(tmpdir(), "yoi-fs-"));
    const root = join(base, "root");
    mkdirSync(join(root, "sub"), { recursive: true });
    mkdirSync(join(base, "outside"));
    writeFileSync(join(base, "outside", "file"), "OUTSIDE");
    writeFileSync(join(root, "sub", "file"), "inside");
    const { signal } = new AbortController();
    for (const hold of holds) {
      const folder = await nodeFileSystem({ hold }).openRoot(root);
      const sub = await folder.enter("sub");
      renameSync(join(root, "sub"), join(root, "moved"));
      symlinkSync(join(base, "outside"), join(root, "sub"));
      const read = () => sub.read("file", 100, signal);
      const write = () => sub.write("file", Buffer.from("written"), signal);
      if (hold === "descriptor") {
        expect(Buffer.from((await read()).bytes).toString()).toBe("inside");
        await write();
        expect(readFileSync(join(root, "moved", "file"), "utf8")).toBe("written");
      } else {
        await expect(read()).rejects.toMatchObject({ code: "host/symlink" });
        await expect(write()).rejects.toMatchObject({ code: "host/symlink" });
      }
      await sub.close();
      await folder.close();
      renameSync(join(root, "sub"), join(base, `link-${hold}`));
      renameSync(join(root, "moved"), join(root, "sub"));
      writeFileSync(join(root, "sub", "file"), "inside");
      expect(readFileSync(join(base, "outside", "file"), "utf8")).toBe("OUTSIDE");
    }
  });
});

test("names that Windows takes for something else are refused there", () => {
  for (const name of ["con", "NUL.txt", "com1", "lpt¹.x", "a:stream", "a.", "a ", "what?"]) {
    expect(() => requireName(name, "win32"), name).toThrow(/not a regular file/);
    expect(() => requireName(name, "linux"), name).not.toThrow();
  }
  for (const name of ["console", "a.b", "common.txt"]) {
    expect(() => requireName(name, "win32"), name).not.toThrow();
  }
});

function opened(root: string, hold: "descriptor" | "path"): OpenedApi {
  const api = createFsApi({ fileSystem: nodeFileSystem({ hold }) });
  return openApi(api, { fs: [{ root, operations: ["read", "list", "write"] }] });
}

function read(api: OpenedApi, path: string): Promise<Answer> {
  return api.call("read", JSON.stringify({ path }));
}

function write(api: OpenedApi, path: string, content: string): Promise<Answer> {
  return api.call("write", JSON.stringify({ path, content }));
}

/** A thread that swaps a folder and a file for links to the outside and back, as fast as it can. */
async function startSwapper(root: string, outside: string): Promise<Worker> {
  const swapper = new Worker(
    `const fs = require("node:fs");
     const { parentPort, workerData: { root, outside } } = require("node:worker_threads");
     const attempt = (work) => { try { work(); } catch {} };
     fs.symlinkSync(outside, root + "/link-folder");
     fs.symlinkSync(outside + "/file", root + "/link-file");
     parentPort.postMessage("swapping");
     const swap = (name, link) => {
       attempt(() => fs.renameSync(root + "/" + name, root + "/held-" + name));
       attempt(() => fs.renameSync(root + "/" + link, root + "/" + name));
       attempt(() => fs.renameSync(root + "/" + name, root + "/" + link));
       attempt(() => fs.renameSync(root + "/held-" + name, root + "/" + name));
     };
     for (;;) {
       swap("sub", "link-folder");
       swap("swapped", "link-file");
       if (!fs.lstatSync(root + "/link-file", { throwIfNoEntry: false })?.isSymbolicLink()) {
         attempt(() => fs.unlinkSync(root + "/link-file"));
         attempt(() => fs.symlinkSync(outside + "/file", root + "/link-file"));
       }
       if (!fs.existsSync(root + "/swapped")) attempt(() => fs.writeFileSync(root + "/swapped", "inside", { flag: "wx" }));
     }`,
    { eval: true, workerData: { root, outside } },
  );
  await new Promise((resolve) => swapper.once("message", resolve));
  return swapper;
}
