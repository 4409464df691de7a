import { startDeadline } from "../deadline.ts";
import { PluginError } from "../errors.ts";
import type { Json } from "../json.ts";
import type { PreparedGuest } from "../runtime/backend.ts";
import {
  exposedActions,
  ingressViews,
  isAnythingExposed,
  refusalOfAll,
} from "./exposed-surfaces.ts";
import { GuestLife } from "./guest-life.ts";
import type { SlotContext } from "./guest-slot.ts";
import { createIngress, type Ingress, type IngressParts } from "./ingress.ts";
import type { DeliverOptions, IngressEvent, IngressReport } from "./ingress.types.ts";
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
import { createLifecycle, type Lifecycle } from "./lifecycle.ts";
import { createRestarts, type Restarts } from "./restarts.ts";
import { settledWithin } from "./timing.ts";
import { type CallTool, createToolCalls, listTools } from "./tool-calls.ts";
import { type InstanceParts, stoppedError } from "./tool-instance.ts";
import { createTurns, type Turns } from "./turn.ts";

/** What an instance of a guest that lives on is made of. */
export interface LivingInstanceParts
  extends InstanceParts,
    Pick<IngressParts, "plan" | "timing" | "declaredIngresses" | "requestApi"> {
  readonly prepared: PreparedGuest;
  readonly context: SlotContext;
}

/**
 * A plugin in use whose guest lives on: tools, services and ingresses are faces of that one guest.
 *
 * Calls, events and the steps of its life take turns, so that one state is behind them all and
 * nothing re-enters the guest (reference §4.5 to §4.9).
 */
export class LivingInstance implements PluginInstance {
  readonly tools: readonly InstanceTool[];
  readonly services: readonly InstanceService[];
  readonly ingresses: readonly InstanceIngress[];
  readonly denied: readonly DeniedItem[];
  readonly #parts: LivingInstanceParts;
  readonly #lifecycle: Lifecycle;
  readonly #turns: Turns;
  readonly #restarts: Restarts;
  readonly #life: GuestLife;
  readonly #callTool: CallTool;
  readonly #ingress: Ingress;
  /** Ends what the guest does at this moment. */
  readonly #stopping = new AbortController();
  #stopped: Promise<void> | undefined;

  constructor(parts: LivingInstanceParts) {
    const { authority, exposed, limits, listeners, record, plan, timing } = parts;
    const plugin = authority.plugin.ref;
    const { signal: stopping } = this.#stopping;
    this.#parts = parts;
    this.tools = listTools(exposed.tools);
    this.services = exposed.services;
    this.ingresses = ingressViews(exposed);
    this.denied = Object.freeze([...exposed.denied]);
    this.#turns = createTurns({ maxWaiting: limits.queuedCalls, plugin });
    this.#lifecycle = createLifecycle((move) => listeners.emit("state", move));
    this.#restarts = createRestarts(plan.restart, timing);
    const turns = this.#turns;
    this.#life = new GuestLife({
      ...parts,
      plugin,
      turns,
      stopping,
      config: plan.config,
      lifecycle: this.#lifecycle,
      restarts: this.#restarts,
      mayRestart: () => refusalOfAll(exposedActions(exposed), authority),
      onComponent: (status) => record.component(status),
      onFault: (error, next) => this.#onFault(error, next),
    });
    const life = this.#life;
    this.#callTool = createToolCalls({
      ...parts,
      exposed: exposed.tools,
      turns,
      stopping,
      refusal: () => life.refusal(),
      enter: (tool, input, deadline) => life.enter("handle-tool", [tool, input], deadline),
    });
    this.#ingress = createIngress({ ...parts, turns, life, stopping, state: () => this.state });
  }

  get identity() {
    return this.#parts.authority.plugin;
  }

  get state(): InstanceState {
    return this.#lifecycle.state;
  }

  /**
   * Brings the instance up: the guest starts, its queue is opened, then its sources. With nothing
   * granted nothing is started.
   *
   * @param signal Gives it up.
   * @throws PluginError why it could not be; everything is closed by then.
   */
  async start(signal: AbortSignal | undefined): Promise<void> {
    if (!isAnythingExposed(this.#parts.exposed)) return;
    try {
      await this.#life.start(signal);
      await this.#ingress.open(signal);
    } catch (thrown) {
      await this.stop();
      throw signal?.aborted === true ? startAborted(this.identity.ref) : thrown;
    }
  }

  callTool(name: string, input: Json, options?: CallOptions): Promise<ToolResult> {
    return this.#callTool(name, input, options);
  }

  deliverIngress(
    name: string,
    event: IngressEvent,
    options?: DeliverOptions,
  ): Promise<IngressReport> {
    return this.#ingress.deliver(name, event, options);
  }

  status(): InstanceStatus {
    const { waiting, running } = this.#turns;
    return this.#parts.record.read({
      state: this.state,
      waiting,
      running,
      restarts: this.#restarts.status(),
      ...this.#ingress.status(),
    });
  }

  async refreshStatus({ signal }: { readonly signal?: AbortSignal } = {}): Promise<InstanceStatus> {
    if (this.state === "running") {
      // Why it could not be asked, or what came of it, is in the status.
      await this.#turns.run(() => this.#life.refresh(), signal).catch(() => undefined);
    }
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

  /**
   * Stops everything in its order: what feeds the guest, what waits for it, what it does, itself.
   *
   * What runs may finish within its own deadline, but no longer than `startTimeoutMs`: a guest that
   * lives on has a state to leave in order. A start is cut off at once, as nobody waits for its result.
   */
  async #stop(): Promise<void> {
    const { startTimeoutMs } = this.#parts.limits;
    const wasStarting = this.state === "starting";
    this.#lifecycle.move("stopping");
    this.#life.giveUp();
    this.#turns.close(stoppedError(this.identity.ref));
    if (wasStarting) this.#stopping.abort();
    using grace = startDeadline({ budgetMs: startTimeoutMs });
    grace.onEnd(() => this.#stopping.abort());
    await this.#ingress.release(stoppedError(this.identity.ref));
    // Our own backends end every call at its deadline; one that does not is not waited for any longer.
    const isIdle = await settledWithin(this.#turns.idle(), 2 * startTimeoutMs);
    const failure = await this.#life.stop(isIdle);
    // Calls that wait for a policy's answer have no turn, and now never will.
    this.#stopping.abort();
    if (failure !== undefined) this.#parts.record.failed(failure);
    await settledWithin(
      (async () => this.#parts.hostCalls[Symbol.asyncDispose]())(),
      startTimeoutMs,
    );
    this.#lifecycle.move(failure === undefined ? "stopped" : "failed");
    this.#parts.listeners.clear();
  }

  #onFault(error: PluginError, next: ReturnType<Restarts["plan"]>): void {
    this.#parts.record.failed(error);
    if (next !== undefined) this.#parts.listeners.emit("restart", next);
    // Nothing will take what waits, and nobody is left to answer for the connections.
    else void this.#ingress.release(this.#life.refusal() ?? error);
  }
}

function startAborted(plugin: string): PluginError {
  return new PluginError({
    code: "runtime/aborted",
    phase: "lifecycle",
    plugin,
    message: "Starting the instance was given up because the caller's signal fired.",
  });
}
