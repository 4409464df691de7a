import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fsLimits } from "../../src/limits.ts";
import { builtRelay, type GuestKind, type RelayOptions, relayGuest } from "./reach-guest.ts";

let base = "";
let root = "";
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "yoi-reach-"));
  root = join(base, "granted");
  mkdirSync(join(root, "sub", "deep"), { recursive: true });
  mkdirSync(join(base, "outside"));
  writeFileSync(join(base, "outside", "secret.txt"), "OUTSIDE");
  writeFileSync(join(root, "notes.txt"), "grüße\n京都");
  writeFileSync(join(root, "sub", "a.txt"), "a");
  await builtRelay();
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const all = ["read", "list", "write"] as const;
const guest = (asks: `fs.${string}`, options: Partial<RelayOptions> = {}) =>
  relayGuest({ kind: "raw", asks, targets: { fs: [{ root, operations: all }] }, ...options });

/** One question of a guest that is gone after it. */
async function answered(
  name: "read" | "list" | "write",
  request: { readonly path: string; readonly content?: string },
  options: Partial<RelayOptions> = {},
) {
  await using relay = await guest(`fs.${name}`, options);
  return await relay.ask([`fs.${name}`, request]);
}

const kinds: readonly GuestKind[] = ["component", "raw", "typescript"];

describe.each(kinds)("[fs/guest] a %s guest with a granted folder", (kind) => {
  it("writes, reads and lists in it", async () => {
    const path = `${kind}.txt`;
    const content = `by ${kind} 🌧 "\\"`;
    expect(await answered("write", { path, content }, { kind })).toEqual({
      path,
      bytes_written: Buffer.byteLength(content),
    });
    expect(readFileSync(join(root, path), "utf8")).toBe(content);
    expect(await answered("read", { path }, { kind })).toEqual({ path, content, truncated: false });
    expect(await answered("read", { path: "./sub//a.txt" }, { kind })).toMatchObject({
      path: "sub/a.txt",
      content: "a",
    });
    const listed = await answered("list", { path: "sub" }, { kind });
    expect(listed).toEqual({
      path: "sub",
      entries: [
        { name: "a.txt", kind: "file" },
        { name: "deep", kind: "dir" },
      ],
      truncated: false,
    });
  });

  it.each(all)("has no more than the operations that are granted: not %s", async (operation) => {
    const others = all.filter((each) => each !== operation);
    const targets = { fs: [{ root, operations: others }] };
    const request = { path: "kept.txt", ...(operation === "write" && { content: "x" }) };
    const { error } = await answered(operation, request, { kind, targets });
    expect(error?.code).toBe("grant/denied");
    expect(error?.message).not.toContain(base);
    expect(readdirSync(root)).not.toContain("kept.txt");
  });
});

describe("[fs/guest] a path that leads outside", () => {
  beforeAll(() => {
    symlinkSync(join(base, "outside"), join(root, "link-folder"));
    symlinkSync(join(base, "outside", "secret.txt"), join(root, "link-file"));
    symlinkSync("sub", join(root, "link-inside"));
    symlinkSync("nowhere", join(root, "link-broken"));
    symlinkSync("link-loop", join(root, "link-loop"));
  });

  it.each([
    ["../outside/secret.txt", "host/invalid-request"],
    ["sub/../../outside/secret.txt", "host/invalid-request"],
    ["sub/..", "host/invalid-request"],
    ["/etc/passwd", "host/invalid-request"],
    ["//etc/passwd", "host/invalid-request"],
    ["C:/windows", "host/invalid-request"],
    ["..\\outside\\secret.txt", "host/invalid-request"],
    ["sub\u0000/../x", "host/invalid-request"],
    ["notes.txt\n", "host/invalid-request"],
    ["", "host/invalid-request"],
    [`.yoi-write-${"0f".repeat(16)}`, "host/invalid-request"],
    ["%2e%2e/outside/secret.txt", "host/not-found"],
    ["～/x", "host/not-found"],
    ["~/x", "host/not-found"],
    ["．．/outside/secret.txt", "host/not-found"],
    ["link-folder/secret.txt", "host/symlink"],
    ["link-file", "host/symlink"],
    ["link-file/", "host/symlink"],
    ["link-inside/a.txt", "host/symlink"],
    ["link-loop", "host/symlink"],
    ["link-broken", "host/symlink"],
    ["notes.txt/x", "host/not-a-folder"],
    ["sub", "host/not-a-file"],
    [".", "host/not-a-file"],
    [`${"x/".repeat(2049)}y`, "host/too-large"],
    [`${"x".repeat(300)}`, "host/not-found"],
  ])("%.40j is refused for what it is, to read and to write", async (path, code) => {
    const read = await answered("read", { path });
    expect(read.error?.code).toBe(code);
    const written = await answered("write", { path, content: "changed" });
    expect(written.error?.code).toBe(code);
    expect(JSON.stringify([read, written])).not.toContain(base);
    expect(JSON.stringify([read, written])).not.toContain("OUTSIDE");
    expect(readFileSync(join(base, "outside", "secret.txt"), "utf8")).toBe("OUTSIDE");
  });

  it("is listed as a link and not followed", async () => {
    const { entries = [] } = await answered("list", { path: "." });
    for (const name of ["link-folder", "link-file", "link-inside", "link-broken", "link-loop"]) {
      expect(entries).toContainEqual({ name, kind: "symlink" });
    }
    expect((await answered("list", { path: "link-folder" })).error?.code).toBe("host/symlink");
  });

  it("because the root itself is a link is no root, and the message does not name it", async () => {
    const link = join(base, "link-root");
    symlinkSync(join(base, "outside"), link);
    for (const each of [link, `${link}/`, join(base, "missing"), join(root, "notes.txt")]) {
      const targets = { fs: [{ root: each, operations: all }] };
      const { error } = await answered("read", { path: "secret.txt" }, { targets });
      expect(error?.code).toBe("host/no-root");
      expect(error?.message).not.toContain(base);
    }
  });
});

describe("[fs/guest] what is no regular file", () => {
  it("is refused at once, to read and to write: a pipe, a device, a socket", async () => {
    execFileSync("mkfifo", [join(root, "pipe")]);
    const server = createServer().listen(join(root, "socket"));
    await new Promise((done) => server.once("listening", done));
    try {
      for (const path of ["pipe", "socket"]) {
        expect((await answered("read", { path })).error?.code).toBe("host/not-a-file");
        expect((await answered("write", { path, content: "" })).error?.code).toBe(
          "host/not-a-file",
        );
      }
      const { entries } = await answered("list", { path: "." });
      expect(entries).toContainEqual({ name: "pipe", kind: "other" });
      const devices = { fs: [{ root: "/dev", operations: all }] };
      for (const path of ["zero", "null", "tty"]) {
        const { error } = await answered("read", { path }, { targets: devices });
        expect(error?.code, path).toMatch(/^host\/(?:not-a-file|not-found)$/u);
        expect(
          (await answered("write", { path, content: "x" }, { targets: devices })).error,
        ).toBeDefined();
      }
    } finally {
      server.close();
    }
  });

  it("hides behind a hard link: it is a file of the folder, and its other name keeps its bytes", async () => {
    linkSync(join(base, "outside", "secret.txt"), join(root, "hard"));
    expect(await answered("read", { path: "hard" })).toMatchObject({ content: "OUTSIDE" });
    await answered("write", { path: "hard", content: "mine" });
    expect(readFileSync(join(base, "outside", "secret.txt"), "utf8")).toBe("OUTSIDE");
    rmSync(join(root, "hard"));
  });
});

describe("[fs/guest] names and sizes", () => {
  it("strange names are listed as they are, inert in messages, and lead nowhere else", async () => {
    const folder = join(root, "names");
    mkdirSync(folder);
    const strange = ["a\nb", "\u001b[2J", "ünï", "..x", "a b", "token=abc", "\u202eevil"];
    for (const name of strange) writeFileSync(join(folder, name), name);
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/bad-`), Buffer.from([0xff, 0xfe])]), "bad");
    const { entries = [] } = await answered("list", { path: "names" });
    const names = entries.map(({ name }) => name);
    for (const name of strange) expect(names).toContain(name);
    expect(names).toContain("bad-\ufffd\ufffd");
    for (const name of ["ünï", "..x", "a b", "\u202eevil"]) {
      expect(await answered("read", { path: `names/${name}` })).toMatchObject({ content: name });
    }
    const { error } = await answered("read", { path: "names/bad-\ufffd\ufffd" });
    expect(error?.code).toBe("host/not-found");
    const lost = await answered("read", { path: "names/\u202etoken=abc123" });
    expect(lost.error?.message).not.toMatch(/\u202e|abc123/u);
  });

  it("a huge folder is listed to its bound, and promptly", async () => {
    const folder = join(root, "huge");
    mkdirSync(folder);
    const most = fsLimits.listEntries.default;
    for (let at = 0; at < most; at += 1) writeFileSync(join(folder, `f${at}`), "");
    expect(await answered("list", { path: "huge" })).toMatchObject({ truncated: false });
    for (let at = most; at < 5_000; at += 1) writeFileSync(join(folder, `f${at}`), "");
    const listed = await answered("list", { path: "huge" });
    expect(listed.truncated).toBe(true);
    expect(listed.entries).toHaveLength(most);
    const names = listed.entries?.map(({ name }) => name) ?? [];
    expect(names).toEqual([...names].sort());
  });

  it("a file is read to readBytes, and one that grows meanwhile no further", async () => {
    const most = fsLimits.readBytes.default;
    const file = join(root, "grows");
    writeFileSync(file, "x".repeat(most));
    expect(await answered("read", { path: "grows" })).toMatchObject({ truncated: false });
    const timer = setInterval(() => appendFileSync(file, "y".repeat(1_000)), 0);
    try {
      for (let round = 0; round < 5; round += 1) {
        const { content = "" } = await answered("read", { path: "grows" });
        expect(content).toBe("x".repeat(most));
      }
    } finally {
      clearInterval(timer);
    }
    expect(await answered("read", { path: "grows" })).toMatchObject({ truncated: true });
  });

  it("a write over writeBytes creates nothing, and one of as many is taken", async () => {
    const most = fsLimits.writeBytes.default;
    const write = (size: number) => answered("write", { path: "big", content: "x".repeat(size) });
    expect((await write(most + 1)).error?.code).toBe("host/too-large");
    expect(readdirSync(root)).not.toContain("big");
    expect(await write(most)).toMatchObject({ bytes_written: most });
  });
});

describe("[fs/guest] a write", () => {
  it("is seen whole or not at all by whoever reads meanwhile, and leaves nothing else behind", async () => {
    const folder = join(root, "atomic");
    mkdirSync(folder);
    const file = join(folder, "file");
    const contents = ["a", "b"].map((letter) => letter.repeat(20_000));
    writeFileSync(file, contents[0] ?? "");
    await using first = await guest("fs.write");
    await using second = await guest("fs.write", { kind: "component" });
    let isOver = false;
    const seen = new Set<string>();
    const reading = (async () => {
      while (!isOver) {
        seen.add(readFileSync(file, "utf8"));
        await new Promise((next) => setImmediate(next));
      }
    })();
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(
        [first, second].map((relay, at) =>
          relay.ask(["fs.write", { path: "atomic/file", content: contents[at] ?? "" }]),
        ),
      );
    }
    isOver = true;
    await reading;
    for (const each of seen) expect(contents).toContain(each);
    expect(seen.size).toBe(2);
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  it("that fails leaves the file as it was, and nothing beside it", async () => {
    const folder = join(root, "kept");
    mkdirSync(folder);
    writeFileSync(join(folder, "file"), "before");
    mkdirSync(join(folder, "sub"));
    for (const path of ["kept/sub", "kept/none/x", "kept/file/x"]) {
      expect((await answered("write", { path, content: "x" })).error).toBeDefined();
    }
    expect(readdirSync(folder).sort()).toEqual(["file", "sub"]);
    chmodSync(join(folder, "file"), 0o640);
    await answered("write", { path: "kept/file", content: "after" });
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("after");
  });
});
