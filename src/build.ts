/** Building plugins from TypeScript, for authors; Node only. */
export {
  type BuildComponentOptions,
  buildComponent,
  type GuestEngine,
} from "./build/build-component.ts";
export { type BuildPackageOptions, buildPackage } from "./build/build-package.ts";
export type { GuestWorld } from "./build/guest-world.ts";
