import { pathProblem } from "../archive/archive.ts";
import { quoteName } from "../diagnostic.ts";
import { type ErrorDetails, PluginError } from "../errors.ts";
import type { Manifest, RuntimeDeclaration } from "./manifest.types.ts";
import type { ManifestDraft } from "./manifest-schema.ts";
import { isSafeId, safeIdRule } from "./safe-id.ts";

/** The reasons of the `manifest/` area: the reference's diagnostic kinds (reference §3). */
export type ManifestReason =
  | "api"
  | "bounds"
  | "duplicate"
  | "malformed"
  | "missing"
  | "surface"
  | "traversal";

/** The files of the package, as far as a manifest's rules look at them. */
export interface PackagePaths {
  has(path: string): boolean;
}

/**
 * Refuses a manifest.
 *
 * @param reason The part of the code after `manifest/`.
 * @param message What is wrong, after "In plugin.toml, ".
 * @param details Small facts for programs.
 * @throws PluginError always.
 */
export function refuseManifest(
  reason: ManifestReason,
  message: string,
  details?: ErrorDetails,
): never {
  throw new PluginError({
    code: `manifest/${reason}`,
    phase: "manifest",
    message: `In plugin.toml, ${message}.`,
    details,
  });
}

/**
 * Checks what the values of a manifest mean, in the order of reference §1; the first failure wins.
 *
 * Tools are not checked here: a bad name or schema is found when the tool is registered.
 *
 * @param draft A manifest of the right shape.
 * @param paths The files of the package.
 * @returns The manifest.
 * @throws PluginError `manifest/…`; from the id on, its details name the `id`.
 */
export function applyRules(draft: ManifestDraft, paths: PackagePaths): Manifest {
  if (draft.schema_version !== 1) {
    refuseManifest("api", `schema_version is ${draft.schema_version} and this host knows 1`);
  }
  if (!isSafeId(draft.id)) refuseManifest("malformed", `id ${safeIdRule}`);
  const facts = { id: draft.id };
  if (isBlank(draft.name)) refuseManifest("malformed", "name is blank", facts);
  if (isBlank(draft.version)) refuseManifest("malformed", "version is blank", facts);

  const { schema_version, runtime: declared, ...rest } = draft;
  const runtime = declared === undefined ? undefined : runtimeOf(declared, paths, facts);
  checkInstanceWorld(draft, runtime, facts);
  checkNames(
    draft.services.map((service) => service.name),
    "services",
    "name",
    facts,
  );
  checkNames(
    draft.ingresses.map((ingress) => ingress.name),
    "ingresses",
    "name",
    facts,
  );
  checkNames(
    draft.hooks.map((hook) => hook.id),
    "hooks",
    "id",
    facts,
  );
  draft.hooks.forEach(({ file }, index) => {
    checkFile(file, `hooks[${index}].file`, paths, facts);
  });
  return { schema_version, ...rest, ...(runtime === undefined ? {} : { runtime }) };
}

type DeclaredRuntime = NonNullable<ManifestDraft["runtime"]>;

function runtimeOf(
  runtime: DeclaredRuntime,
  paths: PackagePaths,
  facts: ErrorDetails,
): RuntimeDeclaration {
  if (runtime.kind === "wasm-component") return componentRuntime(runtime, paths, facts);
  if (runtime.kind === "wasm") return rawRuntime(runtime, paths, facts);
  return refuseManifest(
    "api",
    `runtime.kind ${quoteName(runtime.kind)} is not supported; the kinds are wasm-component and wasm`,
    facts,
  );
}

function componentRuntime(
  { abi, entry, world, component }: DeclaredRuntime,
  paths: PackagePaths,
  facts: ErrorDetails,
): RuntimeDeclaration {
  if (abi !== undefined) refuseForeignField("abi", "wasm-component", facts);
  if (entry !== undefined) refuseForeignField("entry", "wasm-component", facts);
  if (world !== "yoi:plugin/tool@1.0.0" && world !== "yoi:plugin/instance@1.0.0") {
    refuseManifest(
      "api",
      "runtime.world must be yoi:plugin/tool@1.0.0 or yoi:plugin/instance@1.0.0",
      facts,
    );
  }
  if (component === undefined) refuseManifest("missing", "runtime.component is missing", facts);
  checkFile(component, "runtime.component", paths, facts);
  return { kind: "wasm-component", component, world };
}

function rawRuntime(
  { abi, entry, world, component }: DeclaredRuntime,
  paths: PackagePaths,
  facts: ErrorDetails,
): RuntimeDeclaration {
  if (abi !== "yoi-plugin-wasm-1") {
    refuseManifest("api", "runtime.abi must be yoi-plugin-wasm-1", facts);
  }
  if (entry === undefined) refuseManifest("missing", "runtime.entry is missing", facts);
  if (component !== undefined) refuseForeignField("component", "wasm", facts);
  if (world !== undefined) refuseForeignField("world", "wasm", facts);
  checkFile(entry, "runtime.entry", paths, facts);
  return { kind: "wasm", entry, abi };
}

function refuseForeignField(field: string, kind: string, facts: ErrorDetails): never {
  refuseManifest("malformed", `runtime.${field} does not belong to the kind ${kind}`, facts);
}

function checkInstanceWorld(
  draft: ManifestDraft,
  runtime: RuntimeDeclaration | undefined,
  facts: ErrorDetails,
): void {
  const isInstance =
    runtime?.kind === "wasm-component" && runtime.world === "yoi:plugin/instance@1.0.0";
  if (isInstance) return;
  for (const surface of ["services", "ingresses"] as const) {
    if (draft[surface].length > 0) {
      refuseManifest(
        "surface",
        `${surface} need a runtime of kind wasm-component with the world yoi:plugin/instance@1.0.0`,
        facts,
      );
    }
  }
}

function checkNames(
  names: readonly string[],
  list: string,
  field: string,
  facts: ErrorDetails,
): void {
  names.forEach((name, index) => {
    if (!isSafeId(name))
      refuseManifest("malformed", `${list}[${index}].${field} ${safeIdRule}`, facts);
    const first = names.indexOf(name);
    if (first < index) {
      refuseManifest(
        "duplicate",
        `${list}[${index}].${field} is ${quoteName(name)}, as is that of ${list}[${first}]`,
        facts,
      );
    }
  });
}

function checkFile(path: string, field: string, paths: PackagePaths, facts: ErrorDetails): void {
  const problem = pathProblem(path);
  if (problem !== undefined) refuseManifest("traversal", `the path in ${field} ${problem}`, facts);
  if (!paths.has(path)) {
    refuseManifest(
      "missing",
      `${field} names ${quoteName(path)}, which is not in the package; build it, and see that packing does not leave it out`,
      facts,
    );
  }
}

/** Blank as the reference has it: nothing but Unicode white space, or nothing at all. */
function isBlank(text: string): boolean {
  return !/\P{White_Space}/u.test(text);
}
