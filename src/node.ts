/**
 * What only Node has: packages kept on disk.
 *
 * @module
 */
export type { PackageSource } from "./package/package.types.ts";
