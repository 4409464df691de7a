import { inertText } from "../diagnostic.ts";
import { diagnosticError, PluginError } from "../errors.ts";
import type { HostApi } from "../host-api/host-api.ts";
import { openHostCalls } from "../host-api/host-call.ts";
import { createLogApi } from "../host-api/log/log-api.ts";
import type { PluginPackage } from "../package/package.types.ts";
import type { Artifact, PreparedGuest, RuntimeBackend } from "../runtime/backend.ts";
import type { Isolate } from "../runtime/isolation/isolation.ts";
import { selectBackend } from "../runtime/select-backend.ts";
import { admit } from "../wasm/admission.ts";
import { readArtifact } from "../wasm/artifact.ts";
import { authoriseImports } from "./authorise-imports.ts";
import { exposeSurfaces, isAnythingExposed } from "./exposed-surfaces.ts";
import { endHandlesWithGuest } from "./guest-handles.ts";
import { createGuestSlot, type SlotContext } from "./guest-slot.ts";
import type { InstanceEvents, InstanceStatus, PluginInstance } from "./instance.types.ts";
import {
  type InstanceDefaults,
  type InstanceEvent,
  type InstanceOptions,
  type InstancePlan,
  planInstance,
  requireKeptLimits,
} from "./instance-options.ts";
import { createListeners, type Listeners } from "./listeners.ts";
import { LivingInstance } from "./living-instance.ts";
import { createStatusRecord } from "./status.ts";
import { systemTiming } from "./timing.ts";
import { ToolInstance } from "./tool-instance.ts";

/** Makes an instance of a loaded package; see {@link createInstanceFactory}. */
export type CreateInstance = (
  pkg: PluginPackage,
  options?: InstanceOptions,
) => Promise<PluginInstance>;

/**
 * Composes `createInstance` for a platform.
 *
 * The whole order stands here: options become a plan, grants an authority, services, ingresses and
 * tools are registered, the artifact is read and admitted, a backend prepares it. A guest of the tool
 * world, or a raw one, then waits for its first call, and none of its code has run. One of the
 * instance world is started, its queue and its sources are opened, and it lives until it is stopped.
 *
 * @param defaults The platform's isolates, backends and drivers.
 * @returns `createInstance`. It throws a PluginError: `options/…` for what the host got wrong,
 *   `artifact/…` for a guest that may not run, and whatever starting it ended in, of the phase
 *   `lifecycle`. Refused tools, services and ingresses are no error; they are in `denied`.
 */
export function createInstanceFactory(defaults: InstanceDefaults): CreateInstance {
  return async (pkg, options = {}) => {
    const listeners = instanceListeners(options);
    const plan = planInstance(pkg, options, {
      ...defaults,
      hostApis: [...defaults.hostApis, instanceLog(listeners)],
    });
    const { onDecision } = options;
    const authority = defaults.createAuthority(pkg, options.grants, { onDecision });
    const exposed = await exposeSurfaces(pkg, plan.surfaces, authority);

    const { artifact, backend } = selectRuntime(pkg, plan);
    requireKeptLimits(options.limits, backend);
    const apis = await authoriseImports(artifact.facts, authority, plan.hostApis);
    requireHostCalls(apis, plan.isolate);
    // A plugin that was granted nothing can't be used, so nothing of it is compiled either.
    const prepared = isAnythingExposed(exposed)
      ? await backend.prepare(artifact, {
          limits: plan.limits,
          isolate: plan.isolate,
          signal: options.signal,
        })
      : nothingToRun;
    stopIfAborted(options.signal);

    const { limits } = plan;
    const record = createStatusRecord({
      plugin: pkg.identity,
      isolation: plan.isolate.name,
      hostCalls: hostCallBridge(plan.isolate),
      backend: backend.name,
    });
    const hostCalls = openHostCalls(apis, { plugin: pkg.identity, authority });
    const context: Omit<SlotContext, "lifetime"> = {
      limits,
      isolate: plan.isolate,
      hostCalls,
      wasi: plan.wasi,
      onLog: (line) => listeners.emit("log", { ...line, text: inertText(line.text) }),
    };
    const parts = { authority, limits, exposed, hostCalls, listeners, record };
    const guests = endHandlesWithGuest(prepared, hostCalls);

    if (!livesOn(artifact)) {
      const onReplaced = (error: PluginError) => {
        record.guestReplaced(error);
        listeners.emit("replaced", { code: error.code, message: error.message });
      };
      const slot = createGuestSlot(guests, { ...context, lifetime: "call" }, onReplaced);
      return new ToolInstance({ ...parts, slot });
    }
    const instance = new LivingInstance({
      ...parts,
      prepared: guests,
      context: { ...context, lifetime: "instance" },
      plan: plan.life,
      timing: defaults.timing ?? systemTiming,
      declaredIngresses: new Set(pkg.manifest.ingresses.map(({ name }) => name)),
      requestApi: plan.hostApis.get("yoi:host/request@1.0.0"),
    });
    await instance.start(options.signal);
    return instance;
  };
}

/** Whether the guest keeps its state from one call to the next: the world decides, never the bytes. */
function livesOn({ runtime }: Artifact): boolean {
  return runtime.kind === "wasm-component" && runtime.world === "yoi:plugin/instance@1.0.0";
}

/** The artifact that the manifest declares, read and admitted, and the backend that runs its kind. */
function selectRuntime(
  pkg: PluginPackage,
  plan: InstancePlan,
): { readonly artifact: Artifact; readonly backend: RuntimeBackend } {
  const { runtime } = pkg.manifest;
  if (runtime === undefined) {
    throw new PluginError({
      code: "artifact/missing",
      phase: "preparation",
      plugin: pkg.identity.ref,
      message: "The package declares no [runtime], so there is nothing to make an instance of.",
    });
  }
  const backend = selectBackend(runtime, plan.backends);
  const path = runtime.kind === "wasm" ? runtime.entry : runtime.component;
  const bytes = pkg.readFile(path);
  const facts = readArtifact(bytes);
  const customInterfaces = signaturesOf(plan.hostApis);
  const [reason] = admit(facts, { runtime, limits: plan.limits, customInterfaces });
  if (reason !== undefined) throw diagnosticError(reason, pkg.identity.ref);
  const key = `${pkg.digest} ${path}`;
  return { artifact: { key, bytes, facts, runtime, customInterfaces }, backend };
}

/** The functions of the host's own APIs, which admission holds the guest's imports against. */
function signaturesOf(
  apis: ReadonlyMap<string, HostApi>,
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const own = [...apis.values()].flatMap(({ interface: name, signatures }) =>
    signatures === undefined ? [] : [[name, signatures] as const],
  );
  return new Map(own);
}

const nothingToRun: PreparedGuest = {
  instantiate() {
    throw new Error("a plugin that was granted nothing is never entered");
  },
};

const eventTypes: readonly (keyof InstanceEvents)[] = [
  "state",
  "call",
  "replaced",
  "log",
  "ingress",
  "deadLetter",
  "command",
  "diagnostic",
  "restart",
];

function instanceListeners({ onEvent }: InstanceOptions): Listeners<InstanceEvents> {
  const listeners = createListeners<InstanceEvents>();
  if (onEvent !== undefined) {
    for (const type of eventTypes) {
      listeners.on(type, (event: object) => onEvent({ type, ...event } as InstanceEvent));
    }
  }
  return listeners;
}

/** Lines that the guest logs are lines of the instance; whoever listens there decides what becomes of them. */
function instanceLog(listeners: Listeners<InstanceEvents>): HostApi {
  return createLogApi({
    onLine: ({ level, message, dropped }) =>
      listeners.emit("log", {
        stream: "log",
        text: message,
        level,
        ...(dropped === 0 ? {} : { dropped }),
      }),
  });
}

const whereAnswered =
  'Use "worker", which answers in Node, and in a page that is cross-origin isolated. Elsewhere, and for "inline", the engine has to suspend WebAssembly (JSPI): Node 24 and later do, and Chromium.';

/** How the guest's host calls are answered, for its status. */
function hostCallBridge({ hostCallBridge, guarantees }: Isolate): InstanceStatus["hostCalls"] {
  return hostCallBridge ?? (guarantees.hostCalls ? "own" : "none");
}

function requireHostCalls(apis: readonly HostApi[], isolate: Isolate): void {
  if (apis.length === 0 || isolate.guarantees.hostCalls) return;
  throw new PluginError({
    code: "options/unsupported",
    phase: "options",
    message: `The guest imports host APIs, which the isolation "${isolate.name}" can't answer here. ${whereAnswered}`,
  });
}

function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new PluginError({
    code: "runtime/aborted",
    phase: "preparation",
    message: "Creating the instance was given up because the caller's signal fired.",
  });
}
