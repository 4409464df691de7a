import { boundedText, inertText, quoteName } from "../diagnostic.ts";
import type { Diagnostic } from "../errors.ts";
import type { GrantRecord } from "../grants/grants.types.ts";
import {
  bindingProblem,
  createAuthority,
  type Grants,
  isPolicy,
  readGrantRecord,
} from "../grants/plan.ts";
import { referencePackageLimits, textLimits } from "../limits.ts";
import type { Surface } from "../manifest/manifest.types.ts";
import type { PackageFacts } from "../package/load-package.ts";
import type { PluginPackage } from "../package/package.types.ts";
import { type ArtifactReport, reportArtifact } from "./artifact-report.ts";
import {
  finding,
  ingressRows,
  type Row,
  serviceRows,
  surfaceRows,
  toolRows,
} from "./declared-items.ts";
import { hiddenTextNotes } from "./hidden-text.ts";
import { hostApiRows, unrequestedImports } from "./host-api-rows.ts";
import type { InspectionLimits } from "./inspection-limits.ts";
import type { KnownHostApi } from "./known-host-api.types.ts";
import type {
  Inspected,
  InspectedPackage,
  InspectedRuntime,
  Inspection,
  InspectionStatus,
} from "./report.types.ts";
import { targetRows } from "./target-rows.ts";
import { createJudge } from "./verdict.ts";

/** What a report is made with. */
export interface ReportOptions {
  readonly grants: Grants | undefined;
  /** The surfaces to enable; without any, all that are declared. */
  readonly surfaces: readonly Surface[];
  readonly limits: InspectionLimits;
  /** What the host has besides ours; `undefined` when nobody says. */
  readonly hostApis: readonly KnownHostApi[] | undefined;
}

/**
 * Makes the report of a package that was refused when it was loaded.
 *
 * @param facts What was known of it by then.
 * @param diagnostic Why it was refused.
 * @returns The report, `rejected`.
 */
export function reportRefused(facts: PackageFacts, diagnostic: Diagnostic): Inspection {
  return frozen({
    format: 1,
    status: "rejected",
    defective: true,
    package: describePackage(facts, undefined),
    runtime: null,
    permissions: [],
    surfaces: [],
    tools: [],
    services: [],
    ingresses: [],
    hostApis: [],
    targets: [],
    diagnostics: [diagnostic],
    notes: [],
  });
}

/**
 * Makes the report of a loaded package: nothing of it is run or compiled.
 *
 * @param pkg The package.
 * @param facts What its reading found.
 * @param options Grants to judge by, surfaces to enable, limits to admit the artifact with.
 * @returns The report, frozen, plain JSON.
 * @throws PluginError `options/invalid` when the grants are malformed.
 */
export async function reportPackage(
  pkg: PluginPackage,
  facts: PackageFacts,
  options: ReportOptions,
): Promise<Inspection> {
  const { grants } = options;
  const { manifest } = pkg;
  const record = grants === undefined || isPolicy(grants) ? undefined : readGrantRecord(grants);
  const authority = createAuthority(pkg, grants);
  const judge = createJudge(authority, record);
  const enabled = options.surfaces.length === 0 ? pkg.surfaces : options.surfaces;
  const on = (surface: Surface) => enabled.includes(surface) && pkg.surfaces.includes(surface);

  const artifact = manifest.runtime && reportArtifact(pkg, manifest.runtime, options);
  const surfaces = await surfaceRows(pkg, enabled, judge);
  const tools = on("tool") ? await toolRows(pkg, judge) : [];
  const services = on("service") ? await serviceRows(pkg, judge) : [];
  const ingresses = on("ingress") ? await ingressRows(pkg, judge) : [];
  const hostApis = await hostApiRows(pkg, artifact?.hostApis ?? new Set(), judge);
  const targets = targetRows({
    manifest,
    granted: authority.targets(),
    isPolicy: grants !== undefined && record === undefined,
  });

  const exposed: readonly Row<Inspected>[] = [...tools, ...services, ...ingresses];
  const hopeless = unrequestedImports(hostApis);
  const explained = hostApis.filter(({ item }) => item.requested || !item.imported);
  const all: readonly Row<Inspected>[] = [...surfaces, ...exposed, ...explained];
  const packageFaults = [
    ...undeclaredSurfaces(options.surfaces, pkg),
    ...(artifact?.diagnostics ?? []),
    ...(artifact === undefined && exposed.length > 0 ? [noRuntime] : []),
    ...hopeless,
  ];
  const denials = all
    .filter(({ isDefect }) => isDefect || grants !== undefined)
    .map(({ diagnostic }) => diagnostic)
    .filter((diagnostic) => diagnostic !== undefined)
    .filter(({ code }) => code !== "grant/binding");
  const diagnostics = [...packageFaults, ...bindingFaults(record, pkg), ...denials];
  const defective =
    packageFaults.length > 0 || (exposed.length > 0 && exposed.every(({ isDefect }) => isDefect));
  const runtime = artifact === undefined ? null : runtimeRow(artifact, hostApis);
  const others = [
    ...surfaces.map(({ item }) => item).filter((item) => item.enabled),
    ...hostApis.map(({ item }) => item),
    ...targets,
    ...(runtime === null ? [] : [runtime]),
  ];
  const described = describePackage(facts, pkg);

  return frozen({
    format: 1,
    status: defective ? "rejected" : statusOf(grants !== undefined, exposed, others),
    defective,
    package: described,
    runtime,
    permissions: manifest.permissions,
    surfaces: surfaces.map(({ item }) => item),
    tools: tools.map(({ item }) => item),
    services: services.map(({ item }) => item),
    ingresses: ingresses.map(({ item }) => item),
    hostApis: hostApis.map(({ item }) => item),
    targets,
    diagnostics: bounded(diagnostics),
    notes: [
      ...(described.exceedsReference ? [exceedsReference] : []),
      ...hiddenTextNotes(manifest),
    ],
  });
}

const noRuntime = finding(
  "artifact/missing",
  "The package declares tools, services or ingresses and no runtime: nothing can run them. Add [runtime] to plugin.toml.",
);

const exceedsReference =
  "The package is larger than the reference implementation takes (16 MiB in all, 8 MiB a file).";

/** With grants: usable as a whole, in part, or not at all (reference §7 "status"). */
function statusOf(
  hasGrants: boolean,
  exposed: readonly Row<Inspected>[],
  others: readonly { readonly eligible: boolean }[],
): InspectionStatus {
  if (!hasGrants) return "disabled";
  const items = exposed.map(({ item }) => item);
  const isWhole = [...items, ...others].every(({ eligible }) => eligible);
  if (items.some(({ eligible }) => eligible)) return isWhole ? "active" : "partial";
  return items.length === 0 && isWhole ? "active" : "rejected";
}

function runtimeRow(
  artifact: ArtifactReport,
  hostApis: Awaited<ReturnType<typeof hostApiRows>>,
): InspectedRuntime {
  const withheld = hostApis.find(({ item }) => item.imported && !item.eligible);
  const refused =
    withheld &&
    `The artifact imports host_api.${withheld.item.name}, which is not granted: without it, nothing of the plugin can run.`;
  const diagnostic = artifact.diagnostics[0]?.message ?? refused ?? null;
  return { ...artifact.runtime, eligible: diagnostic === null, diagnostic };
}

function undeclaredSurfaces(wanted: readonly Surface[], pkg: PluginPackage): readonly Diagnostic[] {
  return wanted
    .filter((surface) => !pkg.surfaces.includes(surface))
    .map((surface) =>
      finding(
        "manifest/surface",
        `The package does not declare the surface ${quoteName(surface)}.`,
      ),
    );
}

function bindingFaults(record: GrantRecord | undefined, pkg: PluginPackage): readonly Diagnostic[] {
  if (record === undefined) return [];
  const { permissions, request, websocket, fs, https } = record;
  const isEmpty = [permissions, request, websocket, fs, https].every(({ length }) => length === 0);
  const problem = isEmpty ? undefined : bindingProblem(record, pkg.identity);
  return problem === undefined ? [] : [finding("grant/binding", problem)];
}

function describePackage(facts: PackageFacts, pkg: PluginPackage | undefined): InspectedPackage {
  const files = [...(facts.files?.values() ?? [])];
  const bytes = files.reduce((total, { size }) => total + size, 0);
  const largest = files.reduce<(typeof files)[number] | undefined>(
    (most, file) => (most === undefined || file.size > most.size ? file : most),
    undefined,
  );
  const manifest = pkg?.manifest;
  const description = manifest?.description;
  return {
    source: facts.source,
    ref: pkg?.identity.ref ?? facts.ref ?? null,
    id: manifest?.id ?? null,
    version: manifest === undefined ? null : boundedText(manifest.version, nameBytes),
    digest: facts.digest ?? null,
    schemaVersion: manifest?.schema_version ?? null,
    name: manifest === undefined ? null : boundedText(manifest.name, nameBytes),
    description: description === undefined ? null : inertText(description, { keepLines: true }),
    archiveBytes: facts.archiveBytes ?? null,
    files: facts.files === undefined ? null : files.length,
    bytes: facts.files === undefined ? null : bytes,
    largestFile: largest === undefined ? null : { path: largest.path, bytes: largest.size },
    exceedsReference:
      (facts.archiveBytes ?? bytes) > referencePackageLimits.packageBytes ||
      (largest?.size ?? 0) > referencePackageLimits.entryBytes,
  };
}

const nameBytes = 240;

function bounded(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const most = textLimits.diagnostics.default;
  if (diagnostics.length <= most) return diagnostics;
  const [first, left] = [diagnostics.slice(0, most - 1), diagnostics.length - most + 1];
  return [...first, finding(first[0]?.code ?? "grant/denied", `There are ${left} more findings.`)];
}

/** Freezes the report at every depth; what comes from the package is frozen already. */
function frozen<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    for (const part of Object.values(value)) frozen(part);
    Object.freeze(value);
  }
  return value;
}
