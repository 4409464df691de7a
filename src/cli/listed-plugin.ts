import { isPluginError } from "../errors.ts";
import { permissionLabel } from "../grants/plan.ts";
import type { Inspection } from "../inspect/report.types.ts";
import type { PluginPackage } from "../package/package.types.ts";
import { resolvePlugins } from "../store/store.ts";
import type { DiscoveredPackage, EnablementRecord, StoreDiagnostic } from "../store/store.types.ts";
import type { CommandContext } from "./command.ts";
import {
  distinct,
  emptyItem,
  grantLabels,
  type ListedPlugin,
  type ListedStatus,
  row,
  runtimeOf,
} from "./listed-item.ts";
import type { Workspace } from "./workspace.ts";

/** A listed plugin with the report that it was made of. */
export interface ListedReport {
  readonly item: ListedPlugin;
  /** Absent where there is no package to inspect. */
  readonly report: Inspection | undefined;
}

/** How something in the list is named. */
export type Named =
  | Pick<StoreDiagnostic, "ref" | "package">
  | {
      readonly ref: string | undefined;
      readonly package: string | undefined;
    };

/**
 * Describes every package of the stores, every enablement record without one, and every file there
 * that is no package.
 *
 * @param workspace The stores and records.
 * @param context For inspecting, one package after the other.
 * @param isWanted Which to describe; all when it is left out.
 * @returns The descriptions, sorted by reference and file name.
 */
export async function listPlugins(
  workspace: Workspace,
  context: Pick<CommandContext, "host" | "io" | "progress">,
  isWanted: (named: Named) => boolean = () => true,
): Promise<readonly ListedReport[]> {
  const { discovery, enablement } = workspace;
  const listed: ListedReport[] = [];
  for (const found of discovery.packages) {
    const named = { ref: found.identity.ref, package: found.label };
    if (isWanted(named)) listed.push(await describe(found, workspace, context));
  }
  const isFound = (ref: string) => discovery.packages.some(({ identity }) => identity.ref === ref);
  const absent = new Map(
    enablement.enabled.filter(({ id }) => !isFound(id)).map((record) => [record.id, record]),
  );
  const refusals = discovery.diagnostics.filter((each) => each.package !== undefined);
  for (const record of absent.values()) {
    const refusal = refusals.find((each) => isRefusalOf(each, record.id));
    if (!isWanted({ ref: record.id, package: refusal?.package })) continue;
    listed.push({ item: absentItem(record, refusal, workspace), report: undefined });
  }
  for (const refusal of refusals) {
    const isTold = [...absent.keys()].some((id) => isRefusalOf(refusal, id));
    if (!isTold && isWanted(refusal))
      listed.push({ item: refusedItem(refusal), report: undefined });
  }
  const key = ({ item }: ListedReport) => `${item.reference ?? "~"} ${item.package ?? ""}`;
  return listed.sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

/** Whether a file that is no package is the one that a record means, by its reference or its name. */
function isRefusalOf({ ref, source, package: label }: StoreDiagnostic, id: string): boolean {
  return ref === undefined ? `${source}:${label}` === `${id}.yoi-plugin` : ref === id;
}

async function describe(
  found: DiscoveredPackage,
  { enablement, plan, discovery }: Workspace,
  { host, io, progress }: Pick<CommandContext, "host" | "io" | "progress">,
): Promise<ListedReport> {
  const { identity, manifest, surfaces, path, label } = found;
  const { ref, source, id, version, digest } = identity;
  const record = enablement.enabled.find((each) => each.id === ref);
  const resolved = plan.resolved.find((each) => each.identity.ref === ref);
  progress.step(`Inspecting ${ref}`);
  const judged = record === undefined ? {} : { grants: record.grants, surfaces: record.surfaces };
  const pkg = await loadFound(found, { host, io });
  if ("code" in pkg) return { item: refusedItem(pkg), report: undefined };
  const report = await host.inspect(pkg, { ...judged, signal: io.signal });
  progress.clear();
  const own = [...plan.diagnostics, ...discovery.diagnostics].filter((each) => each.ref === ref);
  const item: ListedPlugin = {
    reference: ref,
    local_ref: id,
    status: foundStatus(report, record !== undefined, resolved !== undefined),
    source,
    package: label,
    package_path: path,
    version,
    schema_version: manifest.schema_version,
    api_version: manifest.schema_version,
    digest,
    configured: record !== undefined,
    discovered: true,
    resolved: resolved !== undefined,
    static_eligible: isEligible(report, record !== undefined),
    declared_surfaces: surfaces,
    enabled_surfaces: resolved?.surfaces ?? [],
    requested_permissions: manifest.permissions.map(permissionLabel),
    ...grantLabels(record?.grants),
    tools: report.tools.map((tool) => ({ ...row(tool), external_write: tool.externalWrite })),
    static_runtime: runtimeOf(report),
    diagnostics: distinct([...own, ...report.diagnostics]),
  };
  return { item, report };
}

/** The package as it was discovered; what became of it since then is a finding about it alone. */
async function loadFound(
  { path, label, identity }: DiscoveredPackage,
  { host, io }: Pick<CommandContext, "host" | "io">,
): Promise<PluginPackage | StoreDiagnostic> {
  const { ref, source, digest } = identity;
  const subject = { source, ref, package: label, digest };
  try {
    const pkg = await host.loadPackage(path, { source, signal: io.signal });
    if (pkg.digest === digest) return pkg;
    const message = "The package changed while the stores were read; try again.";
    return { code: "package/digest-mismatch", phase: "inspection", message, ...subject };
  } catch (error) {
    if (!isPluginError(error) || error.code === "runtime/aborted") throw error;
    const { code, phase, message } = error;
    return { code, phase, message, ...subject };
  }
}

/** Reference §7 "status", where the inspection says how much of a resolved plugin is usable. */
function foundStatus(report: Inspection, isEnabled: boolean, isResolved: boolean): ListedStatus {
  if (isResolved) return report.status;
  return isEnabled ? "rejected" : "disabled";
}

function isEligible(report: Inspection, isEnabled: boolean): boolean {
  return isEnabled ? report.status === "active" : !report.defective;
}

function absentItem(
  record: EnablementRecord,
  refusal: StoreDiagnostic | undefined,
  { enablement, discovery }: Workspace,
): ListedPlugin {
  const { diagnostics: found } = resolvePlugins(
    { enabled: enablement.enabled.filter(({ id }) => id === record.id) },
    discovery,
  );
  const isThere = refusal !== undefined || found.some(({ code }) => code !== "package/missing");
  return {
    ...emptyItem,
    reference: record.id,
    local_ref: record.id.slice(record.id.indexOf(":") + 1),
    status: isThere ? "rejected" : "missing",
    source: record.id.includes(":") ? record.id.slice(0, record.id.indexOf(":")) : null,
    package: refusal?.package ?? null,
    version: record.version ?? null,
    digest: record.digest ?? null,
    configured: true,
    ...grantLabels(record.grants),
    diagnostics: distinct([...found, ...(refusal === undefined ? [] : [refusal])]),
  };
}

function refusedItem(refusal: StoreDiagnostic): ListedPlugin {
  const { ref = null, source = null, package: label = null, digest = null } = refusal;
  return {
    ...emptyItem,
    reference: ref,
    local_ref: ref === null ? null : ref.slice(ref.indexOf(":") + 1),
    status: "rejected",
    source,
    package: label,
    digest,
    diagnostics: distinct([refusal]),
  };
}
