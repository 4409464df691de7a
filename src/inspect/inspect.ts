import { PluginError } from "../errors.ts";
import type { Grants } from "../grants/plan.ts";
import type { Surface } from "../manifest/manifest.types.ts";
import type { LoadOptions, PackageInput, ReadPackage } from "../package/load-package.ts";
import type { PluginPackage } from "../package/package.types.ts";
import { type InspectionLimitsInput, resolveInspectionLimits } from "./inspection-limits.ts";
import type { KnownHostApi } from "./known-host-api.types.ts";
import { reportPackage, reportRefused } from "./report.ts";
import type { Inspection } from "./report.types.ts";

export { inspectionSchema } from "./inspection-schema.ts";

/** How a package is inspected. */
export interface InspectOptions extends Pick<LoadOptions, "source" | "signal"> {
  /** What to judge by; without it nothing counts as granted and the status is `disabled`. */
  readonly grants?: Grants | undefined;
  /** The surfaces to enable; all declared ones when left out or empty. */
  readonly surfaces?: readonly Surface[] | undefined;
  /** Numbers over the defaults: of packages, of artifacts and of guests. */
  readonly limits?: InspectionLimitsInput | undefined;
  /**
   * The host's own APIs, as `createInstance` gets them: imports are held against their functions. When
   * left out, an import counts as known if the manifest asks for an API of its name.
   */
  readonly hostApis?: readonly KnownHostApi[] | undefined;
}

/**
 * Says all that can be said about a package without running or compiling any of it.
 *
 * @param pkg A loaded package, or what `loadPackage` takes.
 * @param options Grants to judge by, surfaces to enable, limits, and how to load.
 * @returns The report. A defect in the package makes it `rejected`, with diagnostics.
 * @throws PluginError `archive/io` when the source can't be read, `options/invalid` for a misuse,
 *   `runtime/aborted` when the signal fired.
 */
export type Inspect = (
  pkg: PluginPackage | PackageInput,
  options?: InspectOptions,
) => Promise<Inspection>;

/**
 * Makes `inspect` for a platform.
 *
 * @param readPackage How packages are read there.
 * @returns The function.
 */
export function createInspect(readPackage: ReadPackage): Inspect {
  return async (pkg, options = {}) => {
    const { grants, surfaces = [], source, signal, hostApis } = options;
    checkSurfaces(surfaces);
    const limits = resolveInspectionLimits(options.limits);
    const made = { grants, surfaces, limits, hostApis };
    if (isPackage(pkg)) {
      const { digest, files, identity } = pkg;
      return reportPackage(pkg, { source: identity.source, digest, files }, made);
    }
    const reading = await readPackage(pkg, { source, signal, limits: limits.package });
    if (!reading.ok) return reportRefused(reading.facts, reading.diagnostic);
    return reportPackage(reading.package, reading.facts, made);
  };
}

function isPackage(input: PluginPackage | PackageInput): input is PluginPackage {
  // Files in memory are text or bytes, never functions.
  return (
    typeof input === "object" &&
    typeof (input as Partial<PluginPackage> | null)?.readFile === "function"
  );
}

function checkSurfaces(surfaces: readonly Surface[]): void {
  const known: readonly Surface[] = ["hook", "tool", "service", "ingress", "wasm"];
  if (Array.isArray(surfaces) && surfaces.every((surface) => known.includes(surface))) return;
  throw new PluginError({
    code: "options/invalid",
    phase: "options",
    message: `The option surfaces is a list of any of ${known.join(", ")}.`,
  });
}
