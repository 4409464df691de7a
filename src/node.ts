/**
 * Packages on disk, for Node: stores and their discovery, enablement records, plans that restore to the
 * same packages, and the cache that packages are run from.
 *
 * @module
 */
export { createNodeListener } from "./drivers/webhook-listener.node.ts";
export { decisionChannelName } from "./grants/decision-channel.node.ts";
export {
  type NodeFileSystemOptions,
  nodeFileSystem,
} from "./host-api/fs/node-file-system.node.ts";
export { createNodeNetwork, type NodeNetworkOptions } from "./host-api/network.node.ts";
export type { StoreLimits } from "./limits.ts";
export {
  type CacheAddOptions,
  type CacheEntry,
  type CacheOptions,
  type CacheReading,
  type CacheReadOptions,
  cacheFolder,
  createPackageCache,
  type DiscoverOptions,
  defaultStores,
  disablePlugin,
  discoverPackages,
  type Environment,
  enablementFile,
  enablePlugin,
  type OpenedPlugin,
  type OpenedPlugins,
  type OpenPluginsOptions,
  openPlugins,
  type PackageCache,
  type PlaceOptions,
  type PruneOptions,
  type PruneReport,
  planText,
  projectStore,
  readEnablement,
  readEnablementFile,
  readPlan,
  resolvePlugins,
  type StoreLimitsInput,
  userStore,
} from "./store/store.ts";
export type {
  DiscoveredPackage,
  Discovery,
  Enablement,
  EnablementRecord,
  PackageStore,
  PluginPlan,
  ResolvedPlugin,
  StoreDiagnostic,
} from "./store/store.types.ts";
