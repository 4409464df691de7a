import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { FileSystem } from "../../../src/host-api/fs/file-system.types.ts";
import {
  createMemoryFileSystem,
  type MemoryFile,
} from "../../../src/host-api/fs/memory-file-system.ts";
import { nodeFileSystem } from "../../../src/host-api/fs/node-file-system.node.ts";

/** A file system with some files in it, and where they are. */
export interface Prepared {
  readonly fileSystem: FileSystem;
  /** Gives the absolute path of one of the files. */
  path(path: string): string;
  /** Reads a file past the API. */
  read(path: string): Uint8Array | undefined;
}

/** The file systems that must keep the same rules, each a way to prepare one. */
export const fileSystems: readonly (readonly [
  name: string,
  prepare: (files: Readonly<Record<string, MemoryFile>>) => Prepared,
])[] = [
  ["in memory", inMemory],
  ["of Node, folders held by descriptor", (files) => onDisk(files, "descriptor")],
  ["of Node, folders held by path", (files) => onDisk(files, "path")],
];

function inMemory(files: Readonly<Record<string, MemoryFile>>): Prepared {
  const fileSystem = createMemoryFileSystem(files);
  return { fileSystem, path: (path) => path, read: (path) => fileSystem.readFile(path) };
}

function onDisk(
  files: Readonly<Record<string, MemoryFile>>,
  hold: "descriptor" | "path",
): Prepared {
  const base = mkdtempSync(join(tmpdir(), "yoi-fs-"));
  for (const [path, file] of Object.entries(files)) {
    mkdirSync(dirname(base + path), { recursive: true });
    if (typeof file === "string" || file instanceof Uint8Array) writeFileSync(base + path, file);
    else if (file.kind === "dir") mkdirSync(base + path, { recursive: true });
    else if (file.kind === "symlink") symlinkSync(join(base, "outside"), base + path);
    else execFileSync("mkfifo", [base + path]);
  }
  return {
    fileSystem: nodeFileSystem({ hold }),
    path: (path) => base + path,
    read(path) {
      try {
        return readFileSync(base + path);
      } catch {
        return undefined;
      }
    },
  };
}
