import type { Diagnostic } from "../errors.ts";
import type { GrantRecord } from "../grants/grants.types.ts";
import { folderLabel, permissionLabel, targetLabel } from "../grants/plan.ts";
import type { Inspected, Inspection } from "../inspect/report.types.ts";

/** The words of `list` (reference §7). */
export type ListedStatus = "active" | "partial" | "disabled" | "rejected" | "missing";

/** One package or enablement record, as `list` and `show` write it in JSON (reference §7). */
export interface ListedPlugin {
  readonly reference: string | null;
  readonly local_ref: string | null;
  readonly status: ListedStatus;
  readonly source: string | null;
  /** The package's file name. */
  readonly package: string | null;
  readonly package_path: string | null;
  readonly version: string | null;
  readonly schema_version: number | null;
  readonly api_version: number | null;
  readonly digest: string | null;
  readonly configured: boolean;
  readonly discovered: boolean;
  readonly resolved: boolean;
  readonly static_eligible: boolean;
  readonly declared_surfaces: readonly string[];
  readonly enabled_surfaces: readonly string[];
  readonly requested_permissions: readonly string[];
  readonly configured_grants: readonly string[];
  readonly configured_request_grants: readonly string[];
  readonly configured_websocket_grants: readonly string[];
  readonly configured_https_grants: readonly string[];
  readonly configured_fs_grants: readonly string[];
  readonly tools: readonly (ListedRow & { readonly external_write: boolean })[];
  readonly static_runtime: {
    readonly runtime: {
      readonly status: string;
      readonly eligible: boolean;
      readonly diagnostic: string | null;
    };
    readonly host_apis: readonly ListedRow[];
    readonly tools: readonly ListedRow[];
    readonly services: readonly ListedRow[];
    readonly ingresses: readonly ListedRow[];
  } | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Something of a plugin that needs permission. */
export interface ListedRow {
  readonly name: string;
  readonly permission: string;
  readonly requested: boolean;
  readonly granted: boolean;
  readonly eligible: boolean;
  readonly diagnostic: string | null;
}

/** What nothing is known of yet. */
export const emptyItem: ListedPlugin = Object.freeze({
  reference: null,
  local_ref: null,
  status: "missing",
  source: null,
  package: null,
  package_path: null,
  version: null,
  schema_version: null,
  api_version: null,
  digest: null,
  configured: false,
  discovered: false,
  resolved: false,
  static_eligible: false,
  declared_surfaces: [],
  enabled_surfaces: [],
  requested_permissions: [],
  ...grantLabels(undefined),
  tools: [],
  static_runtime: null,
  diagnostics: [],
});

/** A record's grants, in the labels of reports. */
export function grantLabels(grants: GrantRecord | undefined) {
  return {
    configured_grants: grants?.permissions.map(permissionLabel) ?? [],
    configured_request_grants: grants?.request.map((each) => targetLabel("request", each)) ?? [],
    configured_websocket_grants:
      grants?.websocket.map((each) => targetLabel("websocket", each)) ?? [],
    configured_https_grants: grants?.https.map((each) => targetLabel("https", each)) ?? [],
    configured_fs_grants: grants?.fs.map(folderLabel) ?? [],
  };
}

/** What is usable of a package, or why not. */
export function runtimeOf(report: Inspection): ListedPlugin["static_runtime"] {
  const { runtime } = report;
  return {
    runtime: {
      status: runtime?.status ?? "none",
      eligible: runtime?.eligible ?? true,
      diagnostic: runtime?.diagnostic ?? null,
    },
    host_apis: [...report.hostApis, ...report.targets].map(row),
    tools: report.tools.map(row),
    services: report.services.map(row),
    ingresses: report.ingresses.map(row),
  };
}

/** @returns The part of a report's row that is listed. */
export function row({
  name,
  permission,
  requested,
  granted,
  eligible,
  diagnostic,
}: Inspected): ListedRow {
  return { name, permission, requested, granted, eligible, diagnostic };
}

/** Findings without those that say the same again, sorted. */
export function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const byText = new Map(
    diagnostics.map(({ code, phase, message }) => [`${code} ${message}`, { code, phase, message }]),
  );
  return [...byText].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, each]) => each);
}
