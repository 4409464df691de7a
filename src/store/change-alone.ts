import { mkdir, open, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { quoteName } from "../diagnostic.ts";
import { recordLimits } from "../limits.ts";
import { privateModes, problemOf, storeIoError } from "./stored-file.ts";

/** How long to wait before looking again, in milliseconds. */
const pauseMs = 10;

/**
 * Changes a file while nobody else does who asks the same way, in this process or another one.
 *
 * What says so is a file beside it. One that is older than `staleChangeMs` was left by a crash.
 *
 * @param path The file to be changed; it may be missing.
 * @param change Reads and writes it.
 * @throws PluginError `store/io` after `changeWaitMs` of waiting, and what the change throws.
 */
export async function changeAlone(path: string, change: () => Promise<void>): Promise<void> {
  const mark = join(dirname(path), `.${basename(path)}.changing`);
  const endsAt = performance.now() + recordLimits.changeWaitMs.default;
  await mkdir(dirname(path), { recursive: true, mode: privateModes.folder }).catch(() => {});
  while (!(await isMarked(mark))) {
    if (performance.now() > endsAt) {
      throw storeIoError(`${quoteName(path)} is being changed by another process; try again`);
    }
    await forgetStale(mark);
    await wait(pauseMs);
  }
  try {
    await change();
  } finally {
    await unlink(mark).catch(() => {});
  }
}

/** Whether the mark was not there and now is. */
async function isMarked(mark: string): Promise<boolean> {
  try {
    const handle = await open(mark, "wx", privateModes.file);
    await handle.close();
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw storeIoError(`${quoteName(mark)} ${problemOf(error, "written").reason}`);
  }
}

async function forgetStale(mark: string): Promise<void> {
  const stats = await stat(mark).catch(() => undefined);
  if (stats === undefined) return;
  const age = Date.now() - stats.mtimeMs;
  if (age > recordLimits.staleChangeMs.default) await unlink(mark).catch(() => {});
}
