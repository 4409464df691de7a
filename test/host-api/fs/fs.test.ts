import { describe, expect, test } from "vitest";
import type { FsOperation } from "../../../src/grants/grants.types.ts";
import { revocable } from "../../../src/grants/plan.ts";
import { createFsApi } from "../../../src/host-api/fs/fs.ts";
import type { MemoryFile } from "../../../src/host-api/fs/memory-file-system.ts";
import { fsLimits } from "../../../src/limits.ts";
import { boundRecord, permit, stubPackage } from "../../grants/stub-package.ts";
import { type OpenedApi, openApi } from "../context.ts";
import { fileSystems, type Prepared } from "./file-systems.ts";

const everything: readonly FsOperation[] = ["read", "list", "write"];
const files: Readonly<Record<string, MemoryFile>> = {
  "/data/notes.txt": "some notes",
  "/data/deep/er/file.txt": "deep",
  "/data/link": { kind: "symlink" },
  "/data/deep/pipe": { kind: "other" },
  "/data/empty": { kind: "dir" },
  "/outside/secret.txt": "kept from guests",
  "/other/only-here.txt": "of the second folder",
};

describe.each(fileSystems)("[fs/rules] the fs API on a file system %s", (_, prepare) => {
  function opened(
    more: Readonly<Record<string, MemoryFile>> = {},
    operations: readonly FsOperation[] = everything,
  ): OpenedApi & Prepared {
    const prepared = prepare({ ...files, ...more });
    const api = createFsApi({ fileSystem: prepared.fileSystem });
    return { ...prepared, ...openApi(api, { fs: [{ root: prepared.path("/data"), operations }] }) };
  }

  const ask = (api: OpenedApi, operation: FsOperation, path: string, content = "new") =>
    api.call(operation, JSON.stringify(operation === "write" ? { path, content } : { path }));

  describe.each(everything)("%s", (operation) => {
    test.each([
      "",
      "/",
      "/etc/passwd",
      "..",
      "../outside/secret.txt",
      "deep/../../outside/secret.txt",
      "deep/..",
      "a\0b",
      "a\nb",
      "..\\outside\\secret.txt",
      "deep\\er",
      "C:/Windows",
      "C:",
      "\ud800",
    ])("refuses the path %j before anything is decided or touched", async (path) => {
      const api = opened();
      expect(await ask(api, operation, path)).toMatchObject({
        error: { code: "host/invalid-request" },
      });
      expect(api.decisions).toEqual([]);
    });

    test("a path is bounded in bytes", async () => {
      const api = opened();
      const most = fsLimits.pathBytes.default;
      const long = `${"./".repeat(most / 2 - 1)}ü`;
      expect((await ask(api, operation, long)).error?.code).not.toBe("host/too-large");
      expect((await ask(api, operation, `./${long}`)).error?.code).toBe("host/too-large");
    });

    test("a link is refused, wherever it leads and wherever it is in the path", async () => {
      const api = opened();
      for (const path of ["link", "link/secret.txt", "./link/./secret.txt"]) {
        if (operation === "list" && path !== "link") continue;
        const { error } = await ask(api, operation, path);
        expect(error?.code, path).toBe("host/symlink");
        expect(error?.message).not.toContain("kept from");
      }
      expect(api.read("/outside/secret.txt")).toEqual(encoded("kept from guests"));
      expect((await ask(api, "list", "link/x")).error?.code).toBe("host/symlink");
    });

    test("no answer says where the folder is on the host", async () => {
      const api = opened();
      for (const path of ["missing/x", "link/x", "notes.txt/x", "deep/pipe/x", "empty"]) {
        const answer = JSON.stringify(await ask(api, operation, path));
        expect(answer).not.toContain(api.path("/data"));
      }
      const denied = openApi(createFsApi(api), { fs: [], granted: [permit.hostApi("fs")] });
      expect(JSON.stringify(await ask(denied, operation, "notes.txt"))).not.toContain("/data");
    });

    test("what is no request is refused with a reason", async () => {
      const api = opened();
      const requests = [
        "",
        "[]",
        "null",
        '{"path":1}',
        '{"path":"a","path":"b"}',
        '{"__proto__":1}',
      ];
      for (const text of [...requests, '{"path":"a","content":"b","x":1}', '{"content":"b"}']) {
        const { error } = await api.call(operation, text);
        expect(error?.code, text).toBe("host/invalid-request");
      }
      expect((await api.call(operation)).error?.code).toBe("host/invalid-request");
      expect((await api.call(operation, 1)).error?.code).toBe("host/invalid-request");
      expect((await api.call(operation, "{}", "{}")).error?.code).toBe("host/invalid-request");
    });

    test("it is refused without a grant, whatever the manifest asks", async () => {
      const api = opened();
      const pkg = stubPackage({ permissions: [permit.hostApi("fs")] });
      const without = openApi(createFsApi(api), { grants: boundRecord(pkg) });
      expect((await ask(without, operation, "notes.txt")).error?.code).toBe("grant/denied");
      expect(without.decisions).toMatchObject([{ at: "host-call", decision: { allowed: false } }]);
    });

    test("it is refused when the manifest does not ask for it", async () => {
      const api = opened();
      const unasked = openApi(createFsApi(api), {
        permissions: [],
        granted: [permit.hostApi("fs")],
        fs: [{ root: api.path("/data"), operations: everything }],
      });
      expect((await ask(unasked, operation, "notes.txt")).error?.code).toBe("grant/denied");
      expect(api.read("/data/notes.txt")).toEqual(encoded("some notes"));
    });

    test("granting another operation grants nothing of it", async () => {
      const api = opened(
        {},
        everything.filter((other) => other !== operation),
      );
      const { error } = await ask(api, operation, operation === "list" ? "deep" : "notes.txt");
      expect(error?.code).toBe("grant/denied");
      expect(api.read("/data/notes.txt")).toEqual(encoded("some notes"));
    });

    test("a revoked grant bites at the next call", async () => {
      const { fileSystem, path } = opened();
      const pkg = stubPackage({ permissions: [permit.hostApi("fs")] });
      const switchable = revocable(
        boundRecord(pkg, {
          permissions: [permit.hostApi("fs")],
          fs: [{ root: path("/data"), operations: everything }],
        }),
      );
      const api = openApi(createFsApi({ fileSystem }), { grants: switchable });
      const target = operation === "list" ? "deep" : "notes.txt";
      expect((await ask(api, operation, target)).error).toBeUndefined();
      switchable.revoke();
      expect((await ask(api, operation, target)).error?.code).toBe("grant/denied");
      switchable.restore();
      expect((await ask(api, operation, target)).error).toBeUndefined();
    });

    test("every call is decided with its folder, operation and path", async () => {
      const api = opened();
      const path = operation === "list" ? "./deep//er/" : "deep/./er/file.txt";
      await ask(api, operation, path);
      const target = { kind: "folder", root: api.path("/data"), operation };
      expect(api.decisions).toMatchObject([
        { at: "host-call", action: { kind: "host_api", api: "fs", target } },
      ]);
    });

    test("a call that has ended does nothing", async () => {
      const api = opened();
      const ended = AbortSignal.abort();
      const request = operation === "write" ? { path: "a", content: "b" } : { path: "notes.txt" };
      const { error } = await api.callUntil(ended, operation, JSON.stringify(request));
      expect(error?.code).toBe("runtime/aborted");
      expect(api.read("/data/a")).toBeUndefined();
    });

    test.each(["missing", "link", "notes.txt", "relative"])(
      "a granted root that is %s can't be used",
      async (name) => {
        const { fileSystem, path } = opened();
        const root = name === "relative" ? "data" : path(`/data/${name}`);
        for (const each of [root, `${root}/`, ` ${root} `]) {
          const api = openApi(createFsApi({ fileSystem }), {
            fs: [{ root: each, operations: everything }],
          });
          const { error } = await ask(api, operation, "secret.txt");
          expect(["host/no-root", "grant/denied"]).toContain(error?.code);
          expect(error?.message).not.toContain(path("/data"));
        }
      },
    );
  });

  test("secret-like parts of a path are redacted from answers", async () => {
    const api = opened({ "/data/token=hush": "x", "/data/password hush": "y" });
    for (const path of ["token=hush", "password hush"]) {
      const answers = [
        await ask(api, "read", path),
        await ask(api, "write", path),
        await ask(api, "list", path),
        await ask(api, "read", `${path}/more`),
        await ask(api, "read", `missing/${path}`),
      ];
      expect(JSON.stringify(answers)).not.toContain("hush");
      expect(answers[0]).toMatchObject({ path: expect.stringContaining("<redacted>") });
    }
  });

  test("a path in an answer takes 160 bytes at the most", async () => {
    const name = "n".repeat(200);
    const api = opened({ [`/data/${name}`]: "long" });
    const { path } = await ask(api, "read", name);
    expect(path).toBe(`${"n".repeat(fsLimits.displayPathBytes.default - 3)}…`);
  });

  test("reads a file below the folder", async () => {
    const api = opened();
    expect(await ask(api, "read", "./deep//er/./file.txt")).toEqual({
      path: "deep/er/file.txt",
      content: "deep",
      truncated: false,
    });
  });

  test("reading replaces what is not UTF-8 and keeps a byte-order mark", async () => {
    const api = opened({ "/data/raw": Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0xff) });
    expect((await ask(api, "read", "raw")).content).toBe("\ufeffa\ufffd");
  });

  test("reading is cut at 64 KiB, and never within a character", async () => {
    const most = fsLimits.readBytes.default;
    const api = opened({
      "/data/at": "a".repeat(most),
      "/data/past": "a".repeat(most + 1),
      "/data/split": `${"a".repeat(most - 1)}ü`,
    });
    expect(await ask(api, "read", "at")).toMatchObject({
      content: "a".repeat(most),
      truncated: false,
    });
    expect(await ask(api, "read", "past")).toMatchObject({
      content: "a".repeat(most),
      truncated: true,
    });
    expect(await ask(api, "read", "split")).toMatchObject({
      content: "a".repeat(most - 1),
      truncated: true,
    });
  });

  test.each([
    ["missing", "host/not-found"],
    ["missing/file", "host/not-found"],
    ["notes.txt/file", "host/not-a-folder"],
    ["deep", "host/not-a-file"],
    [".", "host/not-a-file"],
    ["deep/pipe", "host/not-a-file"],
    ["deep/pipe/x", "host/not-a-folder"],
  ])("reading %s and writing it are refused without waiting, as is fit", async (path, code) => {
    const api = opened();
    expect((await ask(api, "read", path)).error?.code).toBe(code);
    if (path !== "missing") expect((await ask(api, "write", path)).error?.code).toBe(code);
  });

  test("lists a folder sorted, each entry with its kind", async () => {
    const api = opened();
    expect(await ask(api, "list", ".")).toEqual({
      path: ".",
      entries: [
        { name: "deep", kind: "dir" },
        { name: "empty", kind: "dir" },
        { name: "link", kind: "symlink" },
        { name: "notes.txt", kind: "file" },
      ],
      truncated: false,
    });
    expect(await ask(api, "list", "deep")).toMatchObject({
      entries: [
        { name: "er", kind: "dir" },
        { name: "pipe", kind: "other" },
      ],
    });
    expect((await ask(api, "list", "notes.txt")).error?.code).toBe("host/not-a-folder");
  });

  test("a listing holds 256 entries at the most", async () => {
    const most = fsLimits.listEntries.default;
    const many = Object.fromEntries(
      Array.from({ length: most }, (_, index) => [`/data/many/${index}`, ""]),
    );
    const at = await ask(opened(many), "list", "many");
    expect(at).toMatchObject({ truncated: false });
    expect(at.entries).toHaveLength(most);
    const past = await ask(opened({ ...many, "/data/many/more": "" }), "list", "many");
    expect(past).toMatchObject({ truncated: true });
    expect(past.entries).toHaveLength(most);
  });

  test("creates a file and replaces one", async () => {
    const api = opened();
    expect(await ask(api, "write", "deep/new.txt", "grüß")).toEqual({
      path: "deep/new.txt",
      bytes_written: 6,
    });
    expect(api.read("/data/deep/new.txt")).toEqual(encoded("grüß"));
    await ask(api, "write", "notes.txt", "");
    expect(api.read("/data/notes.txt")).toEqual(encoded(""));
    expect((await ask(api, "list", ".")).entries).toHaveLength(4);
  });

  test("a write of 64 KiB is whole, whatever its characters, and one past it creates nothing", async () => {
    const api = opened();
    const most = fsLimits.writeBytes.default;
    for (const character of ["a", "\u0000", '"']) {
      const answer = await ask(api, "write", "at", character.repeat(most));
      expect(answer).toEqual({ path: "at", bytes_written: most });
      expect(api.read("/data/at")).toEqual(encoded(character.repeat(most)));
    }
    for (const content of ["a".repeat(most + 1), "ü".repeat(most / 2 + 1)]) {
      expect((await ask(api, "write", "past", content)).error?.code).toBe("host/too-large");
    }
    expect((await ask(api, "write", "past", "\ud800")).error?.code).toBe("host/invalid-request");
    expect(api.read("/data/past")).toBeUndefined();
  });

  test("a request is bounded before it is parsed", async () => {
    const api = opened();
    const most = fsLimits.descriptorBytes.default;
    const padded = (bytes: number) => '{"path":"notes.txt"}'.padEnd(bytes, " ");
    expect((await api.call("read", padded(most))).error).toBeUndefined();
    expect((await api.call("read", padded(most + 1))).error?.code).toBe("host/too-large");
  });

  test("writes to one target end one after the other, and the last one stays", async () => {
    const api = opened();
    const contents = Array.from({ length: 20 }, (_, index) => String(index).repeat(1000 * index));
    const paths = ["deep/w", "./deep/w", "deep//w"];
    await Promise.all(
      contents.map((content, index) => ask(api, "write", paths[index % 3] ?? "", content)),
    );
    const written = new TextDecoder().decode(api.read("/data/deep/w"));
    expect(contents).toContain(written);
    expect((await ask(api, "list", "deep")).entries).toHaveLength(3);
  });

  test("folders are tried in order, the first that has the path wins, the last error is told", async () => {
    const { fileSystem, path } = opened();
    const api = openApi(createFsApi({ fileSystem }), {
      fs: [
        { root: path("/missing"), operations: everything },
        { root: path("/data"), operations: ["read"] },
        { root: path("/other"), operations: everything },
      ],
    });
    expect(await ask(api, "read", "notes.txt")).toMatchObject({ content: "some notes" });
    expect(await ask(api, "read", "only-here.txt")).toMatchObject({
      content: "of the second folder",
    });
    expect(await ask(api, "write", "notes.txt")).toMatchObject({ bytes_written: 3 });
    expect((await ask(api, "read", "nowhere")).error?.code).toBe("host/not-found");
    expect(api.decisions.at(-1)?.action).toMatchObject({ target: { root: path("/other") } });
  });
});

test("a limit that is no number is refused", () => {
  const fileSystem = { openRoot: () => Promise.reject(new Error("unused")) };
  expect(() => createFsApi({ fileSystem, limits: { readBytes: 0 } })).toThrow(/readBytes/);
});

test("what a host's own file system throws is not told to the guest", async () => {
  const fileSystem = { openRoot: () => Promise.reject(new Error("in /home/somebody")) };
  const api = openApi(createFsApi({ fileSystem }), {
    fs: [{ root: "/data", operations: ["read"] }],
  });
  const { error } = await api.call("read", '{"path":"a"}');
  expect(error).toMatchObject({ code: "host/failed" });
  expect(error?.message).not.toContain("somebody");
});

function encoded(text: string): Uint8Array {
  return expect.toSatisfy((bytes: Uint8Array) => new TextDecoder().decode(bytes) === text);
}
