import { compareBytes, encodeUtf8 } from "../../bytes.ts";
import type { FsLimits } from "../../limits.ts";
import type { Folder } from "./file-system.types.ts";
import { fileError, stopIfEnded } from "./fs-error.ts";
import { displayPath } from "./fs-path.ts";
import type { FsRequest } from "./fs-request.ts";

/**
 * Reads a file as text, invalid UTF-8 replaced.
 *
 * @returns `{path, content, truncated}` (reference §5.2).
 * @throws PluginError `host/…`.
 */
export async function readFile(
  root: Folder,
  { segments }: FsRequest,
  limits: FsLimits,
  signal: AbortSignal,
): Promise<object> {
  const { bytes, isTruncated } = await inParent(root, segments, signal, (folder, name) =>
    folder.read(name, limits.readBytes, signal),
  );
  // What a cut leaves of a character at the end is no character that the file has.
  const content = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes, {
    stream: isTruncated,
  });
  return { path: displayPath(segments), content, truncated: isTruncated };
}

/**
 * Lists a folder: its first entries in the file system's order, sorted by the bytes of their names.
 *
 * @returns `{path, entries: [{name, kind}], truncated}` (reference §5.2).
 * @throws PluginError `host/…`.
 */
export async function listFolder(
  root: Folder,
  { segments }: FsRequest,
  limits: FsLimits,
  signal: AbortSignal,
): Promise<object> {
  const { entries, isTruncated } = await inFolder(root, segments, signal, (folder) =>
    folder.list(limits.listEntries, signal),
  );
  const sorted = entries
    .map(({ name, kind }) => ({ entry: { name, kind }, key: encodeUtf8(name) }))
    .sort((left, right) => compareBytes(left.key, right.key))
    .map(({ entry }) => entry);
  return { path: displayPath(segments), entries: sorted, truncated: isTruncated };
}

/**
 * Creates or replaces a file in a folder that exists.
 *
 * @returns `{path, bytes_written}` (reference §5.2).
 * @throws PluginError `host/…`; the file is then as it was.
 */
export async function writeFile(
  root: Folder,
  { segments, content = new Uint8Array() }: FsRequest,
  _limits: FsLimits,
  signal: AbortSignal,
): Promise<object> {
  await inParent(root, segments, signal, (folder, name) => folder.write(name, content, signal));
  return { path: displayPath(segments), bytes_written: content.length };
}

async function inParent<Result>(
  root: Folder,
  segments: readonly string[],
  signal: AbortSignal,
  run: (folder: Folder, name: string) => Promise<Result>,
): Promise<Result> {
  const name = segments.at(-1);
  if (name === undefined) throw fileError("not-a-file");
  return inFolder(root, segments.slice(0, -1), signal, (folder) => run(folder, name));
}

/** Walks down one name at a time; a folder is held open until the one below it is. */
async function inFolder<Result>(
  root: Folder,
  segments: readonly string[],
  signal: AbortSignal,
  run: (folder: Folder) => Promise<Result>,
): Promise<Result> {
  let folder = root;
  const leave = async () => {
    if (folder !== root) await folder.close();
  };
  try {
    for (const name of segments) {
      stopIfEnded(signal);
      const below = await folder.enter(name);
      await leave();
      folder = below;
    }
    stopIfEnded(signal);
    return await run(folder);
  } finally {
    await leave();
  }
}
