import { describe, expect, test } from "vitest";
import { isPluginError, PluginError } from "../../src/errors.ts";
import { resolveCall } from "../../src/instance/call-options.ts";
import type { CallOptions } from "../../src/instance/instance.types.ts";
import { createStatusRecord } from "../../src/instance/status.ts";
import { beginToolCall, failureOf } from "../../src/instance/tool-result.ts";
import { callLimits } from "../../src/limits.ts";

const callIdBytes = callLimits.callIdBytes.default;

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isPluginError(error)) return error.code;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("a call's options", () => {
  test.each<[string, unknown]>([
    ["an empty id", { callId: "" }],
    ["an id that is no string", { callId: 7 }],
    ["an id with a line break", { callId: "a\nb" }],
    ["an id with an escape", { callId: "\u001b[2J" }],
    ["an id past callIdBytes", { callId: `${"é".repeat(callIdBytes / 2)}x` }],
    ["no time", { timeoutMs: 0 }],
    ["a negative time", { timeoutMs: -1 }],
    ["a time that is no number", { timeoutMs: "1" }],
    ["NaN", { timeoutMs: Number.NaN }],
    ["null for a signal", { signal: null }],
    ["something else than a signal", { signal: {} }],
  ])("are refused with %s", (_name, options) => {
    expect(codeOf(() => resolveCall(options as CallOptions, 1_000))).toBe("options/invalid");
  });

  test("can only lower the timeout", () => {
    expect(resolveCall({ timeoutMs: 5 }, 1_000).timeoutMs).toBe(5);
    expect(resolveCall({ timeoutMs: Number.POSITIVE_INFINITY }, 1_000).timeoutMs).toBe(1_000);
    expect(resolveCall(undefined, 1_000).timeoutMs).toBe(1_000);
  });

  test("keep the caller's id up to callIdBytes and make up a new one otherwise", () => {
    const id = "é".repeat(callIdBytes / 2);
    expect(resolveCall({ callId: id }, 1).callId).toBe(id);
    const made = new Set([resolveCall({}, 1).callId, resolveCall({}, 1).callId]);
    expect(made.size).toBe(2);
  });
});

describe("a call's result", () => {
  const call = { callId: "1", tool: "t", origin: { kind: "host" } as const };

  test("is frozen and has what the tool gave", () => {
    const result = beginToolCall(call).succeed({ summary: "s", content: "c" }, { fuel: 3 });
    expect(result).toMatchObject({
      ...call,
      summary: "s",
      content: "c",
      isError: false,
      usage: { fuel: 3 },
    });
    expect(result.durationMs).toBeGreaterThanOrEqual(0);
    expect(Object.isFrozen(result) && Object.isFrozen(result.usage)).toBe(true);
  });

  test("has the failure's message as its summary", () => {
    const result = beginToolCall(call).fail({ code: "runtime/trap", message: "It trapped." });
    expect(result).toMatchObject({
      summary: "It trapped.",
      isError: true,
      error: { code: "runtime/trap", message: "It trapped." },
    });
    expect("content" in result).toBe(false);
    expect(Object.isFrozen(result.error)).toBe(true);
  });

  test("tells a PluginError from anything else that was thrown", () => {
    const otherwise = { code: "instance/failed", message: "It failed." } as const;
    const error = new PluginError({ code: "runtime/lost", phase: "execution", message: "Lost." });
    expect(failureOf(error, otherwise)).toEqual({ code: "runtime/lost", message: "Lost." });
    expect(failureOf(new Error("/home/me/secret"), otherwise)).toBe(otherwise);
  });
});

test("a status counts calls, replacements and keeps the last error", () => {
  const plugin = {
    ref: "project:a",
    source: "project",
    id: "a",
    version: "1",
    digest: "sha256:0",
  } as const;
  const record = createStatusRecord({
    plugin,
    isolation: "worker",
    hostCalls: "shared-memory",
    backend: "component",
  });
  const now = { state: "ready", waiting: 2, running: 1 } as const;
  expect(record.read(now)).toEqual({
    plugin,
    state: "ready",
    isolation: "worker",
    hostCalls: "shared-memory",
    backend: "component",
    calls: { waiting: 2, running: 1, completed: 0, failed: 0 },
    replacements: 0,
    lastError: undefined,
    component: undefined,
    ingress: {
      depth: 0,
      capacity: 0,
      counters: {
        enqueued: 0,
        dispatched: 0,
        accepted: 0,
        rejected: 0,
        failed: 0,
        timedOut: 0,
        retried: 0,
        deadLettered: 0,
      },
      latencyMs: { last: 0, longest: 0 },
    },
    commands: [],
    sources: [],
    restarts: { policy: "never", count: 0, inARow: 0 },
    diagnostics: [],
  });
  record.callEnded({ isError: false });
  record.callEnded({ isError: true, error: { code: "runtime/trap", message: "It trapped." } });
  record.guestReplaced(
    new PluginError({ code: "runtime/lost", phase: "execution", message: "Lost." }),
  );
  const status = record.read(now);
  expect(status).toMatchObject({
    calls: { completed: 1, failed: 1 },
    replacements: 1,
    lastError: { code: "runtime/lost", message: "Lost." },
  });
  expect(Object.isFrozen(status) && Object.isFrozen(status.calls)).toBe(true);
});
