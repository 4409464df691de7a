import { lstat, realpath } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import type { FileSystem, Folder } from "./file-system.types.ts";
import {
  anchorAtDescriptor,
  anchorAtPath,
  type FolderAnchor,
  identityOf,
  isHeldByDescriptor,
} from "./folder-anchor.node.ts";
import { rootError } from "./fs-error.ts";
import { withFileErrors } from "./node-file-error.node.ts";
import { requireName } from "./node-file-name.node.ts";
import { listEntries, readRegularFile } from "./node-file-read.node.ts";
import { replaceFile } from "./node-file-write.node.ts";
import { createTargetTurns, type TargetTurns } from "./target-turns.ts";

/** Options of {@link nodeFileSystem}. */
export interface NodeFileSystemOptions {
  /**
   * How a folder is held: by its `descriptor` where the platform can (Linux with `/proc`), or by its
   * `path`, checked before and after each use. Default: the descriptor where it works.
   */
  readonly hold?: "descriptor" | "path";
}

/**
 * Node's file system for the `fs` API (reference §5.2).
 *
 * On Linux every component is opened without following links, relative to the folder above it that
 * is held open; elsewhere the components are compared before and after each use, which somebody who
 * swaps folders for links at that very moment can get around. Writes go to a new file beside the
 * target that is then renamed, one at a time for each target.
 *
 * @param options How folders are held.
 * @returns The file system; one for all plugins, so that they take turns at a target.
 */
export function nodeFileSystem(options: NodeFileSystemOptions = {}): FileSystem {
  const turns = createTargetTurns();
  return Object.freeze({
    openRoot: async (root: string) => folderOf(await anchorRoot(root, options.hold), turns),
  });
}

async function anchorRoot(
  root: string,
  hold: NodeFileSystemOptions["hold"],
): Promise<FolderAnchor> {
  if (!isAbsolute(root)) throw rootError();
  try {
    // Without the separator at its end: with one, a link would be followed before anybody looks at it.
    const named = await lstat(resolve(root), { bigint: true });
    const path = await realpath(root);
    if (!named.isDirectory()) throw rootError();
    const anchor = await anchorFolder(path, hold);
    if (anchor.identity === identityOf(named)) return anchor;
    await anchor.close(); // replaced between the two looks
  } catch {
    // whatever it is, the message must not name the place
  }
  throw rootError();
}

async function anchorFolder(
  path: string,
  hold: NodeFileSystemOptions["hold"],
): Promise<FolderAnchor> {
  if (hold !== "path" && process.platform === "linux") {
    const anchor = await anchorAtDescriptor(path);
    if (await isHeldByDescriptor(anchor)) return anchor;
    await anchor.close();
  }
  if (hold === "descriptor") throw rootError();
  return await anchorAtPath(path);
}

function folderOf(anchor: FolderAnchor, turns: TargetTurns): Folder {
  return {
    enter: (name) =>
      withFileErrors(async () => {
        requireName(name);
        return folderOf(await anchor.enter(name), turns);
      }),
    read: (name, maxBytes, signal) =>
      withFileErrors(() => {
        requireName(name);
        return readRegularFile(anchor, name, maxBytes, signal);
      }),
    list: (maxEntries, signal) => withFileErrors(() => listEntries(anchor, maxEntries, signal)),
    write: (name, bytes, signal) =>
      turns.run(`${anchor.identity}/${name}`, () =>
        withFileErrors(() => {
          requireName(name);
          return replaceFile(anchor, name, bytes, signal);
        }),
      ),
    close: () => anchor.close(),
  };
}
