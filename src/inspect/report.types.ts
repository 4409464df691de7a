import type { Diagnostic } from "../errors.ts";
import type { Json } from "../json.ts";
import type {
  CustomHostApiName,
  HostApiName,
  Permission,
  Surface,
} from "../manifest/manifest.types.ts";
import type { Digest, PackageSource } from "../package/package.types.ts";
import type { WasmFeature } from "../wasm/artifact.types.ts";

/**
 * What comes of a package with the grants that were given: everything usable (`active`), some of it
 * (`partial`), nothing (`rejected`), or no grants to judge by (`disabled`).
 */
export type InspectionStatus = "active" | "partial" | "rejected" | "disabled";

/**
 * All that can be said about a package without running or compiling any of it.
 *
 * It is plain JSON. Names, labels and descriptions in it are inert text; what programs compare
 * (`imports`, `exports`, `inputSchema`, `permissions` and a target's `declared`) is as the package
 * has it and must be made inert before it is shown.
 */
export interface Inspection {
  /** The version of this report's shape. */
  readonly format: 1;
  readonly status: InspectionStatus;
  /** Whether the package itself is at fault, so that no grant can make it usable. */
  readonly defective: boolean;
  readonly package: InspectedPackage;
  /** `null` when the manifest declares no runtime. */
  readonly runtime: InspectedRuntime | null;
  /** What the manifest asks for. */
  readonly permissions: readonly Permission[];
  readonly surfaces: readonly InspectedSurface[];
  readonly tools: readonly InspectedTool[];
  readonly services: readonly InspectedService[];
  readonly ingresses: readonly InspectedIngress[];
  readonly hostApis: readonly InspectedHostApi[];
  readonly targets: readonly InspectedTarget[];
  /** What is wrong, at most 64. */
  readonly diagnostics: readonly Diagnostic[];
  /** What is worth knowing and not wrong. */
  readonly notes: readonly string[];
}

/** Who the package is and how large; what a refused package was not read far enough for is `null`. */
export interface InspectedPackage {
  readonly source: PackageSource;
  readonly ref: string | null;
  readonly id: string | null;
  readonly version: string | null;
  readonly digest: Digest | null;
  readonly schemaVersion: number | null;
  readonly name: string | null;
  readonly description: string | null;
  /** The archive's size; `null` for what was loaded from files. */
  readonly archiveBytes: number | null;
  readonly files: number | null;
  /** Of all files together, expanded. */
  readonly bytes: number | null;
  readonly largestFile: { readonly path: string; readonly bytes: number } | null;
  /** Whether the reference implementation's own bounds would refuse the package. */
  readonly exceedsReference: boolean;
}

/** The declared runtime and what the artifact's bytes say. */
export interface InspectedRuntime {
  readonly kind: "wasm" | "wasm-component";
  readonly world?: string;
  readonly abi?: string;
  /** Kind and world or ABI in one: `wasm-component/yoi:plugin/tool@1.0.0`. */
  readonly status: string;
  /** The artifact's path in the package. */
  readonly artifact: string;
  readonly bytes: number;
  /** As the bytes have them; of a core module, `module.field`. */
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  readonly memories: readonly InspectedMemory[];
  readonly tables: readonly InspectedTable[];
  readonly features: readonly WasmFeature[];
  /** Whether the world keeps an instance alive between calls. */
  readonly instanceCapable: boolean;
  /** Whether the artifact is admitted and every host API that it imports is requested and granted. */
  readonly eligible: boolean;
  readonly diagnostic: string | null;
}

/** A memory that one of the artifact's modules defines. */
export interface InspectedMemory {
  readonly minPages: number;
  readonly maxPages: number | null;
}

/** A table that one of the artifact's modules defines. */
export interface InspectedTable {
  readonly minElements: number;
  readonly maxElements: number | null;
}

/** One thing that needs permission: asked for, granted, and usable or why not. */
export interface Inspected {
  readonly name: string;
  /** The permission's label: `tool.echo`. */
  readonly permission: string;
  /** Whether the manifest asks for all that it needs. */
  readonly requested: boolean;
  /** Whether the grants allow all that it needs. */
  readonly granted: boolean;
  /** Whether both do and its declaration is in order; of the guest itself, see the runtime. */
  readonly eligible: boolean;
  readonly diagnostic: string | null;
}

/** A declared surface; one that is not enabled exposes nothing, whatever is granted. */
export interface InspectedSurface extends Inspected {
  readonly name: Surface;
  readonly enabled: boolean;
}

/** A tool on an enabled surface. */
export interface InspectedTool extends Inspected {
  readonly description: string;
  readonly inputSchema: Json;
  readonly externalWrite: boolean;
}

/** A service on an enabled surface. */
export interface InspectedService extends Inspected {
  readonly description: string;
  readonly lifecycle: string;
  readonly sideEffects: readonly string[];
}

/** An ingress on an enabled surface. */
export interface InspectedIngress extends Inspected {
  readonly description: string;
  readonly eventKinds: readonly string[];
  readonly sources: readonly string[];
  readonly sideEffects: readonly string[];
}

/** A host API that is requested, granted or imported. */
export interface InspectedHostApi extends Inspected {
  /** A host's own API has the name of its interface. */
  readonly name: HostApiName | CustomHostApiName;
  /** Whether the artifact's bytes import it. */
  readonly imported: boolean;
}

/** A target of a host API, from the manifest or from the grants. */
export interface InspectedTarget extends Inspected {
  readonly name: HostApiName;
  /** `grant-only`: granted, and nothing in the manifest overlaps it. */
  readonly side: "manifest" | "grant" | "grant-only";
  /** The target alone: `https://api.example.com GET /v1 [broad-request]`. */
  readonly label: string;
  /** Whether it leaves open the scheme, the host or the path. */
  readonly broad: boolean;
  /** How much of it the other side has too. */
  readonly covered: "fully" | "partly" | "not";
  /** The target as it was written. */
  readonly declared: Json;
}
