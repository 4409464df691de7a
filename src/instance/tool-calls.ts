import { type Deadline, startDeadline } from "../deadline.ts";
import { quoteName } from "../diagnostic.ts";
import { isPluginError, PluginError } from "../errors.ts";
import type { Authority, Decision } from "../grants/grants.types.ts";
import type { Json } from "../json.ts";
import type { GuestLimits } from "../limits.ts";
import type { GuestReply } from "../runtime/backend.ts";
import { type ResolvedCall, resolveCall } from "./call-options.ts";
import type { ExposedTool, ExposedTools } from "./exposed-tools.ts";
import type { CallOptions, InstanceEvents, InstanceTool, ToolResult } from "./instance.types.ts";
import type { Listeners } from "./listeners.ts";
import type { StatusRecord } from "./status.ts";
import { unlessAborted } from "./timing.ts";
import { readToolInput } from "./tool-input.ts";
import { readToolOutput } from "./tool-output.ts";
import { beginToolCall, failureOf, type ToolCall } from "./tool-result.ts";
import type { Turns } from "./turn.ts";

/** What tool calls need of the instance around them; the guest is entered in its own way. */
export interface ToolCallParts {
  readonly authority: Authority;
  readonly limits: GuestLimits;
  readonly exposed: ExposedTools;
  readonly turns: Turns;
  readonly listeners: Listeners<InstanceEvents>;
  readonly record: StatusRecord;
  /** Fires when calls that run are to end because the instance stops. */
  readonly stopping: AbortSignal;
  /** Why the instance takes no calls now, if it takes none. */
  refusal(): PluginError | undefined;
  /** Has the guest do a tool's work. It is called in the call's turn. */
  enter(tool: string, input: string, deadline: Deadline): Promise<GuestReply>;
}

/** Calls one of an instance's tools; whatever the plugin does ends as a result. */
export type CallTool = (name: string, input: Json, options?: CallOptions) => Promise<ToolResult>;

/**
 * Makes the one way in which every instance calls its tools (reference §4.2, §4.3): refuse what is
 * known to be refused, check the input, wait for a turn, authorise, enter the guest, read its answer.
 *
 * @param parts What they need.
 * @returns The function; it throws `registry/unknown-tool` for a tool that the package does not have.
 */
export function createToolCalls(parts: ToolCallParts): CallTool {
  const plugin = parts.authority.plugin.ref;

  return async (name, input, options) => {
    const call = resolveCall(options, parts.limits.timeoutMs);
    const exposed = parts.exposed.tools.get(name);
    if (exposed === undefined) return refuseUnexposed(name, call);
    const begun = beginToolCall({ callId: call.callId, tool: name, origin: exposed.tool.origin });
    const result = await callExposed(exposed, input, call, begun);
    parts.record.callEnded(result);
    parts.listeners.emit("call", result);
    return result;
  };

  async function callExposed(
    { tool, check }: ExposedTool,
    input: Json,
    call: ResolvedCall,
    begun: ToolCall,
  ): Promise<ToolResult> {
    try {
      const refusal = parts.refusal();
      if (refusal !== undefined) throw refusal;
      obey(parts.authority.precheck(actionOf(tool), "execution"));
      const read = readToolInput(input, check, parts.limits.inputBytes);
      if (!read.ok) return begun.fail(read);
      return await parts.turns.run(() => enter(tool, read, call, begun), call.signal);
    } catch (thrown) {
      // What a stopped guest fails with says less than that it was stopped.
      const reason = parts.stopping.aborted ? (parts.refusal() ?? thrown) : thrown;
      return begun.fail(failureOf(reason, unexpected()), usageOf(thrown));
    }
  }

  /** The part of a call that has its turn: asks, enters the guest, reads its answer. */
  async function enter(
    tool: InstanceTool,
    input: { readonly text: string; readonly bytes: number },
    call: ResolvedCall,
    begun: ToolCall,
  ): Promise<ToolResult> {
    // Only now: a grant may be revoked while the call waits, and a person is asked once.
    await authorise(tool, call);
    using deadline = startDeadline({
      budgetMs: call.timeoutMs,
      signals: [call.signal, parts.stopping],
    });
    const reply = await parts.enter(tool.name, input.text, deadline);
    const usage = { ...reply.usage, inputBytes: input.bytes };
    const output = readToolOutput(reply.output, parts.limits);
    return output.ok ? begun.succeed(output, usage) : begun.fail(output, usage);
  }

  /** The host's policy may ask a person, who may take longer than the caller or the instance wait. */
  async function authorise(tool: InstanceTool, { signal }: ResolvedCall): Promise<void> {
    const asked = parts.authority.decide(actionOf(tool), "execution");
    obey(await unlessAborted(asked, [signal, parts.stopping]));
  }

  function obey(decision: Decision): void {
    if (decision.allowed) return;
    const { code, message } = decision;
    throw new PluginError({ code, phase: "execution", plugin, message });
  }

  /** A tool that the package declares but that was not exposed is a refusal; any other name is the host's mistake. */
  function refuseUnexposed(name: string, call: ResolvedCall): ToolResult {
    const denied = parts.exposed.denied.find((item) => item.name === name);
    if (denied === undefined) {
      throw new PluginError({
        code: "registry/unknown-tool",
        phase: "execution",
        plugin,
        message: `The plugin has no tool ${quoteName(name)}.`,
      });
    }
    const { origin } = parts.exposed;
    return beginToolCall({ callId: call.callId, tool: name, origin }).fail(denied.diagnostic);
  }
}

/**
 * Lists tools as an instance shows them.
 *
 * @param exposed The tools that are exposed.
 * @returns Their public part, sorted by name, frozen.
 */
export function listTools(exposed: ExposedTools): readonly InstanceTool[] {
  const tools = [...exposed.tools.values()].map(({ tool }) => tool);
  return Object.freeze(tools.sort((left, right) => (left.name < right.name ? -1 : 1)));
}

function actionOf({ name, externalWrite }: InstanceTool) {
  return { kind: "tool", name, externalWrite } as const;
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
