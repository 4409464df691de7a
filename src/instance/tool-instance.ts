import { PluginError } from "../errors.ts";
import type { Authority } from "../grants/grants.types.ts";
import type { HostCalls } from "../host-api/host-call.ts";
import type { Json } from "../json.ts";
import type { GuestLimits } from "../limits.ts";
import { type Exposed, ingressViews } from "./exposed-surfaces.ts";
import type { GuestSlot } from "./guest-slot.ts";
import type { IngressEvent, IngressReport } from "./ingress.types.ts";
import { noIngress, refusedReport } from "./ingress-intake.ts";
import type {
  CallOptions,
  DeniedItem,
  InstanceEvents,
  InstanceIngress,
  InstanceService,
  InstanceState,
  InstanceStatus,
  InstanceTool,
  PluginInstance,
  ToolResult,
} from "./instance.types.ts";
import { callRefusal, createLifecycle, type Lifecycle } from "./lifecycle.ts";
import type { Listeners } from "./listeners.ts";
import type { StatusRecord } from "./status.ts";
import { settledWithin } from "./timing.ts";
import { type CallTool, createToolCalls, listTools } from "./tool-calls.ts";
import { createTurns, type Turns } from "./turn.ts";

/** What every instance is made of, whatever its guest. */
export interface InstanceParts {
  readonly authority: Authority;
  readonly limits: GuestLimits;
  readonly exposed: Exposed;
  readonly hostCalls: HostCalls;
  readonly listeners: Listeners<InstanceEvents>;
  readonly record: StatusRecord;
}

/** What an instance of a guest without a life of its own is made of. */
export interface ToolInstanceParts extends InstanceParts {
  readonly slot: GuestSlot;
}

/**
 * A plugin in use whose guest is entered anew by every call: of the tool world, or a raw one.
 *
 * It is ready until it is stopped, and has nothing to start: no service, and no ingress.
 */
export class ToolInstance implements PluginInstance {
  readonly tools: readonly InstanceTool[];
  readonly services: readonly InstanceService[];
  readonly ingresses: readonly InstanceIngress[];
  readonly denied: readonly DeniedItem[];
  readonly #parts: ToolInstanceParts;
  readonly #lifecycle: Lifecycle;
  readonly #turns: Turns;
  readonly #callTool: CallTool;
  readonly #stopping = new AbortController();
  #stopped: Promise<void> | undefined;

  constructor(parts: ToolInstanceParts) {
    const { authority, exposed, limits, listeners } = parts;
    this.#parts = parts;
    this.tools = listTools(exposed.tools);
    this.services = exposed.services;
    this.ingresses = ingressViews(exposed);
    this.denied = Object.freeze([...exposed.denied]);
    this.#turns = createTurns({ maxWaiting: limits.queuedCalls, plugin: authority.plugin.ref });
    this.#lifecycle = createLifecycle((move) => listeners.emit("state", move));
    this.#callTool = createToolCalls({
      ...parts,
      exposed: exposed.tools,
      turns: this.#turns,
      stopping: this.#stopping.signal,
      refusal: () => callRefusal(this.state, authority.plugin.ref),
      enter: (tool, input, deadline) => parts.slot.call("call", [tool, input], deadline),
    });
  }

  get identity() {
    return this.#parts.authority.plugin;
  }

  get state(): InstanceState {
    return this.#lifecycle.state;
  }

  callTool(name: string, input: Json, options?: CallOptions): Promise<ToolResult> {
    return this.#callTool(name, input, options);
  }

  async deliverIngress(name: string, event: IngressEvent): Promise<IngressReport> {
    const report = refusedReport(this.identity.ref, name, event, noIngress);
    this.#parts.listeners.emit("ingress", report);
    return report;
  }

  status(): InstanceStatus {
    const { waiting, running } = this.#turns;
    return this.#parts.record.read({ state: this.state, waiting, running });
  }

  /** There is no guest to ask between two calls. */
  async refreshStatus(): Promise<InstanceStatus> {
    return this.status();
  }

  on<Name extends keyof InstanceEvents>(
    name: Name,
    listener: (event: InstanceEvents[Name]) => void,
  ): () => void {
    return this.#parts.listeners.on(name, listener);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    this.#lifecycle.move("stopping");
    this.#turns.close(stoppedError(this.identity.ref));
    this.#stopping.abort();
    const { slot, hostCalls, limits } = this.#parts;
    // A backend, or a session of a host's own API, may never end; the instance does.
    await settledWithin(slot.close(), limits.startTimeoutMs);
    await settledWithin(this.#turns.idle(), limits.startTimeoutMs);
    await settledWithin((async () => hostCalls[Symbol.asyncDispose]())(), limits.startTimeoutMs);
    this.#lifecycle.move("stopped");
    this.#parts.listeners.clear();
  }
}

/** What calls and events are answered with that wait when their instance stops. */
export function stoppedError(plugin: string): PluginError {
  return new PluginError({
    code: "instance/stopped",
    phase: "lifecycle",
    plugin,
    message: "The instance was stopped before the guest had its turn.",
  });
}
