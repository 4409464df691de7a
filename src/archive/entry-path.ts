import { quoteName, utf8Length } from "../diagnostic.ts";
import type { PackageLimits } from "../limits.ts";
import { refuseArchive } from "./archive-error.ts";

/**
 * Says why a path may not name a file of a package (reference §2 "Path normalisation").
 *
 * The path is given as it is written; nothing is repaired, so a path without a problem is normal
 * already. It names nothing on the host: no file of a package is ever written under its own name.
 *
 * @param path A path from an archive, a directory, a manifest or a caller.
 * @returns The reason as the end of a sentence, or `undefined` when the path is safe.
 */
export function pathProblem(path: string): string | undefined {
  if (path === "") return "is empty";
  if (path.includes("\0")) return "holds a NUL character";
  if (path.includes("\\")) return "holds a backslash; folders are separated by /";
  if (path.startsWith("/")) return "is absolute";
  if (path.startsWith("~")) return "starts with ~";
  if (/^[A-Za-z]:/u.test(path)) return "starts with a drive letter";
  if (/\p{Surrogate}/u.test(path)) return "is not valid Unicode";
  for (const segment of path.split("/")) {
    if (segment === "") return "has an empty segment";
    if (segment === "." || segment === "..") return `has the segment "${segment}"`;
  }
  return undefined;
}

/**
 * Refuses a path that is unsafe or over its bound.
 *
 * @param path The path as it is written.
 * @param limits `pathBytes` bounds its UTF-8 bytes.
 * @throws PluginError `archive/bounds` or `archive/traversal`.
 */
export function checkPath(path: string, limits: Pick<PackageLimits, "pathBytes">): void {
  const bytes = utf8Length(path);
  if (bytes > limits.pathBytes) {
    refuseArchive(
      "bounds",
      `The path ${quoteName(path)} has ${bytes} bytes and at most ${limits.pathBytes} are allowed.`,
    );
  }
  const problem = pathProblem(path);
  if (problem !== undefined) {
    refuseArchive("traversal", `The path ${quoteName(path)} ${problem}.`);
  }
}

/**
 * Refuses paths that some file system would take for one and the same file.
 *
 * Two files collide when their paths are equal, or equal after Unicode normalisation, case folding
 * and removal of the dots and spaces at the end of a segment that Windows drops; so do a file and a
 * folder of that name (decisions "Archive").
 *
 * @param files The paths of all files.
 * @param folders Folders that are listed on their own; those that the files imply are known.
 * @throws PluginError `archive/duplicate` that names both.
 */
export function refuseCollisions(files: Iterable<string>, folders: Iterable<string> = []): void {
  const fileKeys = new Map<string, string>();
  const folderKeys = new Map<string, string>();
  for (const file of files) {
    const key = collisionKey(file);
    const other = fileKeys.get(key);
    if (other !== undefined) refuseCollision(other, file);
    fileKeys.set(key, file);
    addFolders(folderKeys, key, file);
  }
  for (const folder of folders) {
    const key = collisionKey(folder);
    if (!folderKeys.has(key)) folderKeys.set(key, `${folder}/`);
    addFolders(folderKeys, key, folder);
  }
  for (const [key, file] of fileKeys) {
    const folder = folderKeys.get(key);
    if (folder !== undefined) refuseCollision(file, folder);
  }
}

function addFolders(folderKeys: Map<string, string>, key: string, owner: string): void {
  // From the longest on: a known folder has its own parents in the table already.
  for (let end = key.lastIndexOf("/"); end > 0; end = key.lastIndexOf("/", end - 1)) {
    const folder = key.slice(0, end);
    if (folderKeys.has(folder)) return;
    folderKeys.set(folder, owner);
  }
}

function refuseCollision(first: string, second: string): never {
  refuseArchive(
    "duplicate",
    first === second
      ? `The file ${quoteName(first)} is in the package twice.`
      : `${quoteName(first)} and ${quoteName(second)} would be one file on some file system; rename one of them.`,
  );
}

function collisionKey(path: string): string {
  return path.split("/").map(segmentKey).join("/");
}

function segmentKey(segment: string): string {
  // Upper case first: it expands what has several lower-case forms (ß and ss, the two sigmas).
  return withoutTail(segment.normalize("NFD").toUpperCase().toLowerCase().normalize("NFC"));
}

function withoutTail(segment: string): string {
  let end = segment.length;
  while (end > 0 && (segment[end - 1] === "." || segment[end - 1] === " ")) end -= 1;
  return end === 0 ? segment : segment.slice(0, end);
}
