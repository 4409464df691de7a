import { quoteName } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";
import type { DecisionEvent } from "../grants/grants.types.ts";
import type { CreateAuthority, Grants } from "../grants/plan.ts";
import type { HostApi } from "../host-api/host-api.ts";
import { readWasiOptions, type WasiOptions } from "../host-api/wasi/wasi.ts";
import {
  type GuestLimits,
  guestLimits,
  type Limit,
  mergeLimits,
  rawGuestDefaults,
} from "../limits.ts";
import type { Surface } from "../manifest/manifest.types.ts";
import type { PluginPackage } from "../package/package.types.ts";
import type { RuntimeBackend } from "../runtime/backend.ts";
import type { Isolate } from "../runtime/isolation/isolation.ts";
import type { IngressDriver } from "./ingress.types.ts";
import type { InstanceEvents } from "./instance.types.ts";
import { type LifeOptions, type LifePlan, planLife } from "./life-options.ts";
import type { Timing } from "./timing.ts";

/** Anything that an instance announces, with its name as `type`. */
export type InstanceEvent = {
  readonly [Name in keyof InstanceEvents]: { readonly type: Name } & InstanceEvents[Name];
}[keyof InstanceEvents];

/** Options of `createInstance`. */
export interface InstanceOptions extends LifeOptions, WasiOptions {
  /** What the host grants; without it nothing is allowed. */
  readonly grants?: Grants;
  /** The surfaces to use, of those that the package has; all of them when absent. */
  readonly surfaces?: readonly Surface[];
  /** Where the guest runs: `worker` (the default), `inline`, or an isolate of the host's own. */
  readonly isolation?: "worker" | "inline" | Isolate;
  /** The backends to choose from, the first that fits; ours when absent. */
  readonly backends?: readonly RuntimeBackend[];
  /** Host APIs besides ours, or in place of those with the same interface, in whatever version. */
  readonly hostApis?: readonly HostApi[];
  /** Bounds of the guest; a limit that the isolation can't keep is refused. */
  readonly limits?: Partial<GuestLimits>;
  /** Hears everything that the instance announces, from the start on. */
  readonly onEvent?: (event: InstanceEvent) => void;
  /**
   * Hears of every decision about the plugin, allowed or refused: the audit trail. In Node, the
   * diagnostics channel `yoi-plugin-sdk:decision` hears of the same without it.
   */
  readonly onDecision?: (event: DecisionEvent) => void;
  /** Ends the creation when it fires; once there is an instance, it has no effect. */
  readonly signal?: AbortSignal;
}

/** What an application composes once: the platform's isolates, backends and audit. */
export interface InstanceDefaults {
  /** By name, the default first. */
  readonly isolates: readonly Isolate[];
  readonly backends: readonly RuntimeBackend[];
  readonly hostApis: readonly HostApi[];
  readonly createAuthority: CreateAuthority;
  /** Ask after the host's own; none when absent. */
  readonly drivers?: readonly IngressDriver[];
  /** The platform's own when absent. */
  readonly timing?: Timing;
}

/** The options resolved: every later room reads this and nothing else. */
export interface InstancePlan {
  readonly surfaces: ReadonlySet<Surface>;
  readonly isolate: Isolate;
  readonly backends: readonly RuntimeBackend[];
  /** By interface. */
  readonly hostApis: ReadonlyMap<string, HostApi>;
  readonly limits: GuestLimits;
  /** Clocks and randomness of the guest. */
  readonly wasi: WasiOptions;
  readonly life: LifePlan;
}

/**
 * Resolves a host's options once.
 *
 * @param pkg The package.
 * @param options What the host asked for.
 * @param defaults What it gets otherwise.
 * @returns The plan, frozen.
 * @throws PluginError `options/invalid` for an option without meaning, `options/unsupported` for a
 *   limit or isolation that can't be kept here.
 */
export function planInstance(
  pkg: PluginPackage,
  options: InstanceOptions,
  defaults: InstanceDefaults,
): InstancePlan {
  const isolate = chooseIsolate(options.isolation, defaults.isolates);
  return Object.freeze({
    surfaces: chooseSurfaces(pkg, options.surfaces),
    isolate,
    backends: Object.freeze([...(options.backends ?? defaults.backends)]),
    hostApis: chooseHostApis(options.hostApis ?? [], defaults.hostApis),
    limits: chooseLimits(pkg, options.limits, isolate),
    wasi: readWasiOptions(options),
    life: planLife(options, defaults.drivers),
  });
}

function chooseSurfaces(
  pkg: PluginPackage,
  chosen: readonly Surface[] | undefined,
): ReadonlySet<Surface> {
  for (const surface of chosen ?? []) {
    if (!pkg.surfaces.includes(surface)) {
      refuse("options/invalid", `The package has no surface ${JSON.stringify(surface)}.`);
    }
  }
  return new Set(chosen ?? pkg.surfaces);
}

function chooseIsolate(
  chosen: InstanceOptions["isolation"],
  isolates: readonly Isolate[],
): Isolate {
  if (typeof chosen === "object") return chosen;
  const found = chosen === undefined ? isolates[0] : isolates.find(({ name }) => name === chosen);
  const names = isolates.map(({ name }) => name).join(", ");
  return (
    found ??
    refuse(
      "options/unsupported",
      `There is no isolation ${JSON.stringify(chosen)} here, but ${names}.`,
    )
  );
}

/** A host's API takes the place of ours in every version, or a guest could choose ours by its version. */
function chooseHostApis(
  own: readonly HostApi[],
  ours: readonly HostApi[],
): ReadonlyMap<string, HostApi> {
  // What a host without types passes, such as the definition that defineHostApi takes.
  if (!Array.isArray(own) || own.some((api) => typeof api?.open !== "function")) {
    refuse(
      "options/invalid",
      "hostApis must be a list of APIs, as defineHostApi, createHttpsApi and their like make them.",
    );
  }
  const unversioned = ({ interface: name }: HostApi) => name.replace(/@.*$/u, "");
  const replaced = new Set(own.map(unversioned));
  const kept = ours.filter((api) => !replaced.has(unversioned(api)));
  return new Map([...kept, ...own].map((api) => [api.interface, api]));
}

/** Which guarantee of an isolate keeps which limit. */
const keptBy: Partial<Record<keyof GuestLimits, keyof Isolate["guarantees"]>> = {
  timeoutMs: "deadline",
  startTimeoutMs: "deadline",
  memoryBytes: "memory",
  tableElements: "memory",
};

function chooseLimits(
  pkg: PluginPackage,
  asked: Partial<GuestLimits> | undefined,
  isolate: Isolate,
): GuestLimits {
  for (const [name, guarantee] of Object.entries(keptBy)) {
    if (asked?.[name as keyof GuestLimits] !== undefined && !isolate.guarantees[guarantee]) {
      refuse(
        "options/unsupported",
        `The isolation "${isolate.name}" can't keep the limit ${name}. Use another isolation, or leave the limit out.`,
      );
    }
  }
  const defaults = pkg.manifest.runtime?.kind === "wasm" ? rawGuestDefaults : {};
  return mergeLimits(
    guestLimits as Record<keyof GuestLimits, Limit>,
    { ...defaults, ...asked },
    (message) => refuse("options/invalid", message),
  );
}

/**
 * Refuses limits that the chosen backend says it can't keep; defaults are not asked for.
 *
 * @param asked What the host asked for.
 * @param backend The backend that will run the guest.
 * @throws PluginError `options/unsupported` for the first such limit.
 */
export function requireKeptLimits(
  asked: Partial<GuestLimits> | undefined,
  { name, unkeptLimits = [] }: RuntimeBackend,
): void {
  const unkept = unkeptLimits.find((limit) => asked?.[limit] !== undefined);
  if (unkept === undefined) return;
  refuse(
    "options/unsupported",
    `The backend ${quoteName(name)} can't keep the limit ${unkept}. Use another backend, or leave the limit out.`,
  );
}

function refuse(code: "options/invalid" | "options/unsupported", message: string): never {
  throw new PluginError({ code, phase: "options", message });
}
