import { encodeUtf8 } from "../../bytes.ts";
import { quoteName, utf8Length } from "../../diagnostic.ts";
import { PluginError } from "../../errors.ts";
import { memoryFileLimits } from "../../limits.ts";
import type { FileSystem, Folder } from "./file-system.types.ts";
import { fileError, rootError, stopIfEnded } from "./fs-error.ts";

/** What a path of an in-memory file system holds at first. */
export type MemoryFile =
  | string
  | Uint8Array
  /** A symbolic link, which is listed and never followed. */
  | { readonly kind: "symlink" }
  /** Something that is neither file, folder nor link. */
  | { readonly kind: "other" }
  /** A folder, also without anything in it. */
  | { readonly kind: "dir" };

/** A file system in memory, with a way to look at its files from outside. */
export interface MemoryFileSystem extends FileSystem {
  /** @returns The bytes of a regular file by its absolute path, or `undefined`. */
  readFile(path: string): Uint8Array | undefined;
}

type MemoryNode =
  | { readonly kind: "dir"; readonly entries: Map<string, MemoryNode> }
  | { readonly kind: "file"; readonly bytes: Uint8Array }
  | { readonly kind: "symlink" | "other" };

type MemoryFolder = Extract<MemoryNode, { readonly kind: "dir" }>;

/** What is left of the bounds. */
interface Room {
  bytes: number;
  entries: number;
}

/**
 * Makes a file system in memory with the rules of Node's, for tests and browsers.
 *
 * It holds at most 64 MiB in 10,000 files and folders; what does not fit is refused with
 * `host/no-space`.
 *
 * @param files By absolute path, such as `/data/notes.txt`; the folders between are made.
 * @returns The file system.
 * @throws PluginError `options/invalid` when a path is not absolute, or not a plain one.
 */
export function createMemoryFileSystem(
  files: Readonly<Record<string, MemoryFile>> | ReadonlyMap<string, MemoryFile> = {},
): MemoryFileSystem {
  const room: Room = {
    bytes: memoryFileLimits.memoryBytes.default,
    entries: memoryFileLimits.memoryEntries.default,
  };
  const root: MemoryFolder = { kind: "dir", entries: new Map() };
  for (const [path, file] of files instanceof Map ? files : Object.entries(files)) {
    place(root, path, file, room);
  }
  return Object.freeze({
    async openRoot(path: string) {
      const segments = segmentsOf(path);
      const found = segments === undefined ? undefined : lookUp(root, segments);
      if (found?.kind !== "dir") throw rootError();
      return folderOf(found, room);
    },
    readFile(path: string) {
      const segments = segmentsOf(path);
      const found = segments === undefined ? undefined : lookUp(root, segments);
      return found?.kind === "file" ? found.bytes.slice() : undefined;
    },
  });
}

function folderOf({ entries }: MemoryFolder, room: Room): Folder {
  const find = (name: string): MemoryNode => {
    const found = entries.get(name);
    if (found === undefined) throw fileError("not-found");
    if (found.kind === "symlink") throw fileError("symlink");
    return found;
  };
  return {
    async enter(name) {
      const found = find(name);
      if (found.kind !== "dir") throw fileError("not-a-folder");
      return folderOf(found, room);
    },
    async read(name, maxBytes, signal) {
      stopIfEnded(signal);
      const found = find(name);
      if (found.kind !== "file") throw fileError("not-a-file");
      return { bytes: found.bytes.slice(0, maxBytes), isTruncated: found.bytes.length > maxBytes };
    },
    async list(maxEntries, signal) {
      stopIfEnded(signal);
      const listed = [...entries].slice(0, maxEntries);
      return {
        entries: listed.map(([name, { kind }]) => ({ name, kind })),
        isTruncated: entries.size > maxEntries,
      };
    },
    async write(name, bytes, signal) {
      stopIfEnded(signal);
      const replaced = entries.has(name) ? find(name) : undefined;
      if (replaced !== undefined && replaced.kind !== "file") throw fileError("not-a-file");
      put(entries, name, { kind: "file", bytes: bytes.slice() }, room);
    },
    close: async () => {},
  };
}

/** The one place where anything is stored, so that the bounds hold for all of it. */
function put(entries: Map<string, MemoryNode>, name: string, node: MemoryNode, room: Room): void {
  const replaced = entries.get(name);
  const isNew = replaced === undefined;
  const freed = isNew ? 0 : sizeOf(replaced);
  const bytes = sizeOf(node) + (isNew ? utf8Length(name) : 0) - freed;
  if (bytes > room.bytes || (isNew && room.entries === 0)) throw fileError("no-space");
  room.bytes -= bytes;
  if (isNew) room.entries -= 1;
  entries.set(name, node);
}

function sizeOf(node: MemoryNode): number {
  return node.kind === "file" ? node.bytes.length : 0;
}

function place(root: MemoryFolder, path: string, file: MemoryFile, room: Room): void {
  const segments = segmentsOf(path);
  if (segments === undefined) throw misplaced(path, "is not absolute and plain");
  const name = segments.at(-1);
  if (name === undefined) return;
  let folder = root;
  for (const segment of segments.slice(0, -1)) {
    if (!folder.entries.has(segment)) {
      put(folder.entries, segment, { kind: "dir", entries: new Map() }, room);
    }
    const below = folder.entries.get(segment);
    if (below?.kind !== "dir") throw misplaced(path, "leads through what is no folder");
    folder = below;
  }
  const node = nodeOf(file);
  const there = folder.entries.get(name);
  if (there === undefined) put(folder.entries, name, node, room);
  else if (there.kind !== "dir" || node.kind !== "dir") throw misplaced(path, "is there twice");
}

function nodeOf(file: MemoryFile): MemoryNode {
  if (typeof file === "string") return { kind: "file", bytes: encodeUtf8(file) };
  if (file instanceof Uint8Array) return { kind: "file", bytes: file.slice() };
  return file.kind === "dir" ? { kind: "dir", entries: new Map() } : { kind: file.kind };
}

function lookUp(root: MemoryFolder, segments: readonly string[]): MemoryNode | undefined {
  let found: MemoryNode | undefined = root;
  for (const segment of segments) {
    found = found?.kind === "dir" ? found.entries.get(segment) : undefined;
  }
  return found;
}

/** @returns The segments of an absolute path, or `undefined` when it is none or not a plain one. */
function segmentsOf(path: string): readonly string[] | undefined {
  if (!path.startsWith("/") || path.includes("\0")) return undefined;
  const segments = path.split("/").filter((segment) => segment !== "");
  return segments.some((segment) => segment === "." || segment === "..") ? undefined : segments;
}

function misplaced(path: string, why: string): PluginError {
  return new PluginError({
    code: "options/invalid",
    phase: "options",
    message: `The path ${quoteName(path)} of the in-memory file system ${why}.`,
  });
}
