import { quoteName } from "../diagnostic.ts";
import type { ErrorCode } from "../errors.ts";
import type { GrantRecord } from "../grants/grants.types.ts";
import { bindingProblem } from "../grants/plan.ts";
import type { JsonObject } from "../json.ts";
import type { Surface } from "../manifest/manifest.types.ts";
import { parsePackageRef } from "../package/load-package.ts";
import { readPlan } from "./plugin-plan.ts";
import { deepFreeze, surfaceOrder } from "./record-schema.ts";
import type {
  DiscoveredPackage,
  Discovery,
  Enablement,
  EnablementRecord,
  PluginPlan,
  ResolvedPlugin,
  StoreDiagnostic,
} from "./store.types.ts";
import { type Subject, storeDiagnostic } from "./store-diagnostic.ts";

/**
 * Finds for every enablement record the one package that it means (reference §3 "Resolution order").
 *
 * The first thing wrong with a record drops it, with one finding: fail closed. What resolved is pinned
 * by digest and version. A plan that has something resolved, or findings, comes back as it is, so that
 * restoring a session never picks newer packages; to pick anew, pass the records alone.
 *
 * @param enablement Enablement records, or a plan made of them before.
 * @param discovery What the stores hold.
 * @returns The plan, plain JSON, frozen.
 * @throws PluginError `options/invalid` for records that are malformed.
 */
export function resolvePlugins(
  enablement: Enablement | PluginPlan,
  discovery: Discovery,
): PluginPlan {
  const given = readPlan(enablement);
  if (given.resolved.length > 0 || given.diagnostics.length > 0) return given;
  const outcomes = given.enabled.map((record) => resolveRecord(record, given.enabled, discovery));
  return deepFreeze({
    format: 1,
    enabled: given.enabled,
    resolved: outcomes.flatMap((outcome) => (outcome.ok ? [outcome.plugin] : [])),
    diagnostics: outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.diagnostic])),
  });
}

type Outcome =
  | { readonly ok: true; readonly plugin: ResolvedPlugin }
  | { readonly ok: false; readonly diagnostic: StoreDiagnostic };

function resolveRecord(
  record: EnablementRecord,
  all: readonly EnablementRecord[],
  { packages, diagnostics }: Discovery,
): Outcome {
  const { id } = record;
  const name = quoteName(id);
  const ref = parsePackageRef(id);
  if (!ref.ok) {
    const code = ref.problem === "unqualified" ? "package/ambiguous" : "package/invalid-reference";
    return dropped(code, `The enabled id ${name} ${ref.reason}.`);
  }
  const subject = { source: ref.source, ref: id };
  if (all.filter((other) => other.id === id).length > 1) {
    return dropped(
      "package/duplicate",
      `${id} is enabled more than once; keep one record.`,
      subject,
    );
  }
  const found = packages.filter(({ identity }) => identity.ref === id);
  const [match] = found;
  if (match === undefined) {
    // A package that is there and was refused has its own finding in the discovery.
    const refused = diagnostics.find((diagnostic) => diagnostic.ref === id);
    const why = refused === undefined ? "" : ` One was refused: ${refused.code}.`;
    return dropped("package/missing", `No package in the stores is ${id}.${why}`, subject);
  }
  if (found.length > 1) {
    const labels = found.map(({ label }) => label).join(", ");
    return dropped("package/duplicate", `${found.length} packages are ${id}: ${labels}.`, subject);
  }
  const problem = mismatch(record, match);
  if (problem === undefined) return { ok: true, plugin: resolved(record, match) };
  const { label, identity } = match;
  return dropped(problem.code, problem.message, {
    ...subject,
    package: label,
    digest: identity.digest,
  });
}

/** What a record asks of its package that is not so, in the reference's order. */
function mismatch(
  record: EnablementRecord,
  { identity, surfaces }: DiscoveredPackage,
): { readonly code: ErrorCode; readonly message: string } | undefined {
  const { ref, digest, version } = identity;
  if (record.digest !== undefined && record.digest !== digest) {
    return {
      code: "package/digest-mismatch",
      message: `${ref} has another digest than it is enabled with; look at what changed, then enable it again.`,
    };
  }
  if (record.version !== undefined && record.version !== version) {
    return {
      code: "package/version-mismatch",
      message: `${ref} has the version ${quoteName(version)} and is enabled with ${quoteName(record.version)}.`,
    };
  }
  const binding = isEmpty(record.grants) ? undefined : bindingProblem(record.grants, identity);
  if (binding !== undefined) return { code: "grant/binding", message: binding };
  const undeclared = record.surfaces.find((surface) => !surfaces.includes(surface));
  if (undeclared === undefined) return undefined;
  return {
    code: "manifest/surface",
    message: `${ref} does not declare the surface ${undeclared}, which is enabled.`,
  };
}

/** A record that grants nothing is valid without a binding (reference §3). */
function isEmpty({ permissions, request, websocket, fs, https }: GrantRecord): boolean {
  return [permissions, request, websocket, fs, https].every(({ length }) => length === 0);
}

function resolved(record: EnablementRecord, found: DiscoveredPackage): ResolvedPlugin {
  const { identity, path, label, manifest, surfaces } = found;
  const { grants, config } = record;
  return {
    identity,
    path,
    label,
    manifest: manifest as unknown as JsonObject,
    surfaces: selected(record.surfaces, surfaces),
    grants,
    ...(config === undefined ? {} : { config }),
  };
}

function selected(wanted: readonly Surface[], declared: readonly Surface[]): readonly Surface[] {
  const all = wanted.length === 0 ? declared : wanted;
  return surfaceOrder.filter((surface) => all.includes(surface));
}

function dropped(code: ErrorCode, message: string, subject: Subject = {}): Outcome {
  return { ok: false, diagnostic: storeDiagnostic(code, "resolution", message, subject) };
}
