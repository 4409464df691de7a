import { getEventListeners } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { type ErrorCode, isPluginError } from "../../src/errors.ts";
import type {
  CallOptions,
  InstanceTool,
  PluginInstance,
  ToolResult,
} from "../../src/instance/instance.types.ts";
import type { Json } from "../../src/json.ts";
import { callLimits } from "../../src/limits.ts";
import type { HostTool, ToolCallRecord } from "../../src/registry/tool.ts";
import { ToolRegistry } from "../../src/registry/tool-registry.ts";

const origin = {
  kind: "plugin",
  pluginId: "example.a",
  pluginRef: "project:example.a",
  source: "project",
  digest: "sha256:0",
  packageVersion: "1",
  packageApiVersion: 1,
  surface: "tool",
} as const;

type CallTool = (name: string, input: Json, options?: CallOptions) => Promise<ToolResult>;

/** The shape of an instance, for this room alone; real ones are called in the tests of the whole. */
function instanceOf(
  names: readonly string[],
  callTool: CallTool = async (tool, input, options) => ({
    callId: options?.callId ?? "",
    tool,
    summary: JSON.stringify(input),
    isError: false,
    durationMs: 1,
    origin,
    usage: { inputBytes: 2 },
  }),
): PluginInstance {
  const tools: InstanceTool[] = names.map((name) => ({
    name,
    description: `does ${name}`,
    inputSchema: { type: "object" },
    externalWrite: false,
    origin,
  }));
  const identity = {
    ref: "project:example.a",
    source: "project",
    id: "example.a",
    version: "1",
    digest: "sha256:0",
  } as const;
  const unused = () => {
    throw new Error("The registry has no business here.");
  };
  return {
    identity,
    state: "ready",
    tools,
    services: [],
    ingresses: [],
    denied: [],
    callTool,
    deliverIngress: unused,
    status: unused,
    refreshStatus: unused,
    stop: unused,
    on: unused,
    [Symbol.asyncDispose]: unused,
  };
}

function hostTool(name: string, handler: HostTool["handler"] = () => "done"): HostTool {
  return { name, description: `does ${name}`, inputSchema: { type: "object" }, handler };
}

async function codeOf(run: () => unknown): Promise<ErrorCode> {
  try {
    await run();
  } catch (error) {
    if (isPluginError(error)) return error.code;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("[registry/names] names", () => {
  test("the first one keeps a name and the second is skipped", async () => {
    const tools = new ToolRegistry();
    const first = instanceOf(["echo", "time"]);
    expect(tools.add(first)).toEqual({ registered: ["echo", "time"], skipped: [] });
    const second = instanceOf(["echo", "noise"], async () => {
      throw new Error("called in the other's name");
    });
    expect(tools.add(second)).toMatchObject({
      registered: ["noise"],
      skipped: [{ name: "echo", code: "registry/name-taken" }],
    });
    expect(await tools.call("echo", { a: 1 })).toMatchObject({ summary: '{"a":1}' });
  });

  test("a plugin never takes over a name of the host, nor the host a plugin's", async () => {
    const tools = new ToolRegistry();
    tools.register(hostTool("read"));
    expect(tools.add(instanceOf(["read"])).skipped).toMatchObject([
      { code: "registry/name-taken" },
    ]);
    tools.add(instanceOf(["write"]));
    expect(await codeOf(() => tools.register(hostTool("write")))).toBe("registry/name-taken");
    expect(await tools.call("read", {})).toMatchObject({
      summary: "done",
      origin: { kind: "host" },
    });
  });

  test("a prefix keeps both, and the instance still hears its own name", async () => {
    const tools = new ToolRegistry();
    tools.add(instanceOf(["echo"]));
    const heard: string[] = [];
    const second = instanceOf(["echo"], async (tool, _input, options) => {
      heard.push(tool);
      return {
        callId: options?.callId ?? "",
        tool,
        summary: "2",
        isError: false,
        durationMs: 0,
        origin,
      };
    });
    expect(tools.add(second, { prefix: "other__" }).registered).toEqual(["other__echo"]);
    expect(await tools.call("other__echo", {})).toMatchObject({
      tool: "other__echo",
      summary: "2",
    });
    expect(heard).toEqual(["echo"]);
  });

  test.each([
    ["empty", ""],
    ["too long by a byte", `${"é".repeat(64)}x`],
    ["with a space", "a b"],
    ["with a line break", "a\nb"],
    ["with an escape", "a\u001b[2J"],
    ["with a zero-width space", "echo\u200b"],
    ["with a direction override", "\u202eohce"],
  ])("a name that is %s is not registered", async (_reason, name) => {
    const tools = new ToolRegistry();
    expect(tools.add(instanceOf([name])).skipped).toMatchObject([
      { code: "registry/invalid-tool" },
    ]);
    expect(await codeOf(() => tools.register(hostTool(name)))).toBe("registry/invalid-tool");
    expect(tools.list()).toEqual([]);
  });

  test("a name may have as many bytes as toolNameBytes, its prefix included", () => {
    const most = callLimits.toolNameBytes.default;
    const tools = new ToolRegistry();
    expect(
      tools.add(instanceOf(["é".repeat(most / 2 - 1)]), { prefix: "p_" }).registered,
    ).toHaveLength(1);
    expect(tools.add(instanceOf(["é".repeat(most / 2)]), { prefix: "p" }).registered).toHaveLength(
      0,
    );
  });

  test("names that objects inherit are no tools", async () => {
    const tools = new ToolRegistry();
    for (const name of ["toString", "constructor", "__proto__"]) {
      expect(await codeOf(() => tools.call(name, {}))).toBe("registry/unknown-tool");
    }
    tools.add(instanceOf(["__proto__"]));
    expect(await tools.call("__proto__", {})).toMatchObject({ isError: false });
  });
});

test("denied tools are listed among the skipped ones, with their reason", () => {
  const diagnostic = { code: "grant/denied", phase: "registration", message: "No grant." } as const;
  const instance: PluginInstance = {
    ...instanceOf(["a"]),
    denied: [
      { kind: "tool", name: "b", diagnostic },
      { kind: "service", name: "c", diagnostic },
    ],
  };
  expect(new ToolRegistry().add(instance)).toEqual({
    registered: ["a"],
    skipped: [{ name: "b", code: "grant/denied", message: "No grant." }],
  });
});

test("the list is sorted by name, frozen, and says where a tool comes from", () => {
  const tools = new ToolRegistry();
  tools.register({ ...hostTool("m"), externalWrite: true });
  tools.add(instanceOf(["z", "a"]));
  const list = tools.list();
  expect(list.map(({ name }) => name)).toEqual(["a", "m", "z"]);
  expect(list[1]).toEqual({
    name: "m",
    description: "does m",
    inputSchema: { type: "object" },
    externalWrite: true,
    origin: { kind: "host" },
  });
  expect(list[0]?.origin).toEqual(origin);
  expect(Object.isFrozen(list) && list.every((tool) => Object.isFrozen(tool))).toBe(true);
});

describe("a call", () => {
  test("of an unknown tool throws, with a bounded and inert name", async () => {
    const tools = new ToolRegistry();
    const name = `\u001b[2J${"x".repeat(10_000)}`;
    const error = await tools.call(name, {}).catch((thrown: unknown) => thrown);
    if (!isPluginError(error)) throw error;
    expect(error.code).toBe("registry/unknown-tool");
    expect(error.message).not.toContain("\u001b");
    expect(error.message.length).toBeLessThan(512);
  });

  test("passes the caller's id and timeout on, and makes an id up when there is none", async () => {
    const tools = new ToolRegistry();
    const seen: (CallOptions | undefined)[] = [];
    tools.add(
      instanceOf(["t"], async (tool, _input, options) => {
        seen.push(options);
        return {
          callId: options?.callId ?? "",
          tool,
          summary: "s",
          isError: false,
          durationMs: 0,
          origin,
        };
      }),
    );
    await tools.call("t", {}, { callId: "id-1", timeoutMs: 7 });
    const { callId } = await tools.call("t", {});
    expect(seen[0]).toMatchObject({ callId: "id-1", timeoutMs: 7 });
    expect(seen[1]?.callId).toBe(callId);
    expect(callId).not.toBe("");
  });

  test("with an option that has no meaning throws and calls nothing", async () => {
    const tools = new ToolRegistry();
    const handler = vi.fn(() => "x");
    tools.register(hostTool("t", handler));
    expect(await codeOf(() => tools.call("t", {}, { timeoutMs: -1 }))).toBe("options/invalid");
    expect(handler).not.toHaveBeenCalled();
  });

  test("hands the caller's abort to the instance and leaves no listener behind", async () => {
    const tools = new ToolRegistry();
    let inner: AbortSignal | undefined;
    let answer: (result: ToolResult) => void = () => {};
    tools.add(
      instanceOf(["t"], (_tool, _input, options) => {
        inner = options?.signal;
        return new Promise((resolve) => {
          answer = resolve;
        });
      }),
    );
    const abort = new AbortController();
    const call = tools.call("t", {}, { signal: abort.signal });
    abort.abort(new Error("enough"));
    expect(inner?.reason).toMatchObject({ message: "enough" });
    answer({ callId: "1", tool: "t", summary: "s", isError: true, durationMs: 0, origin });
    await call;
    expect(getEventListeners(abort.signal, "abort")).toEqual([]);
  });

  test("of an instance that breaks its contract is an error result without its words", async () => {
    const tools = new ToolRegistry();
    tools.add(instanceOf(["t"], () => Promise.reject(new Error("/home/me/secret"))));
    const result = await tools.call("t", {});
    expect(result).toMatchObject({ isError: true, error: { code: "instance/failed" } });
    expect(JSON.stringify(result)).not.toContain("secret");
  });
});

describe("records", () => {
  test("say what every call was and how it ended, with nothing of its input or output", async () => {
    const records: ToolCallRecord[] = [];
    const tools = new ToolRegistry({ onCall: (record) => records.push(record) });
    tools.add(instanceOf(["plugin"]));
    tools.register(hostTool("host", () => Promise.reject(new Error("no"))));
    await tools.call("plugin", {}, { callId: "1" });
    await tools.call("host", { secret: "s" }, { callId: "2" });
    await tools.call("host", 1n, { callId: "3" });
    expect(records).toMatchObject([
      { callId: "1", tool: "plugin", origin, inputBytes: 2, isError: false },
      { callId: "2", tool: "host", inputBytes: 14, isError: true, code: "host/tool-failed" },
      { callId: "3", tool: "host", isError: true, code: "input/invalid" },
    ]);
    expect(records.every((record) => Object.isFrozen(record) && record.durationMs >= 0)).toBe(true);
    expect(Object.keys(records[1] ?? {}).sort()).toEqual(
      ["callId", "code", "durationMs", "inputBytes", "isError", "origin", "tool"].sort(),
    );
  });

  test("never reach the caller when the listener throws or rejects", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    for (const onCall of [
      () => {
        throw new Error("listener");
      },
      async () => {
        throw new Error("listener");
      },
    ]) {
      const tools = new ToolRegistry({ onCall });
      tools.register(hostTool("t"));
      expect(await tools.call("t", {})).toMatchObject({ isError: false });
    }
    await Promise.resolve();
    expect(printed).toHaveBeenCalledTimes(2);
    printed.mockRestore();
  });
});

describe("removing", () => {
  test("takes everything that came from the instance, and only that", async () => {
    const tools = new ToolRegistry();
    const instance = instanceOf(["b", "a"]);
    const tool = hostTool("h");
    tools.add(instance);
    tools.add(instance, { prefix: "p_" });
    tools.register(tool);
    expect(tools.remove(instance)).toEqual(["a", "b", "p_a", "p_b"]);
    expect(tools.remove(instance)).toEqual([]);
    expect(tools.list().map(({ name }) => name)).toEqual(["h"]);
    expect(tools.remove(tool)).toEqual(["h"]);
    expect(await codeOf(() => tools.call("a", {}))).toBe("registry/unknown-tool");
  });
});

describe("[registry/snapshot] a snapshot", () => {
  test("stays as it was when tools come and go", async () => {
    const tools = new ToolRegistry();
    tools.add(instanceOf(["a"]));
    const run = tools.snapshot();
    tools.add(instanceOf(["b"]));
    expect(run.list().map(({ name }) => name)).toEqual(["a"]);
    expect(await codeOf(() => run.call("b", {}))).toBe("registry/unknown-tool");
    expect(await run.call("a", {})).toMatchObject({ isError: false });
  });

  test("gives an ordinary error result for a tool that was removed since, and a record", async () => {
    const records: ToolCallRecord[] = [];
    const tools = new ToolRegistry({ onCall: (record) => records.push(record) });
    const instance = instanceOf(["a"]);
    tools.add(instance);
    const run = tools.snapshot();
    tools.remove(instance);
    expect(await run.call("a", {}, { callId: "1" })).toMatchObject({
      callId: "1",
      tool: "a",
      origin,
      isError: true,
      error: { code: "registry/unknown-tool" },
    });
    expect(records).toMatchObject([{ callId: "1", code: "registry/unknown-tool" }]);
  });

  test("never calls another tool that took the name", async () => {
    const tools = new ToolRegistry();
    const instance = instanceOf(["a"]);
    tools.add(instance);
    const run = tools.snapshot();
    tools.remove(instance);
    const handler = vi.fn(() => "other");
    tools.register(hostTool("a", handler));
    expect(await run.call("a", {})).toMatchObject({ isError: true });
    expect(handler).not.toHaveBeenCalled();
  });
});

describe("a disposed registry", () => {
  test("refuses every use", async () => {
    const tools = new ToolRegistry();
    tools.add(instanceOf(["a"]));
    const run = tools.snapshot();
    await tools[Symbol.asyncDispose]();
    await tools[Symbol.asyncDispose]();
    for (const use of [
      () => tools.add(instanceOf(["b"])),
      () => tools.register(hostTool("b")),
      () => tools.list(),
      () => tools.snapshot(),
      () => tools.call("a", {}),
      () => run.call("a", {}),
    ]) {
      expect(await codeOf(use)).toBe("registry/disposed");
    }
  });

  test("aborts the calls in flight, waits for them and stops no instance", async () => {
    const tools = new ToolRegistry();
    let inner: AbortSignal | undefined;
    let answer: (result: ToolResult) => void = () => {};
    const instance = instanceOf(["t"], (_tool, _input, options) => {
      inner = options?.signal;
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    tools.add(instance);
    const call = tools.call("t", {});
    let isDisposed = false;
    const disposing = tools[Symbol.asyncDispose]().then(() => {
      isDisposed = true;
    });
    expect(inner?.aborted).toBe(true);
    await Promise.resolve();
    expect(isDisposed).toBe(false);
    answer({ callId: "1", tool: "t", summary: "s", isError: true, durationMs: 0, origin });
    await disposing;
    expect(await call).toMatchObject({ isError: true });
  });
});

test("a limit that does not exist is refused when the registry is made", async () => {
  expect(await codeOf(() => new ToolRegistry({ limits: { memory: 1 } as never }))).toBe(
    "options/invalid",
  );
  expect(await codeOf(() => new ToolRegistry({ limits: { inputBytes: 0 } }))).toBe(
    "options/invalid",
  );
});
