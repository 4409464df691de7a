import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { utf8Length } from "../../src/diagnostic.ts";
import { readIngressReply } from "../../src/instance/ingress-reply.ts";
import { readLifecycleOutput } from "../../src/instance/lifecycle-output.ts";
import { readOutputCommand } from "../../src/instance/output-command-envelope.ts";
import { requestResultEvent } from "../../src/instance/request-result.ts";
import { readToolOutput } from "../../src/instance/tool-output.ts";
import type { Json } from "../../src/json.ts";
import { commandLimits, guestLimits } from "../../src/limits.ts";
import {
  accepted,
  definePlugin,
  diagnosticStatusUpdate,
  hostRequestDispatch,
  type JsonValue,
  maxCommandIdBytes,
  maxCommandPayloadBytes,
  maxCommands,
  type PluginEvent,
  pluginStatus,
  RetryableError,
  rejected,
  requestResult,
  ToolError,
  timerTick,
  toolOutput,
  webhookCall,
  websocketSend,
  websocketText,
} from "../../src/pdk.ts";

const bounds = {
  outputBytes: guestLimits.outputBytes.default,
  summaryBytes: guestLimits.summaryBytes.default,
};

const event = {
  kind: "websocket_text",
  source: "websocket:ws://chat.example.com/room",
  ingress_name: "room",
  payload: { url: "ws://chat.example.com/room", text: "!ping" } as Json,
  created_at: "2026-11-20T17:00:00.000Z",
  attempt: 1,
  correlation_id: "01937a40-0000-7000-8000-000000000001",
};
const eventJson = JSON.stringify(event);

/** What a handler's answer to an event becomes on its way to the host. */
const answerTo = (handler: () => unknown, json = eventJson): string =>
  definePlugin({ ingress: { room: handler as never } }).handleIngress("room", json);
const hostReads = (answer: string) => readIngressReply(answer, bounds.outputBytes);
const throwing = (thrown: unknown) => () => {
  throw thrown;
};

describe("[pdk/plugin] definePlugin", () => {
  it("shares what it remembers between tools and events", () => {
    let count = 0;
    const plugin = definePlugin({
      start: (config: { from: number } | null) => {
        count = config?.from ?? 0;
        return pluginStatus("counting", { count });
      },
      tools: { count: () => toolOutput(`${++count}`) },
      ingress: { room: () => accepted({ count: ++count }) },
      status: () => pluginStatus("counting", { count }),
      stop: () => pluginStatus("done", { count }),
    });
    expect(plugin.start('{"from":5}')).toBe('{"state":"counting","data":{"count":5}}');
    expect(plugin.handleTool("count", "{}")).toBe('{"summary":"6"}');
    expect(plugin.handleIngress("room", eventJson)).toBe('{"accepted":true,"data":{"count":7}}');
    expect(plugin.status()).toBe('{"state":"counting","data":{"count":7}}');
    expect(plugin.stop()).toBe('{"state":"done","data":{"count":7}}');
  });

  it("does well what it was not told how to do", () => {
    const plugin = definePlugin({});
    expect(plugin.start("null")).toBe('{"state":"running"}');
    expect(plugin.status()).toBe('{"state":"running"}');
    expect(plugin.stop()).toBe('{"state":"stopped"}');
    expect(plugin.handleTool("any", "{}")).toContain("unsupported_tool");
    expect(plugin.handleIngress("any", eventJson)).toContain("unsupported_ingress");
  });

  it("types configurations, inputs and payloads as the handlers read them", () => {
    definePlugin({
      start(config: { room: string } | null) {
        expectTypeOf(config).toEqualTypeOf<{ room: string } | null>();
        return pluginStatus("running");
      },
      tools: { say: (input: { text: string }) => toolOutput(input.text) },
      ingress: {
        typed: (given: PluginEvent<{ n: number }>) => accepted(given.payload.n),
        plain: (given) => {
          expectTypeOf(given.payload).toBeUnknown();
          return accepted();
        },
      },
    });
  });

  it.each(["toString", "__proto__", "constructor", "hasOwnProperty", "", "Room"])(
    "answers with unsupported_ingress to the name %j, which nobody defined",
    (name) => {
      const plugin = definePlugin({ ingress: { room: () => accepted() } });
      const answer = plugin.handleIngress(name, eventJson);
      expect(JSON.parse(answer).error.code).toBe("unsupported_ingress");
      expect(hostReads(answer)).toMatchObject({ ok: false, code: "guest/failed" });
    },
  );

  it.each([
    "",
    "{",
    "null",
    "[]",
    "{}",
    JSON.stringify({ ...event, attempt: "1" }),
    JSON.stringify({ ...event, correlation_id: undefined }),
  ])("answers with invalid_input to the event %j without running the handler", (json) => {
    let ran = false;
    const answer = answerTo(() => {
      ran = true;
      return accepted();
    }, json);
    expect(JSON.parse(answer).error.code).toBe("invalid_input");
    expect(ran).toBe(false);
  });

  it("answers to a configuration that is not JSON with an error that fails the start", () => {
    expect(JSON.parse(definePlugin({}).start("{"))).toHaveProperty("error.message");
  });
});

describe("an answer to an event", () => {
  it.each([
    ["accepted, by word", () => accepted(), { accepted: true }],
    ["accepted, with data", () => accepted([1, null]), { accepted: true, data: [1, null] }],
    [
      "not accepted, with the reason",
      () => rejected("not mine"),
      { accepted: false, data: { reason: "not mine" } },
    ],
    ["written by hand", () => ({ accepted: false }), { accepted: false }],
  ])("is %s", (_, handler, expected) => {
    expect(JSON.parse(answerTo(handler))).toEqual(expected);
    expect(hostReads(answerTo(handler))).toMatchObject({ ok: true, accepted: expected.accepted });
  });

  it.each([
    ["nothing", () => undefined],
    ["null", () => null],
    ["text", () => "done"],
    ["a promise", () => Promise.resolve(accepted())],
    ["a word as accepted", () => ({ accepted: "yes" })],
    ["text as commands", () => ({ accepted: true, commands: "none" })],
    ["commands of its own", () => ({ accepted: true, commands: [{ kind: "websocket_send" }] })],
    ["data of 33 levels", () => accepted(nested(33))],
    ["data with the key __proto__", () => accepted(JSON.parse('{"__proto__":1}'))],
    ["too much data", () => accepted("x".repeat(65_537 - '{"accepted":true,"data":""}'.length))],
    ["seventeen commands", () => accepted(null, alike(maxCommands + 1))],
  ])("that is %s fails with invalid_output", (_, handler) => {
    expect(JSON.parse(answerTo(handler)).error.code).toBe("invalid_output");
    expect(hostReads(answerTo(handler))).toMatchObject({ ok: false, code: "guest/failed" });
  });

  it.each([
    ["a function", () => accepted((() => 1) as never)],
    ["a bigint", () => accepted(1n as never)],
    ["a cycle", () => accepted(cycle())],
  ])("that has %s as data fails with serialization", (_, handler) => {
    expect(JSON.parse(answerTo(handler)).error.code).toBe("serialization");
  });

  it("may have exactly as much data, levels and commands as are allowed", () => {
    const room = 65_536 - '{"accepted":true,"data":""}'.length;
    for (const data of ["x".repeat(room), nested(32)]) {
      expect(hostReads(answerTo(() => accepted(data)))).toMatchObject({ ok: true });
    }
    const answer = answerTo(() => accepted(null, alike(maxCommands)));
    expect(JSON.parse(answer).output_commands).toHaveLength(maxCommands);
  });
});

describe("an error of a plugin", () => {
  it("is not retryable unless it says so", () => {
    const plain = answerTo(throwing(new ToolError("denied", "Not you.", { who: "you" })));
    expect(JSON.parse(plain)).toEqual({ error: { code: "denied", message: "Not you." } });
    expect(hostReads(plain)).toMatchObject({ code: "guest/failed", isRetryable: false });
    const passing = answerTo(throwing(new RetryableError("Not now.")));
    expect(JSON.parse(passing)).toEqual({
      error: { code: "failed", message: "Not now.", retryable: true },
    });
    expect(hostReads(passing)).toMatchObject({ code: "guest/failed", isRetryable: true });
  });

  it.each([
    ["an Error", new TypeError("x is undefined"), "x is undefined"],
    ["text", "no luck", "no luck"],
    ["nothing", undefined, "The plugin failed."],
    ["an object that lies", { retryable: true, message: "!" }, "The plugin failed."],
  ])("made of %s is failed", (_, thrown, message) => {
    expect(JSON.parse(answerTo(throwing(thrown)))).toEqual({ error: { code: "failed", message } });
  });

  it("never leaves an export as an exception, and the host believes it", () => {
    const fail = throwing(new ToolError("denied", "No."));
    const plugin = definePlugin({
      start: fail,
      status: fail,
      stop: fail,
      tools: { run: fail },
      ingress: { room: fail },
    });
    for (const answer of [plugin.start("null"), plugin.status(), plugin.stop()]) {
      expect(() => readLifecycleOutput("start", answer, bounds, "project:test")).toThrow(/No\./u);
    }
    expect(readToolOutput(plugin.handleTool("run", "{}"), bounds)).toMatchObject({
      ok: false,
      code: "guest/failed",
    });
  });

  it.each([
    ["nothing", undefined],
    ["text", "fine"],
    ["a promise", Promise.resolve(pluginStatus("fine"))],
    ["no state", { data: 1 }],
    ["too much", pluginStatus("fine", "x".repeat(65_536))],
  ])("comes of a status that is %s", (_, status) => {
    const plugin = definePlugin({ status: () => status as never });
    expect(JSON.parse(plugin.status()).error.code).toBe("invalid_output");
  });
});

describe("[pdk/commands] output commands", () => {
  const commandsOf = (handler: () => unknown, json = eventJson): Json[] =>
    JSON.parse(answerTo(handler, json)).output_commands;

  it("carry the envelope that the reference's PDK writes", () => {
    const commands = commandsOf(() =>
      accepted(null, [
        diagnosticStatusUpdate({ message: "hello", status: { state: "busy" } }),
        websocketSend("ws://chat.example.com/room", "pong", { commandId: "pong" }),
        hostRequestDispatch({ method: "GET", url: "https://api.example.com/" }),
      ]),
    );
    const envelope = {
      source_event_id: event.correlation_id,
      requested_at: event.created_at,
    };
    expect(commands).toEqual([
      {
        ...envelope,
        correlation_id: `${event.correlation_id}:diagnostic_status_update-1`,
        command_id: "diagnostic_status_update-1",
        kind: "diagnostic_status_update",
        payload: { message: "hello", status: { state: "busy" } },
      },
      {
        ...envelope,
        correlation_id: `${event.correlation_id}:pong`,
        command_id: "pong",
        kind: "websocket_send",
        payload: { url: "ws://chat.example.com/room", text: "pong" },
      },
      {
        ...envelope,
        correlation_id: `${event.correlation_id}:host_request_dispatch-3`,
        command_id: "host_request_dispatch-3",
        kind: "host_request_dispatch",
        payload: { method: "GET", url: "https://api.example.com/" },
      },
    ]);
    for (const command of commands) {
      expect(readOutputCommand(command, event)).toMatchObject({ ok: true });
    }
  });

  it("are ones that the host takes, or errors of the plugin, whatever they are made of", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("\ud83d", "\u0000", '"', "\\", "é", "🌧", ":") }),
      fc.nat(20_000).map((length) => "é".repeat(length)),
    );
    fc.assert(
      fc.property(text, text, fc.option(text, { nil: undefined }), (a, b, commandId) => {
        const options = commandId === undefined ? {} : { commandId };
        const answer = answerTo(() =>
          accepted({ a, [b]: 1 }, [
            diagnosticStatusUpdate({ message: a, status: { [b]: a } }, options),
            websocketSend(a, b, options),
          ]),
        );
        const reply = hostReads(answer);
        if (!reply.ok) {
          expect(reply.code).toBe("guest/failed");
          return;
        }
        expect(utf8Length(answer)).toBeLessThanOrEqual(bounds.outputBytes);
        expect(reply.commands).toHaveLength(2);
        for (const command of reply.commands as Json[]) {
          expect(readOutputCommand(command, event)).toMatchObject({ ok: true });
        }
      }),
      { numRuns: 150 },
    );
  });

  it("keep an id that is too long beside a long event's out of the command's own", () => {
    const long = { ...event, correlation_id: "e".repeat(128) };
    const [command = null] = commandsOf(
      () => accepted(null, [diagnosticStatusUpdate({})]),
      JSON.stringify(long),
    );
    expect(readOutputCommand(command, long)).toMatchObject({
      ok: true,
      command: { correlationId: "diagnostic_status_update-1" },
    });
  });

  it("are bounded where they are made", () => {
    const around = '{"message":""}'.length;
    const full = { message: "x".repeat(maxCommandPayloadBytes - around) };
    const over = { message: `${full.message}x` };
    expect(diagnosticStatusUpdate(full).kind).toBe("diagnostic_status_update");
    expect(() => diagnosticStatusUpdate(over)).toThrow(ToolError);
    const id = (length: number) => () =>
      websocketSend("ws://x/", "hi", { commandId: "i".repeat(length) });
    expect(id(maxCommandIdBytes)().commandId).toHaveLength(maxCommandIdBytes);
    for (const wrong of [id(maxCommandIdBytes + 1), id(0)]) expect(wrong).toThrow(ToolError);
    expect(() => websocketSend("ws://x/", "hi", { commandId: "a\nb" })).toThrow(ToolError);
  });

  it("have the bounds that the host has", () => {
    expect(maxCommands).toBe(commandLimits.commands.default);
    expect(maxCommandPayloadBytes).toBe(commandLimits.payloadBytes.default);
    expect(maxCommandIdBytes).toBe(commandLimits.idBytes.default);
  });
});

describe("what events bring", () => {
  it("is text of a WebSocket, where it is", () => {
    expect(websocketText(event)).toEqual(event.payload);
    expect(websocketText({ ...event, kind: "websocket_close" })).toBeUndefined();
    for (const payload of [null, "text", [], {}, { url: 1, text: "a" }, { url: "a" }]) {
      expect(websocketText({ ...event, payload })).toBeUndefined();
    }
  });

  it("is what a host makes of a request's answer", () => {
    const address = { ingress: "room", commandId: "ask", correlationId: "e:ask" };
    const response = { status: 200, headers: [], body: "é", truncated: false };
    const answered = requestResultEvent(address, JSON.stringify(response));
    expect(requestResult({ ...event, ...answered, payload: answered.payload })).toEqual({
      command_id: "ask",
      correlation_id: "e:ask",
      response,
    });
    const refused = requestResultEvent(
      address,
      '{"error":{"code":"host/timeout","message":"late"}}',
    );
    expect(requestResult({ ...event, ...refused, payload: refused.payload })?.error).toEqual({
      code: "host/timeout",
      message: "late",
    });
  });

  it.each([
    ["timer", timerTick, { scheduled_at: event.created_at, missed: 2 }],
    ["webhook", webhookCall, { headers: { "content-type": "text/plain" }, body: "ping" }],
    ["webhook", webhookCall, { headers: {}, body: null }],
    [
      "request_result",
      requestResult,
      { command_id: "a", correlation_id: "b", error: { code: "c", message: "d" } },
    ],
    [
      "request_result",
      requestResult,
      {
        command_id: "a",
        correlation_id: "b",
        response: { status: 200, headers: [], body: "", truncated: false },
      },
    ],
  ])("is that of the kind %s, where it is", (kind, read, payload) => {
    expect(read({ ...event, kind, payload })).toEqual(payload);
    expect(read({ ...event, kind: "other", payload })).toBeUndefined();
    for (const odd of [null, "text", [], 1, {}, { headers: 1 }, { command_id: 1 }, { missed: 1 }]) {
      expect(read({ ...event, kind, payload: odd })).toBeUndefined();
    }
  });
});

function nested(levels: number): JsonValue {
  return levels === 0 ? 1 : [nested(levels - 1)];
}

function alike(count: number) {
  return Array.from({ length: count }, () => diagnosticStatusUpdate({ message: "again" }));
}

function cycle(): never {
  const round: { self?: unknown } = {};
  round.self = round;
  return round as never;
}
