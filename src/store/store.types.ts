import type { Diagnostic } from "../errors.ts";
import type { GrantRecord } from "../grants/grants.types.ts";
import type { Json, JsonObject } from "../json.ts";
import type { Manifest, Surface } from "../manifest/manifest.types.ts";
import type { PackageIdentity, PackageSource } from "../package/package.types.ts";

/** A folder that holds packages: its direct children `*.yoi-plugin` (reference §3). */
export interface PackageStore {
  /** What its packages' references begin with. */
  readonly source: PackageSource;
  /** The folder; it may be missing, which is the same as empty. */
  readonly folder: string;
}

/** A finding about a store or an enablement record; inert, its message at most 240 bytes. */
export interface StoreDiagnostic extends Diagnostic {
  readonly source?: PackageSource;
  /** The source-qualified reference, as far as it is known. */
  readonly ref?: string;
  /** The package's file name. */
  readonly package?: string;
  readonly digest?: string;
}

/** A package that lies in a store: read, checked, and not kept in memory. */
export interface DiscoveredPackage {
  readonly identity: PackageIdentity;
  readonly manifest: Manifest;
  /** The declared surfaces and those that the rest of the manifest implies. */
  readonly surfaces: readonly Surface[];
  /** Where it lies, free of links. Text of the file system: make it inert before showing it. */
  readonly path: string;
  /** Its file name, inert. */
  readonly label: string;
  readonly archiveBytes: number;
}

/** What the stores hold, sorted, and what is wrong there. */
export interface Discovery {
  readonly packages: readonly DiscoveredPackage[];
  readonly diagnostics: readonly StoreDiagnostic[];
}

/** A host's or user's word that a package is to be used (reference §3 "Enablement record"). */
export interface EnablementRecord {
  /** The source-qualified reference, such as `project:example.echo`. */
  readonly id: string;
  /** Only this version, compared as text. */
  readonly version?: string;
  /** Only these bytes. */
  readonly digest?: string;
  /** The surfaces to enable; all declared ones when empty. */
  readonly surfaces: readonly Surface[];
  readonly grants: GrantRecord;
  /** What an instance is started with. */
  readonly config?: Json;
}

/** All enablement records of one place. */
export interface Enablement {
  readonly enabled: readonly EnablementRecord[];
}

/** A package that an enablement record resolved to, pinned by digest and version. */
export interface ResolvedPlugin {
  readonly identity: PackageIdentity;
  /** Where the package lay when it was resolved. */
  readonly path: string;
  readonly label: string;
  /** The manifest as it was then, for showing; what counts is the package's own. */
  readonly manifest: JsonObject;
  /** Never empty unless the package declares no surface; in a fixed order. */
  readonly surfaces: readonly Surface[];
  readonly grants: GrantRecord;
  readonly config?: Json;
}

/**
 * Enablement records and what they resolved to: plain JSON, to keep beside a session.
 *
 * A plan that has been made stays as it is (reference §3 "Snapshot rule").
 */
export interface PluginPlan extends Enablement {
  readonly format: 1;
  readonly resolved: readonly ResolvedPlugin[];
  /** One for each record that was dropped. */
  readonly diagnostics: readonly StoreDiagnostic[];
}
