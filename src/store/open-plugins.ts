import { quoteName } from "../diagnostic.ts";
import { isPluginError, PluginError } from "../errors.ts";
import type { GrantRecord } from "../grants/grants.types.ts";
import type { Json } from "../json.ts";
import type { Surface } from "../manifest/manifest.types.ts";
import type { Digest, PluginPackage } from "../package/package.types.ts";
import type { PackageCache } from "./package-cache.ts";
import { readPlan } from "./plugin-plan.ts";
import type { PluginPlan, ResolvedPlugin, StoreDiagnostic } from "./store.types.ts";
import { findingOf } from "./store-diagnostic.ts";

/** How a plan's packages are opened. */
export interface OpenPluginsOptions {
  readonly cache: PackageCache;
  /** Ends the opening with `runtime/aborted`. */
  readonly signal?: AbortSignal | undefined;
}

/** A plan's package, loaded, with what `createInstance` takes beside it. */
export interface OpenedPlugin {
  readonly package: PluginPackage;
  readonly surfaces: readonly Surface[];
  readonly grants: GrantRecord;
  readonly config?: Json;
}

/** What came of a plan. */
export interface OpenedPlugins {
  readonly plugins: readonly OpenedPlugin[];
  /** One for each resolved record whose package can't be had any more. */
  readonly diagnostics: readonly StoreDiagnostic[];
  /** What the cache held damaged and has whole again. */
  readonly repaired: readonly Digest[];
}

/**
 * Loads a plan's packages, each with exactly the bytes that it was pinned to.
 *
 * They come from the cache. One that is not there is taken from where it lay when it was resolved, if
 * it still has its digest, and put into the cache first. All of them are then in memory at once.
 *
 * @param plan The plan.
 * @param options The cache, limits and a signal.
 * @returns The packages, in the plan's order, and what can't be opened: one never stops the others.
 * @throws PluginError `store/io` when the cache can't be used, `options/invalid` for a malformed plan,
 * `runtime/aborted` when the signal fired.
 */
export async function openPlugins(
  plan: PluginPlan,
  options: OpenPluginsOptions,
): Promise<OpenedPlugins> {
  const plugins: OpenedPlugin[] = [];
  const diagnostics: StoreDiagnostic[] = [];
  const repaired: Digest[] = [];
  for (const resolved of readPlan(plan).resolved) {
    const { ref, source, digest } = resolved.identity;
    try {
      const opened = await openOne(resolved, options);
      plugins.push(opened.plugin);
      if (opened.isRepaired) repaired.push(digest);
    } catch (error) {
      if (isPluginError(error) && error.code === "store/io") throw error;
      diagnostics.push(findingOf(error, { source, ref, package: resolved.label, digest }));
    }
  }
  return Object.freeze({
    plugins: Object.freeze(plugins),
    diagnostics: Object.freeze(diagnostics),
    repaired: Object.freeze(repaired),
  });
}

interface OpenedOne {
  readonly plugin: OpenedPlugin;
  readonly isRepaired: boolean;
}

async function openOne(
  resolved: ResolvedPlugin,
  { cache, signal }: OpenPluginsOptions,
): Promise<OpenedOne> {
  const { identity, surfaces, grants, config } = resolved;
  const { source, digest } = identity;
  const reading = await cache.open(digest, { source, signal });
  const found =
    reading.state === "found" ? reading.package : await takeFromStore(resolved, { cache, signal });
  checkIdentity(resolved, found);
  const plugin = Object.freeze({
    package: found,
    surfaces,
    grants,
    ...(config === undefined ? {} : { config }),
  });
  return { plugin, isRepaired: reading.state === "damaged" };
}

async function takeFromStore(
  { path, identity }: ResolvedPlugin,
  { cache, signal }: OpenPluginsOptions,
): Promise<PluginPackage> {
  const { ref, source, digest } = identity;
  try {
    return await cache.add(path, { source, signal, digest });
  } catch (error) {
    if (!isPluginError(error) || error.details.problem !== "missing") throw error;
    return refuse(
      "package/missing",
      `${ref} is neither in the cache nor where it lay when it was resolved.`,
    );
  }
}

/** The digest says what the package is; this, that the record speaks of the same one. */
function checkIdentity({ identity }: ResolvedPlugin, { identity: actual }: PluginPackage): void {
  if (actual.ref === identity.ref && actual.version === identity.version) return;
  refuse(
    "package/version-mismatch",
    `The plan's record of ${identity.ref} ${quoteName(identity.version)} has the digest of ${actual.ref} ${quoteName(actual.version)}.`,
  );
}

function refuse(code: "package/missing" | "package/version-mismatch", message: string): never {
  throw new PluginError({ code, phase: "resolution", message });
}
