import { realpath } from "node:fs/promises";
import { decodeUtf8, encodeUtf8 } from "../bytes.ts";
import { boundedText } from "../diagnostic.ts";
import { recordLimits } from "../limits.ts";
import { changeAlone } from "./change-alone.ts";
import { readEnablement, readEnablementOf, refuseBounds } from "./enablement.ts";
import { withoutRecord, withRecord } from "./enablement-text.ts";
import type { Enablement, EnablementRecord } from "./store.types.ts";
import {
  privateModes,
  problemOf,
  readStoredFile,
  storeIoError,
  writeStoredFile,
} from "./stored-file.ts";

/**
 * Reads a file of enablement records; a missing one holds none.
 *
 * @param file The TOML file; a link is followed. Only the user may be able to write it, because
 * grants are in it.
 * @returns The records, frozen.
 * @throws PluginError `store/io` when it can't be read, and what `readEnablement` throws.
 */
export async function readEnablementFile(file: string): Promise<Enablement> {
  const { bytes } = await readFile(file);
  return readEnablementOf(named(file), bytes ?? "");
}

/**
 * Writes an enablement record into a file, in place of the one with its id; the rest stays as it is.
 *
 * @param file The file; it is made, for its user alone, when it is missing.
 * @param record The record.
 * @throws PluginError as {@link readEnablementFile} does, and `store/io` when it can't be written.
 */
export async function enablePlugin(file: string, record: EnablementRecord): Promise<void> {
  const [checked] = readEnablement({ enabled: [record] }).enabled;
  if (checked !== undefined) await changeFile(file, (text) => withRecord(text, checked));
}

/**
 * Takes an enablement record, and with it its grants, out of a file.
 *
 * @param file The file.
 * @param id The record's id.
 * @returns Whether there was one.
 * @throws PluginError as {@link enablePlugin} does.
 */
export async function disablePlugin(file: string, id: string): Promise<boolean> {
  const { enabled } = await readEnablementFile(file);
  if (!enabled.some((record) => record.id === id)) return false;
  await changeFile(file, (text) => withoutRecord(text, id));
  return true;
}

interface ReadFile {
  /** The file itself, free of links. */
  readonly path: string;
  readonly bytes: Uint8Array | undefined;
}

async function readFile(file: string): Promise<ReadFile> {
  let path: string;
  try {
    path = await realpath(file);
  } catch (error) {
    const problem = problemOf(error);
    if (problem.kind === "missing") return { path: file, bytes: undefined };
    throw storeIoError(`${named(file)} ${problem.reason}`);
  }
  const maxBytes = recordLimits.enablementBytes.default;
  const reading = await readStoredFile(path, { maxBytes });
  if (reading.ok) return { path, bytes: reading.bytes };
  const { kind, reason } = reading.problem;
  if (kind === "missing") return { path, bytes: undefined };
  if (kind === "too-large") return refuseBounds(`${named(file)} ${reason}.`);
  throw storeIoError(`${named(file)} ${reason}`);
}

async function changeFile(file: string, change: (text: string) => string): Promise<void> {
  const { path } = await readFile(file);
  await changeAlone(path, async () => {
    const { bytes } = await readFile(path);
    // Malformed text, which is not UTF-8 either, is refused before anything is written.
    readEnablementOf(named(file), bytes ?? "");
    const made = change(bytes === undefined ? "" : (decodeUtf8(bytes) ?? ""));
    await writeStoredFile(path, encodeUtf8(made), privateModes);
  });
}

function named(file: string): string {
  return `The enablement file ${boundedText(file, 200)}`;
}
