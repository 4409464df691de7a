/** What an entry of a folder is; a link is never followed to say it. */
export type EntryKind = "file" | "dir" | "symlink" | "other";

/** One entry of a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly kind: EntryKind;
}

/** The beginning of a file. */
export interface FileContent {
  /** At most as many bytes as were asked for. */
  readonly bytes: Uint8Array;
  /** Whether the file goes on after them. */
  readonly isTruncated: boolean;
}

/** Some entries of a folder. */
export interface FolderEntries {
  /** At most as many as were asked for, in the file system's own order. */
  readonly entries: readonly FolderEntry[];
  /** Whether there are more. */
  readonly isTruncated: boolean;
}

/**
 * A folder that is held open: a name in it is reached through what is held, not through a path that
 * somebody could redirect meanwhile.
 *
 * Names are single segments, checked before: never empty, `.` or `..`, without `/`, `\` or NUL. No
 * function follows a symbolic link. Each throws a PluginError `host/…` whose message names no path:
 * `host/not-found`, `host/symlink`, `host/not-a-file`, `host/not-a-folder`, `host/no-access`,
 * `host/no-space` or `host/io`, and `runtime/aborted` when the signal has fired.
 */
export interface Folder {
  /** Opens a folder in it; the result is closed on its own. */
  enter(name: string): Promise<Folder>;
  /** Reads the beginning of a regular file; anything else is refused without waiting for it. */
  read(name: string, maxBytes: number, signal: AbortSignal): Promise<FileContent>;
  /** Lists the folder itself. */
  list(maxEntries: number, signal: AbortSignal): Promise<FolderEntries>;
  /** Puts a regular file in place at once or not at all; other names of a replaced file keep its bytes. */
  write(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Lets go of it; it is not used afterwards. */
  close(): Promise<void>;
}

/** The port through which the `fs` API reaches files: Node's, one in memory, or a host's own. */
export interface FileSystem {
  /**
   * Opens a granted root.
   *
   * @param root Absolute, without NUL and white space around it; its last component must be a folder
   *   and no link.
   * @throws PluginError `host/no-root` when it can't be used; the message does not name it.
   */
  openRoot(root: string): Promise<Folder>;
}
