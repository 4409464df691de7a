import { expect, test } from "vitest";
import { createMemoryFileSystem } from "../../../src/host-api/fs/memory-file-system.ts";
import { memoryFileLimits } from "../../../src/limits.ts";

const { signal } = new AbortController();

test.each(["relative", "", "/a/../b", "/a/./b", "/a\0"])("refuses the path %j", (path) => {
  expect(() => createMemoryFileSystem({ [path]: "x" })).toThrow(/in-memory file system/);
});

test("refuses a file that is also a folder, whichever comes first", () => {
  expect(() => createMemoryFileSystem({ "/a": "x", "/a/b": "y" })).toThrow(/no folder/);
  expect(() => createMemoryFileSystem({ "/a/b": "y", "/a": "x" })).toThrow(/twice/);
  expect(() => createMemoryFileSystem({ "/a/b": "y", "/a/": { kind: "dir" } })).not.toThrow();
});

test("names of the object prototype are names like any other", async () => {
  const files = new Map([["/__proto__/constructor", "x"]]);
  const fileSystem = createMemoryFileSystem(files);
  expect(fileSystem.readFile("/__proto__/constructor")).toEqual(Uint8Array.of(0x78));
  expect(fileSystem.readFile("/constructor")).toBeUndefined();
  const root = await fileSystem.openRoot("/");
  await expect(root.read("toString", 1, signal)).rejects.toMatchObject({ code: "host/not-found" });
});

test("what it gives and takes are copies", async () => {
  const given = Uint8Array.of(1);
  const fileSystem = createMemoryFileSystem({ "/a": given });
  given[0] = 2;
  const read = fileSystem.readFile("/a");
  expect(read).toEqual(Uint8Array.of(1));
  read?.fill(3);
  const root = await fileSystem.openRoot("/");
  (await root.read("a", 1, signal)).bytes.fill(4);
  const written = Uint8Array.of(5);
  await root.write("b", written, signal);
  written[0] = 6;
  expect(fileSystem.readFile("/a")).toEqual(Uint8Array.of(1));
  expect(fileSystem.readFile("/b")).toEqual(Uint8Array.of(5));
});

test("it holds memoryBytes of contents and names, and takes back what is replaced", async () => {
  const most = memoryFileLimits.memoryBytes.default;
  const fileSystem = createMemoryFileSystem({ "/a": new Uint8Array(most - 2) });
  const root = await fileSystem.openRoot("/");
  await root.write("b", new Uint8Array(0), signal);
  const past = { code: "host/no-space" };
  await expect(root.write("b", new Uint8Array(1), signal)).rejects.toMatchObject(past);
  await expect(root.write("c", new Uint8Array(0), signal)).rejects.toMatchObject(past);
  await root.write("a", new Uint8Array(0), signal);
  await root.write("b", new Uint8Array(most - 2), signal);
  expect(fileSystem.readFile("/b")?.length).toBe(most - 2);
});

test("it holds memoryEntries files and folders", async () => {
  const most = memoryFileLimits.memoryEntries.default;
  const files = new Map(Array.from({ length: most - 2 }, (_, index) => [`/d/${index}`, ""]));
  const root = await createMemoryFileSystem(files).openRoot("/");
  await root.write("last", new Uint8Array(0), signal);
  await root.write("last", new Uint8Array(1), signal);
  await expect(root.write("past", new Uint8Array(0), signal)).rejects.toMatchObject({
    code: "host/no-space",
  });
});
