import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { fileError } from "./fs-error.ts";

/** A folder that names are resolved against. */
export interface FolderAnchor {
  /** Names the folder itself, whatever paths lead to it. */
  readonly identity: string;
  /** A path to the folder, for listing it. */
  readonly path: string;
  /** A path to a name in the folder. */
  at(name: string): string;
  /** Opens a folder in it without following a link. */
  enter(name: string): Promise<FolderAnchor>;
  /** Throws when the paths no longer lead to the folder that was opened. */
  check(): Promise<void>;
  /** Throws when a file that was opened in it is not, or no longer, what the name leads to. */
  confirm(name: string, opened: BigIntStats): Promise<void>;
  /** Makes what was renamed in it last. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

const folderFlags =
  constants.O_RDONLY |
  (constants.O_DIRECTORY ?? 0) |
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0);

/**
 * Anchors a folder at an open descriptor: `/proc/self/fd/<fd>/<name>` is looked up in the very folder
 * that is open, so that whoever renames or replaces folders meanwhile redirects nothing.
 *
 * @param path The folder; its last component is not followed when it is a link.
 * @returns The anchor.
 */
export async function anchorAtDescriptor(path: string): Promise<FolderAnchor> {
  const handle = await openFolder(path);
  try {
    const identity = identityOf(await handle.stat({ bigint: true }));
    const held = `/proc/self/fd/${handle.fd}`;
    return {
      identity,
      path: held,
      at: (name) => `${held}/${name}`,
      async enter(name) {
        const inner = `${held}/${name}`;
        requireFolder(await lstat(inner, { bigint: true }));
        return await anchorAtDescriptor(inner);
      },
      check: async () => {},
      confirm: async () => {},
      // A file system that can't do this for folders has nothing better to offer.
      sync: () => handle.sync().catch(() => {}),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Says whether descriptors can be anchors here: on Linux with `/proc`.
 *
 * @param anchor A folder that was anchored at its descriptor.
 * @returns Whether its path leads back to it.
 */
export async function isHeldByDescriptor(anchor: FolderAnchor): Promise<boolean> {
  try {
    return identityOf(await lstat(anchor.at("."), { bigint: true })) === anchor.identity;
  } catch {
    return false;
  }
}

/**
 * Anchors a folder at its path, for platforms without the above.
 *
 * Every folder on the way from the root is compared with what it was, before and after each use. A
 * link that is put in place and taken away again between two looks is not noticed: weaker than a
 * descriptor against somebody who changes the granted folder at that very moment, and as good
 * against everybody else.
 *
 * @param path The folder.
 * @param above The folders between it and the root, checked with it.
 * @returns The anchor.
 */
export async function anchorAtPath(path: string, above?: FolderAnchor): Promise<FolderAnchor> {
  const stats = await lstat(path, { bigint: true });
  requireFolder(stats);
  const identity = identityOf(stats);
  const check = async () => {
    await above?.check();
    const now = await lstat(path, { bigint: true });
    requireFolder(now);
    if (identityOf(now) !== identity) throw fileError("changed");
  };
  const anchor: FolderAnchor = {
    identity,
    path,
    at: (name) => `${path}/${name}`,
    enter: (name) => anchorAtPath(`${path}/${name}`, anchor),
    check,
    async confirm(name, opened) {
      await check();
      const now = await lstat(`${path}/${name}`, { bigint: true });
      if (identityOf(now) !== identityOf(opened)) throw fileError("changed");
      await check();
    },
    sync: () => syncFolder(path),
    close: async () => {},
  };
  return anchor;
}

/** @returns What tells a file or folder from every other one of the machine. */
export function identityOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}

function requireFolder(stats: BigIntStats): void {
  if (stats.isSymbolicLink()) throw fileError("symlink");
  if (!stats.isDirectory()) throw fileError("not-a-folder");
}

async function openFolder(path: string): Promise<FileHandle> {
  const handle = await open(path, folderFlags);
  try {
    requireFolder(await handle.stat({ bigint: true }));
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY);
    await handle.sync();
  } catch {
    // Windows opens no folders; there, the rename itself is what lasts.
  } finally {
    await handle?.close();
  }
}
