import { diagnosticError } from "../errors.ts";
import type { PluginPackage } from "./package.types.ts";
import { createReadPackage, type LoadOptions, type PackageInput } from "./read-package.ts";
import type { ReadSource } from "./read-source.types.ts";

export { packageDigest } from "./digest.ts";
export {
  formatPackageRef,
  isPackageSource,
  type PackageRefResult,
  packageSources,
  parsePackageRef,
} from "./identity.ts";
export type { FileContents } from "./package-files.ts";
export {
  createReadPackage,
  type LoadOptions,
  type PackageFacts,
  type PackageInput,
  type PackageReading,
  type ReadPackage,
} from "./read-package.ts";
export type { ReadSource, SourceContents } from "./read-source.types.ts";

/**
 * Loads a package: checks its files and its manifest, computes its digest, runs and compiles nothing.
 *
 * @param input A path or file URL of an archive or a directory, an archive's bytes, or files in memory.
 * @param options The source it is counted to, other limits, a signal.
 * @returns The package, immutable.
 * @throws PluginError `archive/…` or `manifest/…` for a defect, `archive/io` for what can't be read,
 * `options/invalid` for a misuse, `runtime/aborted` when the signal fired.
 */
export type LoadPackage = (input: PackageInput, options?: LoadOptions) => Promise<PluginPackage>;

/**
 * Makes `loadPackage` for a platform.
 *
 * @param readSource The port that reads paths and file URLs there.
 * @returns The function.
 */
export function createLoadPackage(readSource: ReadSource): LoadPackage {
  const readPackage = createReadPackage(readSource);
  return async (input, options) => {
    const reading = await readPackage(input, options);
    if (!reading.ok) throw diagnosticError(reading.diagnostic, reading.facts.ref);
    return reading.package;
  };
}
