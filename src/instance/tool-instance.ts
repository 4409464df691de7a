import { startDeadline } from "../deadline.ts";
import { quoteName } from "../diagnostic.ts";
import { isPluginError, PluginError } from "../errors.ts";
import type { Authority } from "../grants/grants.types.ts";
import type { HostCalls } from "../host-api/host-call.ts";
import type { Json } from "../json.ts";
import type { GuestLimits } from "../limits.ts";
import type { PackageIdentity } from "../package/package.types.ts";
import { type ResolvedCall, resolveCall } from "./call-options.ts";
import type { ExposedTool, ExposedTools } from "./exposed-tools.ts";
import type { GuestSlot } from "./guest-slot.ts";
import type {
  CallOptions,
  DeniedItem,
  InstanceEvents,
  InstanceState,
  InstanceStatus,
  InstanceTool,
  PluginInstance,
  ToolResult,
} from "./instance.types.ts";
import { callRefusal, createLifecycle, type Lifecycle } from "./lifecycle.ts";
import type { Listeners } from "./listeners.ts";
import type { StatusRecord } from "./status.ts";
import { readToolInput } from "./tool-input.ts";
import { readToolOutput } from "./tool-output.ts";
import { beginToolCall, failureOf, type ToolCall } from "./tool-result.ts";
import { createTurns, type Turns } from "./turn.ts";

/** What an instance of a tool-world guest is made of. */
export interface ToolInstanceParts {
  readonly identity: PackageIdentity;
  readonly authority: Authority;
  readonly limits: GuestLimits;
  readonly exposed: ExposedTools;
  readonly slot: GuestSlot;
  readonly hostCalls: HostCalls;
  readonly listeners: Listeners<InstanceEvents>;
  readonly record: StatusRecord;
}

/** A plugin in use whose guest is entered anew by every call. */
export class ToolInstance implements PluginInstance {
  readonly identity: PackageIdentity;
  readonly tools: readonly InstanceTool[];
  readonly denied: readonly DeniedItem[];
  readonly #parts: ToolInstanceParts;
  readonly #lifecycle: Lifecycle;
  readonly #turns: Turns;
  readonly #stopping = new AbortController();
  #stopped: Promise<void> | undefined;

  constructor(parts: ToolInstanceParts) {
    const { identity, exposed, limits, listeners } = parts;
    this.#parts = parts;
    this.identity = identity;
    this.tools = Object.freeze(
      [...exposed.tools.values()]
        .map(({ tool }) => tool)
        .sort((left, right) => (left.name < right.name ? -1 : 1)),
    );
    this.denied = Object.freeze([...exposed.denied]);
    this.#turns = createTurns({ maxWaiting: limits.queuedCalls, plugin: identity.ref });
    this.#lifecycle = createLifecycle((move) => listeners.emit("state", move), "ready");
  }

  get state(): InstanceState {
    return this.#lifecycle.state;
  }

  async callTool(name: string, input: Json, options?: CallOptions): Promise<ToolResult> {
    const call = resolveCall(options, this.#parts.limits.timeoutMs);
    const exposed = this.#parts.exposed.tools.get(name);
    if (exposed === undefined) return this.#refuseUnexposed(name, call);
    const begun = beginToolCall({ callId: call.callId, tool: name, origin: exposed.tool.origin });
    const result = await this.#callExposed(exposed, input, call, begun);
    this.#parts.record.callEnded(result);
    this.#parts.listeners.emit("call", result);
    return result;
  }

  status(): InstanceStatus {
    const { waiting, running } = this.#turns;
    return this.#parts.record.read({ state: this.state, waiting, running });
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
    this.#turns.close(this.#refusal() ?? unexpected());
    this.#stopping.abort();
    await this.#parts.slot.close();
    await this.#turns.idle();
    await this.#parts.hostCalls[Symbol.asyncDispose]();
    this.#lifecycle.move("stopped");
    this.#parts.listeners.clear();
  }

  async #callExposed(
    { tool, check }: ExposedTool,
    input: Json,
    call: ResolvedCall,
    begun: ToolCall,
  ): Promise<ToolResult> {
    try {
      const refusal = this.#refusal();
      if (refusal !== undefined) throw refusal;
      await this.#authorise(tool);
      const read = readToolInput(input, check, this.#parts.limits.inputBytes);
      if (!read.ok) return begun.fail(read);
      return await this.#turns.run(() => this.#enter(tool, read, call, begun), call.signal);
    } catch (thrown) {
      return begun.fail(failureOf(this.#refusal() ?? thrown, unexpected()), usageOf(thrown));
    }
  }

  /** The part of a call that has its turn: asks again, enters the guest, reads its answer. */
  async #enter(
    tool: InstanceTool,
    input: { readonly text: string; readonly bytes: number },
    call: ResolvedCall,
    begun: ToolCall,
  ): Promise<ToolResult> {
    // A grant may have been revoked while the call waited.
    await this.#authorise(tool);
    using deadline = startDeadline({
      budgetMs: call.timeoutMs,
      signals: [call.signal, this.#stopping.signal],
    });
    const reply = await this.#parts.slot.call("call", [tool.name, input.text], deadline);
    const usage = { ...reply.usage, inputBytes: input.bytes };
    const output = readToolOutput(reply.output, this.#parts.limits);
    return output.ok ? begun.succeed(output, usage) : begun.fail(output, usage);
  }

  async #authorise({ name, externalWrite }: InstanceTool): Promise<void> {
    const decision = await this.#parts.authority.decide(
      { kind: "tool", name, externalWrite },
      "execution",
    );
    if (decision.allowed) return;
    const { code, message } = decision;
    throw new PluginError({ code, phase: "execution", plugin: this.identity.ref, message });
  }

  #refusal(): PluginError | undefined {
    return callRefusal(this.state, this.identity.ref);
  }

  /** A tool that the package declares but that was not exposed is a refusal; any other name is the host's mistake. */
  #refuseUnexposed(name: string, call: ResolvedCall): ToolResult {
    const denied = this.denied.find((item) => item.kind === "tool" && item.name === name);
    if (denied === undefined) {
      throw new PluginError({
        code: "registry/unknown-tool",
        phase: "execution",
        plugin: this.identity.ref,
        message: `The plugin has no tool ${quoteName(name)}.`,
      });
    }
    const { origin } = this.#parts.exposed;
    return beginToolCall({ callId: call.callId, tool: name, origin }).fail(denied.diagnostic);
  }
}

/** What a guest had spent when it failed. */
function usageOf(thrown: unknown): ToolResult["usage"] {
  const fuel = isPluginError(thrown) ? thrown.details.fuel : undefined;
  return typeof fuel === "number" ? { fuel } : undefined;
}

function unexpected(): PluginError {
  return new PluginError({
    code: "instance/failed",
    phase: "execution",
    message: "The call failed in an unexpected way.",
  });
}
