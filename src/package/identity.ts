import { isSafeId, safeIdRule } from "../manifest/manifest.ts";
import type { Digest, PackageIdentity, PackageSource } from "./package.types.ts";

/** Where packages come from, in the order of precedence in listings (reference §3). */
export const packageSources = ["builtin", "user", "project"] as const;

/** What {@link parsePackageRef} gives: the two parts, or why the text is no reference. */
export type PackageRefResult =
  | { readonly ok: true; readonly source: PackageSource; readonly id: string }
  | {
      readonly ok: false;
      /** `unqualified`: an id without its source; the others: a source or an id that can't be. */
      readonly problem: "unqualified" | "invalid-source" | "invalid-id";
      /** The reason as the end of a sentence, without the text itself. */
      readonly reason: string;
    };

/**
 * Says whether a value names a source of packages.
 *
 * @param value Any value.
 * @returns Whether it is one of {@link packageSources}.
 */
export function isPackageSource(value: unknown): value is PackageSource {
  return packageSources.some((source) => source === value);
}

/**
 * Reads a source-qualified reference such as `project:example.echo` (reference §3 "Identity").
 *
 * @param text The reference.
 * @returns Its source and id, or what is wrong with it; it never throws.
 */
export function parsePackageRef(text: string): PackageRefResult {
  const colon = text.indexOf(":");
  if (colon === -1) {
    return {
      ok: false,
      problem: "unqualified",
      reason: `does not say its source; write ${packageSources.join(":…, ")}:…`,
    };
  }
  const source = text.slice(0, colon);
  const id = text.slice(colon + 1);
  if (!isPackageSource(source)) {
    return {
      ok: false,
      problem: "invalid-source",
      reason: `has another source than ${packageSources.join(", ")}`,
    };
  }
  // A second colon is no character of an id.
  if (!isSafeId(id)) {
    return { ok: false, problem: "invalid-id", reason: `has an invalid id, which ${safeIdRule}` };
  }
  return { ok: true, source, id };
}

/**
 * Writes a reference.
 *
 * @param source Where the package came from.
 * @param id Its safe id.
 * @returns The reference, which {@link parsePackageRef} takes apart again.
 */
export function formatPackageRef(source: PackageSource, id: string): string {
  return `${source}:${id}`;
}

/**
 * Makes the identity that grants are bound to and that every record names.
 *
 * @param source Where the package came from.
 * @param manifest Its id and version.
 * @param digest Its digest.
 * @returns The identity, frozen.
 */
export function packageIdentity(
  source: PackageSource,
  manifest: { readonly id: string; readonly version: string },
  digest: Digest,
): PackageIdentity {
  const { id, version } = manifest;
  return Object.freeze({ ref: formatPackageRef(source, id), source, id, version, digest });
}
