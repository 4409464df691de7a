import { boundedText, inertText } from "../diagnostic.ts";
import type { Diagnostic, ErrorCode } from "../errors.ts";
import { permissionLabel } from "../grants/plan.ts";
import { grantLimits } from "../limits.ts";
import { toolProblems } from "../manifest/manifest.ts";
import type { Permission, Surface } from "../manifest/manifest.types.ts";
import type { PluginPackage } from "../package/package.types.ts";
import type {
  Inspected,
  InspectedIngress,
  InspectedService,
  InspectedSurface,
  InspectedTool,
} from "./report.types.ts";
import { type Judge, refusalOf, type Verdict } from "./verdict.ts";

/** A row of the report, and what is wrong with it when that is the package's own fault. */
export interface Row<Item extends Inspected> {
  readonly item: Item;
  /** Why the row is not eligible, or `undefined`. */
  readonly diagnostic: Diagnostic | undefined;
  /** Whether no grant can mend it. */
  readonly isDefect: boolean;
}

/** Rows for the declared surfaces; only those of tools, services and ingresses need permission. */
export async function surfaceRows(
  pkg: PluginPackage,
  enabled: readonly Surface[],
  judge: Judge,
): Promise<readonly Row<InspectedSurface>[]> {
  return Promise.all(
    pkg.surfaces.map(async (surface) => {
      const verdict = await judge({ kind: "surface", surface });
      const isEnabled = enabled.includes(surface);
      const made = row(surface, { kind: "surface", surface }, verdict);
      const isExposed = surface !== "hook" && surface !== "wasm";
      if (isEnabled && isExposed) return withFields(made, { name: surface, enabled: true });
      return {
        item: {
          ...made.item,
          name: surface,
          enabled: isEnabled,
          eligible: isEnabled,
          diagnostic: isEnabled ? null : "The surface is not enabled.",
        },
        diagnostic: undefined,
        isDefect: false,
      };
    }),
  );
}

/** Rows for the declared tools. */
export async function toolRows(
  pkg: PluginPackage,
  judge: Judge,
): Promise<readonly Row<InspectedTool>[]> {
  const { tools } = pkg.manifest;
  const problems = toolProblems(tools);
  return Promise.all(
    tools.map(async (tool, index) => {
      const verdict = await judge({
        kind: "tool",
        name: tool.name,
        externalWrite: tool.external_write,
      });
      const made = row(tool.name, { kind: "tool", name: tool.name }, verdict, problems[index]);
      return withFields(made, {
        description: shown(tool.description),
        inputSchema: tool.input_schema,
        externalWrite: tool.external_write,
      });
    }),
  );
}

/** Rows for the declared services. */
export async function serviceRows(
  pkg: PluginPackage,
  judge: Judge,
): Promise<readonly Row<InspectedService>[]> {
  return Promise.all(
    pkg.manifest.services.map(async (service) => {
      const action = { kind: "service", name: service.name } as const;
      return withFields(row(service.name, action, await judge(action)), {
        description: shown(service.description),
        lifecycle: shown(service.lifecycle),
        sideEffects: service.side_effects.map(shown),
      });
    }),
  );
}

/** Rows for the declared ingresses. */
export async function ingressRows(
  pkg: PluginPackage,
  judge: Judge,
): Promise<readonly Row<InspectedIngress>[]> {
  return Promise.all(
    pkg.manifest.ingresses.map(async (ingress) => {
      const action = { kind: "ingress", name: ingress.name } as const;
      return withFields(row(ingress.name, action, await judge(action)), {
        description: shown(ingress.description),
        eventKinds: ingress.event_kinds.map(shown),
        sources: ingress.sources.map(shown),
        sideEffects: ingress.side_effects.map(shown),
      });
    }),
  );
}

/**
 * Makes a row of a verdict.
 *
 * @param name What is judged, as the package names it.
 * @param permission The permission that stands for it.
 * @param verdict The two halves of the answer.
 * @param problem What is wrong with its declaration, whatever is granted.
 */
export function row(
  name: string,
  permission: Permission,
  verdict: Verdict,
  problem?: string,
): Row<Inspected> {
  const label = boundedText(permissionLabel(permission), grantLimits.labelBytes.default);
  const message = problem ?? refusalOf(verdict);
  const isDefect = problem !== undefined || !verdict.requested.allowed;
  return {
    item: {
      name: boundedText(name, grantLimits.labelBytes.default),
      permission: label,
      requested: verdict.requested.allowed,
      granted: verdict.granted.allowed,
      eligible: message === null,
      diagnostic: message,
    },
    diagnostic:
      message === null
        ? undefined
        : finding(
            problem === undefined ? codeOf(verdict) : "registry/invalid-tool",
            `${label}: ${message}`,
          ),
    isDefect,
  };
}

/** Adds a kind's own fields to a row. */
export function withFields<Item extends Inspected, Fields extends object>(
  made: Row<Item>,
  fields: Fields,
): Row<Item & Fields> {
  return { ...made, item: { ...made.item, ...fields } };
}

/** Makes a finding of the inspection, bounded and inert. */
export function finding(code: ErrorCode, message: string): Diagnostic {
  return { code, phase: "inspection", message: boundedText(message, 512) };
}

function codeOf({ requested, granted }: Verdict): ErrorCode {
  if (!requested.allowed) return requested.code;
  return granted.allowed ? "grant/denied" : granted.code;
}

/** Text of the manifest for a report: its lines stay, nothing in it does anything. */
function shown(text: string): string {
  return inertText(text, { keepLines: true });
}
