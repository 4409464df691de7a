import type { PackageLimits } from "../limits.ts";
import type { PackageContents } from "./package-files.ts";

/** What lies at a path: a package archive, or a directory's files that belong to the package. */
export type SourceContents =
  | { readonly kind: "archive"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "directory"; readonly files: PackageContents };

/**
 * The port through which packages are read from paths and file URLs.
 *
 * An implementation checks sizes before it reads, keeps nothing of what it returns, refuses links
 * inside a directory, leaves out of a directory what packing leaves out, and ends with
 * `runtime/aborted` when the signal fires. What can't be read at all is `archive/io`.
 */
export type ReadSource = (
  location: string | URL,
  limits: PackageLimits,
  signal: AbortSignal | undefined,
) => Promise<SourceContents>;
