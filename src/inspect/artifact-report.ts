import type { Diagnostic } from "../errors.ts";
import { isPluginError } from "../errors.ts";
import type { ArtifactLimits } from "../limits.ts";
import { isCustomHostApiName } from "../manifest/manifest.ts";
import type {
  CustomHostApiName,
  HostApiName,
  Manifest,
  RuntimeDeclaration,
} from "../manifest/manifest.types.ts";
import type { PluginPackage } from "../package/package.types.ts";
import { admit } from "../wasm/admission.ts";
import { readArtifact } from "../wasm/artifact.ts";
import type { ArtifactFacts, CoreModuleFacts } from "../wasm/artifact.types.ts";
import { customHostApis, hostApiNames } from "./host-api-rows.ts";
import type { InspectionLimits } from "./inspection-limits.ts";
import type { KnownHostApi } from "./known-host-api.types.ts";
import type { InspectedRuntime } from "./report.types.ts";

/** What the artifact's bytes say, laid beside what the manifest declares. */
export interface ArtifactReport {
  readonly runtime: Omit<InspectedRuntime, "eligible" | "diagnostic">;
  /** The host APIs among the imports. */
  readonly hostApis: ReadonlySet<HostApiName | CustomHostApiName>;
  /** Why the artifact can't be run as declared. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What {@link reportArtifact} judges by. */
export interface ArtifactReportOptions {
  readonly limits: InspectionLimits;
  readonly hostApis: readonly KnownHostApi[] | undefined;
}

/**
 * Reads a package's artifact and compares it with the declared runtime; nothing is compiled.
 *
 * @param pkg The package.
 * @param declared Its runtime.
 * @param options What the reading may cost, what a guest may declare, and which APIs the host has.
 * @returns The report; bytes that can't be read are a diagnostic in it.
 */
export function reportArtifact(
  pkg: PluginPackage,
  declared: RuntimeDeclaration,
  { limits, hostApis }: ArtifactReportOptions,
): ArtifactReport {
  const path = declared.kind === "wasm" ? declared.entry : declared.component;
  const bytes = pkg.readFile(path);
  const read = readOrRefuse(bytes, limits.artifact);
  const facts = read.ok ? read.facts : undefined;
  const modules = facts === undefined ? [] : modulesOf(facts);
  const imports = facts === undefined ? [] : importNames(facts);
  const custom = ownApis(pkg.manifest, hostApis);
  return {
    runtime: {
      ...declaredParts(declared),
      artifact: path,
      bytes: bytes.length,
      imports,
      exports: facts === undefined ? [] : exportNames(facts),
      memories: modules.flatMap(({ memories }) =>
        memories
          .filter(({ isImported }) => !isImported)
          .map(({ minPages, maxPages }) => ({ minPages, maxPages: maxPages ?? null })),
      ),
      tables: modules.flatMap(({ tables }) =>
        tables
          .filter(({ isImported }) => !isImported)
          .map(({ minElements, maxElements }) => ({
            minElements,
            maxElements: maxElements ?? null,
          })),
      ),
      features: facts === undefined ? [] : [...facts.features],
    },
    hostApis: new Set(
      imports.map((name) => hostApiOf(name, custom)).filter((api) => api !== undefined),
    ),
    diagnostics: read.ok
      ? admit(read.facts, {
          runtime: declared,
          limits: limits.guest[declared.kind],
          artifactLimits: limits.artifact,
          customInterfaces: new Map(custom.map((api) => [api.interface, api.signatures])),
        })
      : [read.diagnostic],
  };
}

type Read =
  | { readonly ok: true; readonly facts: ArtifactFacts }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

function readOrRefuse(bytes: Uint8Array, limits: ArtifactLimits): Read {
  try {
    return { ok: true, facts: readArtifact(bytes, limits) };
  } catch (error) {
    if (!isPluginError(error)) throw error;
    const { code, phase, message } = error;
    return { ok: false, diagnostic: Object.freeze({ code, phase, message }) };
  }
}

function declaredParts(declared: RuntimeDeclaration) {
  if (declared.kind === "wasm") {
    const { kind, abi } = declared;
    return { kind, abi, status: `${kind}/${abi}`, instanceCapable: false };
  }
  const { kind, world } = declared;
  return {
    kind,
    world,
    status: `${kind}/${world}`,
    instanceCapable: world.startsWith("yoi:plugin/instance@"),
  };
}

function modulesOf(facts: ArtifactFacts): readonly CoreModuleFacts[] {
  return facts.kind === "module" ? [facts.module] : facts.modules;
}

function importNames(facts: ArtifactFacts): readonly string[] {
  if (facts.kind === "component") return facts.imports.map(({ name }) => name);
  return facts.module.imports.map(({ module, field }) => `${module}.${field}`);
}

function exportNames(facts: ArtifactFacts): readonly string[] {
  return (facts.kind === "component" ? facts.exports : facts.module.exports).map(
    ({ name }) => name,
  );
}

/** A host's own API, which may need the permission of another name than its own. */
interface OwnApi {
  readonly name: CustomHostApiName;
  readonly interface: CustomHostApiName;
  readonly signatures: KnownHostApi["signatures"] | undefined;
}

/** The host's own APIs; where nobody says which it has, those that the manifest asks for by name. */
function ownApis(
  manifest: Manifest,
  known: readonly KnownHostApi[] | undefined,
): readonly OwnApi[] {
  if (known === undefined) {
    return [...customHostApis(manifest)].map((name) => ({
      name,
      interface: name,
      signatures: undefined,
    }));
  }
  return known.flatMap((api) =>
    isCustomHostApiName(api.name) && isCustomHostApiName(api.interface)
      ? [{ name: api.name, interface: api.interface, signatures: api.signatures }]
      : [],
  );
}

/** The host API behind an import: `yoi:host/fs@1.0.0` of a component, `yoi:fs.read` of a raw guest. */
function hostApiOf(
  name: string,
  custom: readonly OwnApi[],
): HostApiName | CustomHostApiName | undefined {
  const own = custom.find((api) => name === api.interface || name.startsWith(`${api.interface}.`));
  if (own !== undefined) return own.name;
  return hostApiNames.find(
    (api) => name.startsWith(`yoi:host/${api}@`) || name.startsWith(`yoi:${api}.`),
  );
}
