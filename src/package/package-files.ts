import { checkPath, refuseArchive, refuseCollisions } from "../archive/archive.ts";
import { encodeUtf8 } from "../bytes.ts";
import { quoteName, utf8Length } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";
import type { PackageLimits } from "../limits.ts";

/** Files that a caller holds in memory: path → content, text as UTF-8. */
export type FileContents =
  | Readonly<Record<string, Uint8Array | string>>
  | ReadonlyMap<string, Uint8Array | string>;

/** The files of a package: path → bytes that nobody else holds. */
export type PackageContents = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/**
 * Takes copies of files that a caller passed, after the checks that an archive's entries undergo.
 *
 * @param files The files.
 * @param limits Bounds their number, paths, sizes and sum, before anything is copied.
 * @returns The copies, in the caller's order.
 * @throws PluginError `archive/bounds`, `traversal` or `duplicate`; `options/invalid` for content
 * that is neither bytes nor text.
 */
export function copyFiles(files: FileContents, limits: PackageLimits): PackageContents {
  const entries = isMap(files) ? [...files] : Object.entries(files);
  const sizes = entries.map(([path, content]) => ({ path, size: contentSize(path, content) }));
  checkFiles(sizes, limits);
  return new Map(
    entries.map(([path, content]) => [
      path,
      typeof content === "string" ? encodeUtf8(content) : new Uint8Array(content),
    ]),
  );
}

/**
 * Checks files that did not come out of an archive as if they had.
 *
 * @param files Their paths and sizes in bytes.
 * @param limits Bounds their number, paths, sizes and sum.
 * @throws PluginError `archive/bounds`, `traversal` or `duplicate`.
 */
export function checkFiles(
  files: readonly { readonly path: string; readonly size: number }[],
  limits: PackageLimits,
): void {
  let total = 0;
  if (files.length > limits.entries) refuseCount(limits);
  for (const { path, size } of files) {
    checkPath(path, limits);
    total += size;
    checkSize(path, size, total, limits);
  }
  refuseCollisions(files.map((file) => file.path));
}

/** Refuses a package of too many files. */
export function refuseCount(limits: PackageLimits): never {
  refuseArchive("bounds", `The package has more than ${limits.entries} files.`);
}

/**
 * Refuses a file that is too large, by itself or together with those before it.
 *
 * @param path The file's path.
 * @param size Its size in bytes.
 * @param total The size in bytes of all files up to it.
 * @param limits Bounds both.
 * @throws PluginError `archive/bounds`.
 */
export function checkSize(path: string, size: number, total: number, limits: PackageLimits): void {
  if (size > limits.entryBytes) {
    refuseArchive(
      "bounds",
      `The file ${quoteName(path)} has ${size} bytes and at most ${limits.entryBytes} are allowed.`,
    );
  }
  if (total > limits.expandedBytes) {
    refuseArchive(
      "bounds",
      `The package's files have more than ${limits.expandedBytes} bytes in all.`,
    );
  }
}

function contentSize(path: string, content: unknown): number {
  if (typeof content === "string") return utf8Length(content);
  if (isBytes(content)) return content.byteLength;
  throw new PluginError({
    code: "options/invalid",
    phase: "options",
    message: `The content of the file ${quoteName(path)} is neither a Uint8Array nor a string.`,
  });
}

/** Says whether a value is a `Uint8Array`, also one of another realm. */
export function isBytes(value: unknown): value is Uint8Array {
  return (
    ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Uint8Array]"
  );
}

/** Says whether an object is a plain object or a map, as {@link copyFiles} takes them. */
export function isFileContents(value: object): value is FileContents {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || isMap(value);
}

/** Whether an object reads like a map; no plain object of files has a function in it. */
function isMap(value: object): value is ReadonlyMap<string, Uint8Array | string> {
  return "get" in value && typeof value.get === "function" && Symbol.iterator in value;
}
