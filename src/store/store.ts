/** Packages on disk: where they lie, which are enabled, and the cache that they are run from. */
export type { CacheEntry, PruneOptions, PruneReport } from "./cache-prune.ts";
export { type DiscoverOptions, discoverPackages } from "./discover-packages.ts";
export { readEnablement } from "./enablement.ts";
export { disablePlugin, enablePlugin, readEnablementFile } from "./enablement-file.ts";
export {
  type OpenedPlugin,
  type OpenedPlugins,
  type OpenPluginsOptions,
  openPlugins,
} from "./open-plugins.ts";
export {
  type CacheAddOptions,
  type CacheOptions,
  type CacheReading,
  type CacheReadOptions,
  createPackageCache,
  type PackageCache,
} from "./package-cache.ts";
export {
  cacheFolder,
  defaultStores,
  type Environment,
  enablementFile,
  type PlaceOptions,
  projectStore,
  userStore,
} from "./places.ts";
export { planText, readPlan } from "./plugin-plan.ts";
export { resolvePlugins } from "./resolve-plugins.ts";
export type { StoreLimitsInput } from "./store-limits.ts";
export { readStoredFile, type WriteModes, writeStoredFile } from "./stored-file.ts";
