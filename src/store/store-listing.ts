import { opendir, realpath } from "node:fs/promises";
import { decodeUtf8 } from "../bytes.ts";
import { quoteName } from "../diagnostic.ts";
import type { StoreLimits } from "../limits.ts";
import type { PackageStore, StoreDiagnostic } from "./store.types.ts";
import { storeDiagnostic } from "./store-diagnostic.ts";
import { problemOf, stopIfAborted } from "./stored-file.ts";

/** The candidates of one store, by name. */
export interface StoreListing {
  /** The store's folder, free of links. */
  readonly folder: string;
  /** File names that end in `.yoi-plugin`, in byte order. */
  readonly names: readonly string[];
  readonly diagnostics: readonly StoreDiagnostic[];
}

/** What a package's file name ends in. */
export const packageExtension = ".yoi-plugin";

/**
 * Lists the packages that lie directly in a store (reference §3); nothing is opened.
 *
 * @param store The store; a missing folder is an empty one.
 * @param limits `packagesPerStore` bounds the names, `visitedFiles` the reading.
 * @param signal Ends the listing.
 * @returns The names, and what is wrong with the folder.
 * @throws PluginError `runtime/aborted`.
 */
export async function listStore(
  store: PackageStore,
  limits: StoreLimits,
  signal: AbortSignal | undefined,
): Promise<StoreListing> {
  const { source } = store;
  let folder: string;
  try {
    folder = await realpath(store.folder);
  } catch (error) {
    const { kind, reason } = problemOf(error);
    const diagnostics = kind === "missing" ? [] : [unreadable(store, reason)];
    return { folder: store.folder, names: [], diagnostics };
  }
  let found: FoundNames;
  try {
    found = await candidateNames(folder, limits, signal);
  } catch (error) {
    const { kind, reason } = problemOf(error);
    // It was there a moment ago, so that it is something else than a folder.
    const diagnostic = unreadable(store, kind === "missing" ? "is not a folder" : reason);
    return { folder, names: [], diagnostics: [diagnostic] };
  }
  const names: string[] = [];
  const diagnostics: StoreDiagnostic[] = [];
  const note = (code: StoreDiagnostic["code"], message: string) =>
    diagnostics.push(storeDiagnostic(code, "discovery", message, { source }));
  if (found.isCutShort) {
    note(
      "store/bounds",
      `The ${source} store's folder holds more than ${limits.visitedFiles} files; not all were looked at.`,
    );
  }
  const most = limits.packagesPerStore;
  if (found.names.length > most) {
    note(
      "store/bounds",
      `The ${source} store holds more than ${most} packages; the others were not looked at.`,
    );
  }
  for (const bytes of found.names.slice(0, most)) {
    const name = decodeUtf8(bytes);
    if (name === undefined) {
      note("archive/traversal", `A package's file name in the ${source} store is not UTF-8.`);
    } else names.push(name);
  }
  return { folder, names, diagnostics };
}

interface FoundNames {
  readonly names: readonly Uint8Array[];
  readonly isCutShort: boolean;
}

async function candidateNames(
  folder: string,
  limits: StoreLimits,
  signal: AbortSignal | undefined,
): Promise<FoundNames> {
  const names: Buffer[] = [];
  let visited = 0;
  // As bytes, since a name that is not UTF-8 would be replaced by another one.
  for await (const entry of await opendir(folder, { encoding: "buffer" as BufferEncoding })) {
    stopIfAborted(signal);
    visited += 1;
    if (visited > limits.visitedFiles) break;
    const name = Buffer.from(entry.name);
    if (isCandidate(name)) names.push(name);
  }
  return { names: names.sort(Buffer.compare), isCutShort: visited > limits.visitedFiles };
}

/** A file named `.yoi-plugin` is hidden and has no extension. */
function isCandidate(name: Buffer): boolean {
  const start = name.length - packageExtension.length;
  return start > 0 && name.subarray(start).equals(Buffer.from(packageExtension));
}

function unreadable({ source, folder }: PackageStore, reason: string): StoreDiagnostic {
  const message = `The ${source} store ${quoteName(folder)} ${reason}.`;
  return storeDiagnostic("store/io", "discovery", message, { source });
}
