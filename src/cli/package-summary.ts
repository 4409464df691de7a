import { permissionLabel } from "../grants/plan.ts";
import type { PluginPackage } from "../package/package.types.ts";

/** A package as `check` and `pack` write it in JSON (reference §7). */
export interface PackageSummary {
  readonly reference: string;
  /** Its name for people. */
  readonly package: string;
  readonly source: string;
  readonly version: string;
  readonly schema_version: number;
  readonly digest: string;
  readonly package_path: string;
  /** The paths of its files. */
  readonly entries: readonly string[];
  readonly surfaces: readonly string[];
  readonly tools: readonly string[];
  readonly permissions: readonly string[];
}

/** What commands that only look at packages promise, in their JSON (reference §7). */
export const safety = Object.freeze({
  no_network: true,
  no_plugin_execution: true,
  no_enablement_config_mutation: true,
  no_secrets_generated: true,
});

/** Describes a package as `check` and `pack` do. */
export function packageSummary(pkg: PluginPackage, path: string): PackageSummary {
  const { identity, manifest } = pkg;
  return {
    reference: identity.ref,
    package: manifest.name,
    source: identity.source,
    version: identity.version,
    schema_version: manifest.schema_version,
    digest: identity.digest,
    package_path: path,
    entries: [...pkg.files.keys()],
    surfaces: pkg.surfaces,
    tools: manifest.tools.map(({ name }) => name),
    permissions: manifest.permissions.map(permissionLabel),
  };
}
