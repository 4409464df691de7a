import { lstat, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { boundedText, quoteName } from "../diagnostic.ts";
import { type ErrorCode, PluginError } from "../errors.ts";
import { type PackageLimits, recordLimits } from "../limits.ts";
import {
  createReadPackage,
  type PackageReading,
  type ReadPackage,
  type ReadSource,
} from "../package/load-package.ts";
import type { PackageSource } from "../package/package.types.ts";
import type { DiscoveredPackage, StoreDiagnostic } from "./store.types.ts";
import { findingOf, type Subject, storeDiagnostic } from "./store-diagnostic.ts";
import {
  type FileProblem,
  problemOf,
  readStoredFile,
  type StoredFileOptions,
} from "./stored-file.ts";

/** One file that may be a package. */
export interface Candidate {
  readonly source: PackageSource;
  /** The store's folder, free of links. */
  readonly folder: string;
  readonly name: string;
}

/** What became of a candidate: a package, or why not. */
export type CandidateOutcome =
  | { readonly ok: true; readonly package: DiscoveredPackage }
  | { readonly ok: false; readonly diagnostic: StoreDiagnostic };

/**
 * Reads one candidate of a store: where it really lies, then its bytes, then what they are.
 *
 * @param candidate The file.
 * @param limits Bounds the package, before it is read.
 * @param signal Ends the reading.
 * @returns What is known of the package, without its files' bytes.
 * @throws PluginError `runtime/aborted`.
 */
export async function readCandidate(
  candidate: Candidate,
  limits: PackageLimits,
  signal: AbortSignal | undefined,
): Promise<CandidateOutcome> {
  const { source, name } = candidate;
  const label = packageLabel(name);
  const subject: Subject = { source, package: label };
  try {
    const path = await locate(candidate);
    const reading = await readStoredPackage(path, { source, limits, signal });
    return outcomeOf(reading, path, subject);
  } catch (error) {
    return { ok: false, diagnostic: findingOf(error, subject) };
  }
}

/** Reads a package from an archive file, which is no link by then, or from bytes. */
export const readStoredPackage: ReadPackage = createReadPackage(
  async (path, limits, signal): ReturnType<ReadSource> => {
    const bytes = await readArchiveFile(String(path), { maxBytes: limits.packageBytes, signal });
    return { kind: "archive", bytes };
  },
);

/**
 * Reads the bytes of an archive file, not through a link.
 *
 * @throws PluginError `archive/io`, `archive/malformed` for what is no regular file, or
 * `archive/bounds`; its detail `problem` says which kind. `runtime/aborted` when the signal fired.
 */
export async function readArchiveFile(
  path: string,
  options: StoredFileOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const reading = await readStoredFile(path, options);
  if (reading.ok) return reading.bytes;
  const { kind, reason } = reading.problem;
  return refuse(problemCodes[kind], `The package ${reason}.`, kind);
}

/** @returns A package's file name as it is shown: inert and bounded. */
export function packageLabel(name: string): string {
  return boundedText(name, recordLimits.labelBytes.default);
}

const problemCodes: Readonly<Record<FileProblem["kind"], ErrorCode>> = {
  missing: "archive/io",
  irregular: "archive/malformed",
  "too-large": "archive/bounds",
  io: "archive/io",
};

async function locate({ source, folder, name }: Candidate): Promise<string> {
  const path = join(folder, name);
  try {
    const real = await realpath(path);
    if (!real.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
      refuse(
        "archive/traversal",
        `${quoteName(name)} is a link that leads out of the ${source} store; put the package itself there.`,
      );
    }
    return real;
  } catch (error) {
    const problem = problemOf(error);
    const isLink = await lstat(path).then(
      (stats) => stats.isSymbolicLink(),
      () => false,
    );
    const what = isLink ? "The package is a link whose target" : "The package";
    return refuse(problemCodes[problem.kind], `${what} ${problem.reason}.`);
  }
}

function outcomeOf(reading: PackageReading, path: string, subject: Subject): CandidateOutcome {
  const { facts } = reading;
  if (!reading.ok) {
    const { code, phase, message } = reading.diagnostic;
    const known = { ...subject, ref: facts.ref, digest: facts.digest };
    return { ok: false, diagnostic: storeDiagnostic(code, phase, message, known) };
  }
  // The package itself holds all its bytes, and a store may hold hundreds.
  const { identity, manifest, surfaces } = reading.package;
  return {
    ok: true,
    package: Object.freeze({
      identity,
      manifest,
      surfaces,
      path,
      label: subject.package ?? "",
      archiveBytes: facts.archiveBytes ?? 0,
    }),
  };
}

function refuse(code: ErrorCode, message: string, problem?: FileProblem["kind"]): never {
  const details = problem === undefined ? {} : { problem };
  throw new PluginError({ code, phase: "discovery", message, details });
}
