import { quoteName } from "../diagnostic.ts";
import { type ErrorCode, PluginError } from "../errors.ts";
import { resolveCall } from "../instance/call-options.ts";
import type { CallOptions, PluginInstance, ToolResult } from "../instance/instance.types.ts";
import { notify } from "../instance/listeners.ts";
import { beginToolCall } from "../instance/tool-result.ts";
import { guestLimits, mergeLimits } from "../limits.ts";
import { toolNameProblem } from "../manifest/manifest.ts";
import { onAborted } from "../on-aborted.ts";
import { type HostToolBounds, registeredHostTool } from "./host-tool.ts";
import { registeredPluginTool } from "./plugin-tool.ts";
import type { HostTool, RegisteredTool, ToolCallRecord, ToolDefinition } from "./tool.ts";

/** Options of a {@link ToolRegistry}. */
export interface ToolRegistryOptions {
  /** Told of every call that ended; what it throws goes to the console and never into the call. */
  readonly onCall?: (record: ToolCallRecord) => void;
  /** Bounds of the host's own tools, in bytes; a plugin's are its instance's. */
  readonly limits?: Partial<HostToolBounds>;
}

/** What became of an instance's tools. */
export interface AddedTools {
  /** Names in the registry, prefix included, sorted. */
  readonly registered: readonly string[];
  /** Tools that are not registered, the denied ones among them, and why. */
  readonly skipped: readonly SkippedTool[];
}

/** A tool that is not registered. */
export interface SkippedTool {
  readonly name: string;
  readonly code: ErrorCode;
  readonly message: string;
}

/** The tools as they were at one moment, for one run of a model. */
export interface ToolSnapshot {
  list(): readonly ToolDefinition[];
  /**
   * Calls a tool of the snapshot. One that was removed since gives an ordinary error result, also
   * when another took its name.
   *
   * @throws PluginError as {@link ToolRegistry.call} does.
   */
  call(name: string, input: unknown, options?: CallOptions): Promise<ToolResult>;
}

/**
 * The tools that a model may call: those of plugin instances and the host's own, by name.
 *
 * A name belongs to whoever came first and is never taken over (reference §4.2). The registry owns
 * no instance: disposing it stops none.
 */
export class ToolRegistry {
  readonly #tools = new Map<string, RegisteredTool>();
  readonly #running = new Map<AbortController, Promise<unknown>>();
  readonly #onCall: ((record: ToolCallRecord) => void) | undefined;
  readonly #bounds: HostToolBounds;
  #isDisposed = false;

  constructor(options: ToolRegistryOptions = {}) {
    const { inputBytes, outputBytes, summaryBytes } = guestLimits;
    this.#onCall = options.onCall;
    this.#bounds = mergeLimits(
      { inputBytes, outputBytes, summaryBytes },
      options.limits,
      (message) => {
        throw new PluginError({ code: "options/invalid", phase: "options", message });
      },
    );
  }

  /**
   * Registers what an instance offers.
   *
   * @param instance The instance.
   * @param options `prefix` is put before every name.
   * @returns What was registered, and what was not.
   * @throws PluginError `registry/disposed`.
   */
  add(instance: PluginInstance, options: { readonly prefix?: string } = {}): AddedTools {
    this.#mustLive();
    const { prefix = "" } = options;
    const skipped: SkippedTool[] = instance.denied
      .filter(({ kind }) => kind === "tool")
      .map(({ name, diagnostic: { code, message } }) => ({ name: prefix + name, code, message }));
    const registered: string[] = [];
    for (const tool of instance.tools) {
      const name = prefix + tool.name;
      const refusal = this.#refusal(name);
      if (refusal === undefined) {
        this.#tools.set(name, registeredPluginTool(instance, tool, name));
        registered.push(name);
      } else skipped.push({ name, ...refusal });
    }
    return Object.freeze({
      registered: Object.freeze(registered.sort()),
      skipped: Object.freeze(skipped.map((tool) => Object.freeze(tool))),
    });
  }

  /**
   * Registers a tool of the host's own.
   *
   * @param tool The tool.
   * @throws PluginError `registry/invalid-tool`, `registry/name-taken` or `registry/disposed`.
   */
  register(tool: HostTool): void {
    this.#mustLive();
    const registered = registeredHostTool(tool, this.#bounds);
    const { name } = registered.definition;
    const refusal = this.#refusal(name);
    if (refusal !== undefined) throw new PluginError({ ...refusal, phase: "registration" });
    this.#tools.set(name, registered);
  }

  /**
   * Removes what was added from an instance, or a host's tool. Calls in flight go on.
   *
   * An instance that stops is not removed by itself: its tools stay listed, so that what a model sees
   * does not change under it, and answer `instance/stopped`.
   *
   * @param source The instance or the host tool, the same object that was added.
   * @returns The names that are free again, sorted.
   */
  remove(source: PluginInstance | HostTool): readonly string[] {
    const names = [...this.#tools]
      .filter(([, tool]) => tool.source === source)
      .map(([name]) => name);
    for (const name of names) this.#tools.delete(name);
    return Object.freeze(names.sort());
  }

  /**
   * Lists the tools.
   *
   * @returns Frozen definitions, sorted by name.
   * @throws PluginError `registry/disposed`.
   */
  list(): readonly ToolDefinition[] {
    this.#mustLive();
    return definitionsOf(this.#tools);
  }

  /**
   * Calls a tool. Whatever the tool does ends as a result.
   *
   * @param name The tool's name in the registry.
   * @param input The input; anything that is not JSON or does not fit the schema gives an error result.
   * @param options The caller's signal, id and timeout.
   * @returns The result, after `onCall` was told of it.
   * @throws PluginError `registry/unknown-tool`, `registry/disposed`, or `options/invalid`.
   */
  async call(name: string, input: unknown, options?: CallOptions): Promise<ToolResult> {
    this.#mustLive();
    return this.#call(this.#tools.get(name) ?? unknownTool(name), input, options);
  }

  /**
   * Fixes the definitions for one run of a model.
   *
   * @returns The tools as they are now.
   * @throws PluginError `registry/disposed`.
   */
  snapshot(): ToolSnapshot {
    this.#mustLive();
    const tools = new Map(this.#tools);
    const definitions = definitionsOf(tools);
    return Object.freeze({
      list: () => definitions,
      call: async (name: string, input: unknown, options?: CallOptions) => {
        this.#mustLive();
        const tool = tools.get(name) ?? unknownTool(name);
        const isThere = this.#tools.get(name) === tool;
        return this.#call(isThere ? tool : removedTool(tool), input, options);
      },
    });
  }

  /** Refuses every later use, aborts the calls in flight and waits until they have settled. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#tools.clear();
    const running = [...this.#running];
    const reason = disposed();
    for (const [call] of running) call.abort(reason);
    await Promise.allSettled(running.map(([, settled]) => settled));
  }

  async #call(
    tool: RegisteredTool,
    input: unknown,
    options: CallOptions | undefined,
  ): Promise<ToolResult> {
    const call = resolveCall(options, Number.MAX_SAFE_INTEGER);
    // Not AbortSignal.any: it keeps something on a signal that may outlive a million calls.
    const aborting = new AbortController();
    const forward = () => aborting.abort(call.signal?.reason);
    if (call.signal?.aborted === true) forward();
    const unheard = call.signal && onAborted(call.signal, forward);
    const settled = tool.call(input, { ...call, signal: aborting.signal });
    this.#running.set(aborting, settled);
    try {
      const result = await settled;
      if (this.#onCall !== undefined) notify(this.#onCall, recordOf(result));
      return result;
    } finally {
      unheard?.();
      this.#running.delete(aborting);
    }
  }

  #refusal(name: string): Omit<SkippedTool, "name"> | undefined {
    const problem = toolNameProblem(name);
    if (problem !== undefined) {
      return { code: "registry/invalid-tool", message: `The name ${quoteName(name)} ${problem}.` };
    }
    if (!this.#tools.has(name)) return undefined;
    return {
      code: "registry/name-taken",
      message: `A tool named ${quoteName(name)} is registered already; add the plugin with a prefix to keep both.`,
    };
  }

  #mustLive(): void {
    if (this.#isDisposed) throw disposed();
  }
}

function definitionsOf(tools: ReadonlyMap<string, RegisteredTool>): readonly ToolDefinition[] {
  const names = [...tools.keys()].sort();
  return Object.freeze(names.flatMap((name) => tools.get(name)?.definition ?? []));
}

function recordOf(result: ToolResult): ToolCallRecord {
  const { callId, tool, origin, durationMs, isError, error, usage } = result;
  return Object.freeze({
    callId,
    tool,
    origin,
    ...(usage?.inputBytes === undefined ? {} : { inputBytes: usage.inputBytes }),
    durationMs,
    isError,
    ...(error === undefined ? {} : { code: error.code }),
  });
}

function removedTool(tool: RegisteredTool): RegisteredTool {
  const { name, origin } = tool.definition;
  return {
    ...tool,
    call: async (_input, { callId }) =>
      beginToolCall({ callId, tool: name, origin }).fail({
        code: "registry/unknown-tool",
        message: `The tool ${quoteName(name)} was removed after this run began.`,
      }),
  };
}

function unknownTool(name: unknown): never {
  throw new PluginError({
    code: "registry/unknown-tool",
    phase: "execution",
    message: `No tool named ${quoteName(String(name))} is registered; list() gives those that are.`,
  });
}

function disposed(): PluginError {
  return new PluginError({
    code: "registry/disposed",
    phase: "lifecycle",
    message: "The tool registry is disposed and takes no more calls.",
  });
}
