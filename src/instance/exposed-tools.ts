import { type Diagnostic, PluginError } from "../errors.ts";
import type { Authority } from "../grants/grants.types.ts";
import { toolProblems } from "../manifest/manifest.ts";
import type { Surface, ToolDeclaration } from "../manifest/manifest.types.ts";
import type { PluginPackage } from "../package/package.types.ts";
import { compileInputSchema, type InputCheck } from "./input-schema.ts";
import type { DeniedItem, InstanceTool, ToolOrigin } from "./instance.types.ts";

/** A tool that passed registration, with the check of its input compiled. */
export interface ExposedTool {
  readonly tool: InstanceTool;
  readonly check: InputCheck;
}

/** What registration made of a package's tools. */
export interface ExposedTools {
  /** By name. */
  readonly tools: ReadonlyMap<string, ExposedTool>;
  readonly denied: readonly DeniedItem[];
  /** Where all of them come from. */
  readonly origin: ToolOrigin;
}

/**
 * Registers a package's tools: those that are well-formed, asked for and granted (reference §4.2).
 *
 * A tool that is not exposed is reported and keeps no other from being exposed. Nothing is when the
 * surface is not selected; then nothing is reported either.
 *
 * @param pkg The package.
 * @param surfaces The selected surfaces.
 * @param authority Asked about each tool.
 * @returns The tools and the refusals.
 * @throws PluginError `manifest/duplicate` when two tools have one name, as then neither is meant.
 */
export async function exposeTools(
  pkg: PluginPackage,
  surfaces: ReadonlySet<Surface>,
  authority: Authority,
): Promise<ExposedTools> {
  const tools = new Map<string, ExposedTool>();
  const denied: DeniedItem[] = [];
  const origin = toolOrigin(pkg);
  if (!surfaces.has("tool")) return { tools, denied, origin };
  const declared = pkg.manifest.tools;
  refuseDuplicates(pkg, declared);
  const problems = toolProblems(declared);
  for (const [index, declaration] of declared.entries()) {
    const problem = problems[index];
    const refusal =
      problem === undefined
        ? await grantRefusal(authority, declaration)
        : diagnostic("registry/invalid-tool", problem);
    if (refusal === undefined) tools.set(declaration.name, exposedTool(declaration, origin));
    else denied.push(Object.freeze({ kind: "tool", name: declaration.name, diagnostic: refusal }));
  }
  return { tools, denied, origin };
}

async function grantRefusal(
  authority: Authority,
  { name, external_write: externalWrite }: ToolDeclaration,
): Promise<Diagnostic | undefined> {
  const decision = await authority.decide({ kind: "tool", name, externalWrite }, "registration");
  return decision.allowed ? undefined : diagnostic(decision.code, decision.message);
}

function exposedTool(declaration: ToolDeclaration, origin: ToolOrigin): ExposedTool {
  const tool: InstanceTool = Object.freeze({
    name: declaration.name,
    description: declaration.description,
    inputSchema: declaration.input_schema,
    externalWrite: declaration.external_write,
    origin,
  });
  return Object.freeze({ tool, check: compileInputSchema(declaration.input_schema) });
}

function toolOrigin({ identity, manifest }: PluginPackage): ToolOrigin {
  return Object.freeze({
    kind: "plugin",
    pluginId: identity.id,
    pluginRef: identity.ref,
    source: identity.source,
    digest: identity.digest,
    packageVersion: identity.version,
    packageApiVersion: manifest.schema_version,
    surface: "tool",
  });
}

function refuseDuplicates(pkg: PluginPackage, tools: readonly ToolDeclaration[]): void {
  if (new Set(tools.map(({ name }) => name)).size === tools.length) return;
  throw new PluginError({
    code: "manifest/duplicate",
    phase: "registration",
    plugin: pkg.identity.ref,
    message: "Two tools of the package have the same name.",
  });
}

function diagnostic(code: Diagnostic["code"], message: string): Diagnostic {
  return Object.freeze({ code, phase: "registration", message });
}
