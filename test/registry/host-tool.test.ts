import { describe, expect, test, vi } from "vitest";
import { isPluginError, PluginError } from "../../src/errors.ts";
import type { Json } from "../../src/json.ts";
import { callLimits } from "../../src/limits.ts";
import type { HostTool, HostToolContext, HostToolOutput } from "../../src/registry/tool.ts";
import { ToolRegistry } from "../../src/registry/tool-registry.ts";

const schemaBytes = callLimits.schemaBytes.default;

const schema: Json = {
  type: "object",
  properties: {
    city: { type: "string", minLength: 2 },
    days: { type: "array", items: { $ref: "#/$defs/day" } },
  },
  required: ["city"],
  additionalProperties: false,
  $defs: { day: { type: "integer", minimum: 1, maximum: 14 } },
};

function registryWith(handler: HostTool["handler"], inputSchema: Json = schema): ToolRegistry {
  const tools = new ToolRegistry();
  tools.register({ name: "t", description: "d", inputSchema, handler });
  return tools;
}

const kyoto = { city: "Kyoto" };

describe("a host tool that has not the shape it must have is refused", () => {
  const good: HostTool = {
    name: "t",
    description: "d",
    inputSchema: { type: "object" },
    handler: () => "x",
  };
  test.each<[string, Partial<Record<keyof HostTool, unknown>>]>([
    ["a name that is no string", { name: 7 }],
    ["a description that is no string", { description: undefined }],
    ["externalWrite that is no boolean", { externalWrite: "yes" }],
    ["no handler", { handler: undefined }],
    ["no schema", { inputSchema: undefined }],
    ["a schema that is no JSON", { inputSchema: { type: "object", default: () => 1 } }],
    ["a schema of something else than an object", { inputSchema: { type: "string" } }],
    [
      "a schema over its bytes",
      { inputSchema: { type: "object", title: "x".repeat(schemaBytes) } },
    ],
    [
      "a schema with an unknown reference",
      { inputSchema: { type: "object", properties: { a: { $ref: "#/$defs/none" } } } },
    ],
    [
      "a schema that refers to the network",
      {
        inputSchema: { type: "object", properties: { a: { $ref: "https://example.com/s.json" } } },
      },
    ],
    ["a schema that is only itself", { inputSchema: { type: "object", $ref: "#" } }],
  ])("%s", (_name, part) => {
    try {
      new ToolRegistry().register({ ...good, ...part } as HostTool);
      throw new Error("registered");
    } catch (error) {
      if (!isPluginError(error)) throw error;
      expect(error.code).toBe("registry/invalid-tool");
    }
  });

  test("a schema may have as many bytes as schemaBytes", () => {
    const frame = JSON.stringify({ type: "object", title: "" }).length;
    const inputSchema = { type: "object", title: "x".repeat(schemaBytes - frame) };
    expect(() => new ToolRegistry().register({ ...good, inputSchema })).not.toThrow();
  });
});

describe("input that does not fit", () => {
  test.each<[unknown, string]>([
    [{}, "required property"],
    [{ city: 7 }, "$.city"],
    [{ city: "K" }, "$.city"],
    [{ city: "Kyoto", days: [1, 99] }, "$.days[1]"],
    [{ city: "Kyoto", "a/b~c d": 1 }, '$["a/b~c d"] is not allowed there'],
    [[], "Expected"],
  ])("%j never reaches the handler, and the message says where", async (input, place) => {
    const handler = vi.fn(() => "x");
    const result = await registryWith(handler).call("t", input);
    expect(result).toMatchObject({ isError: true, error: { code: "input/invalid" } });
    expect(result.summary).toContain(place);
    expect(handler).not.toHaveBeenCalled();
  });

  test("may have 64 KiB and no more", async () => {
    const tools = registryWith(() => "x");
    const frame = JSON.stringify({ city: "" }).length;
    expect(await tools.call("t", { city: "x".repeat(65_536 - frame) })).toMatchObject({
      isError: false,
      usage: { inputBytes: 65_536 },
    });
    expect(await tools.call("t", { city: "x".repeat(65_537 - frame) })).toMatchObject({
      error: { code: "input/too-large" },
    });
  });

  test("is an ordinary error also when the schema never comes to an end on it", async () => {
    const endless: Json = {
      type: "object",
      properties: { a: { $ref: "#/$defs/a" } },
      $defs: { a: { $ref: "#/$defs/a" } },
    };
    const result = await registryWith(() => "x", endless).call("t", { a: 1 });
    expect(result).toMatchObject({ isError: true, error: { code: "registry/invalid-tool" } });
  });

  test("is judged by the draft that the schema names", async () => {
    const draft4: Json = {
      $schema: "http://json-schema.org/draft-04/schema#",
      type: "object",
      properties: { n: { type: "number", minimum: 1, exclusiveMinimum: true } },
    };
    expect(await registryWith(() => "x", draft4).call("t", { n: 1 })).toMatchObject({
      isError: true,
    });
    expect(await registryWith(() => "x", draft4).call("t", { n: 2 })).toMatchObject({
      isError: false,
    });
  });
});

test("the handler gets its own copy of the input, and the call's id", async () => {
  const seen: [Json, HostToolContext][] = [];
  const tools = registryWith((input, context) => {
    seen.push([input, context]);
    (input as { city: string }).city = "changed";
    return "x";
  });
  const input = { city: "Kyoto" };
  await tools.call("t", input, { callId: "id-1" });
  expect(input).toEqual(kyoto);
  expect(seen[0]?.[1].callId).toBe("id-1");
});

test("changing the schema after registration changes nothing", async () => {
  const changing = { type: "object", required: ["city"] };
  const tools = registryWith(() => "x", changing);
  changing.required.length = 0;
  expect(await tools.call("t", {})).toMatchObject({ error: { code: "input/invalid" } });
  expect(tools.list()[0]?.inputSchema).toEqual({ type: "object", required: ["city"] });
});

describe("what a handler gives", () => {
  test.each<[string, HostToolOutput, object]>([
    ["a text", "sunny", { summary: "sunny", isError: false }],
    ["a summary", { summary: "sunny" }, { summary: "sunny", isError: false }],
    [
      "a summary with content",
      { summary: "s", content: "{}" },
      { summary: "s", content: "{}", isError: false },
    ],
    [
      "a failure",
      { summary: "no such city", content: "{}", isError: true },
      {
        summary: "no such city",
        content: "{}",
        isError: true,
        error: { code: "host/tool-failed", message: "no such city" },
      },
    ],
  ])("%s becomes the result", async (_name, output, expected) => {
    const result = await registryWith(() => output).call("t", kyoto);
    expect(result).toMatchObject({ ...expected, tool: "t", origin: { kind: "host" } });
  });

  test("a text past the summary's bytes is the content, its beginning the summary", async () => {
    const at = await registryWith(() => "é".repeat(512)).call("t", kyoto);
    expect([at.summary, at.content]).toEqual(["é".repeat(512), undefined]);
    const past = await registryWith(() => "é".repeat(513)).call("t", kyoto);
    expect(past.content).toBe("é".repeat(513));
    expect(new TextEncoder().encode(past.summary).length).toBeLessThanOrEqual(1_024);
  });

  test.each<[string, HostToolOutput, string]>([
    ["content at its bytes", { summary: "s", content: "é".repeat(32_768) }, "ok"],
    [
      "content past its bytes",
      { summary: "s", content: `${"é".repeat(32_768)}x` },
      "output/too-large",
    ],
    ["a summary at its bytes", { summary: "x".repeat(1_024) }, "ok"],
    ["a summary past its bytes", { summary: "x".repeat(1_025) }, "output/too-large"],
    ["nothing", undefined as never, "output/malformed"],
    ["a number", 7 as never, "output/malformed"],
    ["an empty text", "", "output/malformed"],
    ["data for content", { summary: "s", content: {} as never }, "output/malformed"],
    ["an unknown key", { summary: "s", data: 1 } as never, "output/malformed"],
  ])("%s ends as it must", async (_name, output, code) => {
    const result = await registryWith(() => output).call("t", kyoto);
    expect(result.error?.code ?? "ok").toBe(code);
  });

  test.each<[string, () => never]>([
    [
      "an error",
      () => {
        throw new Error("boom \u001b[2J");
      },
    ],
    [
      "something that is no error",
      () => {
        throw {
          toString: () => {
            throw new Error("x");
          },
        };
      },
    ],
    [
      "nothing at all",
      () => {
        throw undefined;
      },
    ],
    [
      "an output whose getter throws",
      () =>
        ({
          get summary(): string {
            throw new Error("boom");
          },
        }) as never,
    ],
  ])("thrown %s is an error result, bounded and inert", async (_name, handler) => {
    const result = await registryWith(handler).call("t", kyoto);
    expect(result).toMatchObject({ isError: true, error: { code: "host/tool-failed" } });
    expect(result.summary).not.toContain("\u001b");
  });

  test("a thrown PluginError keeps its code", async () => {
    const error = new PluginError({
      code: "grant/denied",
      phase: "execution",
      message: "Not you.",
    });
    const result = await registryWith(() => Promise.reject(error)).call("t", kyoto);
    expect(result).toMatchObject({ summary: "Not you.", error: { code: "grant/denied" } });
  });
});

describe("a handler that does not come to an end", () => {
  const endless = (signals: AbortSignal[] = []) =>
    registryWith((_input, { signal }) => {
      signals.push(signal);
      return new Promise<never>(() => {});
    });

  test("is left at the call's timeout, and told so by its signal", async () => {
    const signals: AbortSignal[] = [];
    const result = await endless(signals).call("t", kyoto, { timeoutMs: 5 });
    expect(result).toMatchObject({ isError: true, error: { code: "runtime/timeout" } });
    expect(signals[0]?.aborted).toBe(true);
  });

  test("is left when the caller's signal fires", async () => {
    const abort = new AbortController();
    const call = endless().call("t", kyoto, { signal: abort.signal });
    abort.abort();
    expect(await call).toMatchObject({ error: { code: "runtime/aborted" } });
  });

  test("is left when the registry is disposed", async () => {
    const tools = endless();
    const call = tools.call("t", kyoto);
    await tools[Symbol.asyncDispose]();
    expect(await call).toMatchObject({ error: { code: "runtime/aborted" } });
  });

  test("is not begun when the signal fired before", async () => {
    const signals: AbortSignal[] = [];
    const result = await endless(signals).call("t", kyoto, { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ error: { code: "runtime/aborted" } });
    expect(signals).toEqual([]);
  });
});
