import type { Manifest, Surface } from "../manifest/manifest.types.ts";

/** Where a package came from; part of its reference, never of its manifest (reference §3). */
export type PackageSource = "builtin" | "user" | "project";

/** A package digest: `sha256:` and 64 lower-case hexadecimal digits (reference §2 "Digest"). */
export type Digest = `sha256:${string}`;

/** Who a package is: what grants are bound to and what every record names. */
export interface PackageIdentity {
  /** `project:example.echo`: source and id, the key of a package in a host. */
  readonly ref: string;
  readonly source: PackageSource;
  readonly id: string;
  readonly version: string;
  readonly digest: Digest;
}

/** A loaded package: checked, immutable, nothing of it run or compiled. */
export interface PluginPackage {
  readonly manifest: Manifest;
  readonly digest: Digest;
  readonly identity: PackageIdentity;
  /** The declared surfaces and those the rest of the manifest implies, in a fixed order. */
  readonly surfaces: readonly Surface[];
  /** Path → size in bytes, in the byte order of the paths. */
  readonly files: ReadonlyMap<string, PackageFile>;
  /** The archive's size in bytes; absent when the package came from a directory or from files in memory. */
  readonly archiveBytes?: number;
  /**
   * A copy of one file's bytes.
   *
   * @throws PluginError `archive/missing` when there is no such file.
   */
  readFile(path: string): Uint8Array<ArrayBuffer>;
}

/** One file of a package. */
export interface PackageFile {
  readonly path: string;
  readonly size: number;
}
