import type { DecisionEvent } from "./grants/grants.types.ts";
import type { HostApi } from "./host-api/host-api.ts";
import type { IngressDriver } from "./instance/ingress.types.ts";
import type { ReadSource } from "./package/load-package.ts";
import type { EnableFeature } from "./runtime/engine-features.ts";
import type { Isolate } from "./runtime/isolation/isolation.ts";
import type { PrepareImage } from "./runtime/preparation/prepare-image.ts";

/** What a platform provides to the rooms: everything that Node and browsers do differently. */
export interface Ports {
  /** Reads a package from a path or URL. */
  readonly readSource: ReadSource;
  /** The isolates by name, the default first. */
  readonly isolates: readonly Isolate[];
  readonly prepareImage: PrepareImage;
  /** The host APIs that this platform can provide. */
  readonly hostApis: readonly HostApi[];
  /** What feeds ingresses on this platform; a host's own are asked first. */
  readonly drivers: readonly IngressDriver[];
  /** Hears of every decision about any plugin, where the platform has a place for that. */
  readonly publishDecision?: (event: DecisionEvent) => void;
  /** Turns a WebAssembly feature on where the engine has it behind a switch. */
  readonly enableFeature: EnableFeature;
}
