import { afterEach, describe, expect, it } from "vitest";
import {
  createInstance,
  type DeadLetter,
  grantRequested,
  type IngressEvent,
  type IngressReport,
  type PluginInstance,
  record,
  revocable,
} from "yoi-plugin-sdk";
import { event, livingInstance, livingPackage } from "./instance-package.ts";

const open: PluginInstance[] = [];
async function living(...args: Parameters<typeof livingInstance>): Promise<PluginInstance> {
  const instance = await livingInstance(...args);
  open.push(instance);
  return instance;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((instance) => instance.stop()));
});

/** A guest that is busy with every event for some 100 ms. */
const busy = {
  ingress: {
    does: `(local.set $index (i32.const 5000000))
      (loop $work (br_if $work (local.tee $index (i32.sub (local.get $index) (i32.const 1)))))`,
    answers: ['{"accepted":true}'],
  },
} as const;

describe("[ingress/envelope] an event", () => {
  it("reaches the guest complete: what its sender left out is filled in", async () => {
    const echo = await living("instance-echo");
    const report = await echo.deliverIngress("room", event({ text: "hi" }));
    const given = report.output as unknown as {
      readonly name: string;
      readonly event: IngressEvent;
    };
    expect(given.name).toBe("room");
    expect(given.event).toEqual({
      kind: "message",
      source: "test",
      ingress_name: "room",
      payload: { text: "hi" },
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/u),
      attempt: 1,
      correlation_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/u),
    });
    expect(report).toMatchObject({
      plugin: "project:test.living",
      ingress: "room",
      correlationId: given.event.correlation_id,
      accepted: true,
      attempts: 1,
    });
    expect(Object.isFrozen(report)).toBe(true);
  });

  it("is refused in the order of the reference, counted, and never reaches the guest", async () => {
    const instance = await living("instance-counter", {}, { eventKinds: ["message"] });
    const wrong: readonly (readonly [string, unknown, string, RegExp])[] = [
      ["room", { ...event(), source: " ", kind: "" }, "ingress/invalid-event", /source/u],
      [
        "room",
        { ...event(), ingress_name: "other", kind: "" },
        "ingress/invalid-event",
        /ingress_name/u,
      ],
      ["room", { ...event(), kind: " " }, "ingress/invalid-event", /kind/u],
      ["room", { ...event(), attempt: 0 }, "ingress/invalid-event", /attempt/u],
      ["room", { ...event(), correlation_id: "" }, "ingress/invalid-event", /correlation_id/u],
      ["room", event("x".repeat(65_536)), "ingress/invalid-event", /65536/u],
      ["room", { ...event(), kind: "other" }, "ingress/invalid-event", /event_kinds/u],
      ["other", event(), "ingress/invalid-event", /no ingress "other"/u],
      ["__proto__", event(), "ingress/invalid-event", /no ingress/u],
      ["room", null, "ingress/invalid-event", /not an object/u],
    ];
    for (const [name, given, code, message] of wrong) {
      expect(await instance.deliverIngress(name, given as IngressEvent)).toMatchObject({
        accepted: false,
        attempts: 0,
        error: { code, message: expect.stringMatching(message), isRetryable: false },
      });
    }
    const { counters } = instance.status().ingress;
    expect(counters).toMatchObject({ rejected: wrong.length, enqueued: 0, dispatched: 0 });
    expect((await instance.deliverIngress("room", event())).output).toEqual({ count: 1 });
  });

  it("is refused before anything else where the surface is not selected, whatever is granted", async () => {
    const instance = await living("instance-counter", { surfaces: ["tool", "service"] });
    const report = await instance.deliverIngress("room", { source: "", kind: "" });
    expect(report.error).toMatchObject({
      code: "ingress/unavailable",
      message: expect.stringContaining("surface ingress"),
    });
  });

  it.each<[string, unknown]>([
    ["something else than a signal", { signal: {} }],
    ["a wait that is no number", { waitMs: "1" }],
    ["a negative wait", { waitMs: -1 }],
    ["a wait that is NaN", { waitMs: Number.NaN }],
  ])("delivered with %s is the host's mistake, and thrown", async (_name, options) => {
    const instance = await living("instance-counter");
    await expect(instance.deliverIngress("room", event(), options as never)).rejects.toMatchObject({
      code: "options/invalid",
    });
  });
});

describe("[ingress/reply] what a guest answers", () => {
  it("is reported as what it is: a refusal is no error", async () => {
    const instance = await living("instance-declines");
    const report = await instance.deliverIngress("room", event());
    expect(report).toMatchObject({ accepted: false, output: { reason: "not for me" } });
    expect(report).not.toHaveProperty("error");
    expect(instance.status().ingress.counters).toMatchObject({
      dispatched: 1,
      accepted: 0,
      failed: 0,
    });
  });

  it("may be an error of its own, after which it lives on", async () => {
    const instance = await living("instance-ingress-error");
    const report = await instance.deliverIngress("room", event());
    expect(report.error).toMatchObject({ code: "guest/failed", isRetryable: false });
    expect(instance.status()).toMatchObject({
      state: "running",
      ingress: { counters: { failed: 1, retried: 0, deadLettered: 1 } },
    });
  });

  it("may ask for another attempt, and gets it, its number counted on", async () => {
    const instance = await living("instance-third-time-lucky", { ingress: { retryDelayMs: 1 } });
    const report = await instance.deliverIngress("room", event());
    expect(report).toMatchObject({ accepted: true, attempts: 3, output: { attempt: 3 } });
    expect(instance.status().ingress.counters).toMatchObject({
      enqueued: 1,
      dispatched: 3,
      accepted: 1,
      failed: 2,
      retried: 2,
      deadLettered: 0,
    });
  });

  it("is given up after maxAttempts, as a dead letter", async () => {
    const letters: DeadLetter[] = [];
    const instance = await living("instance-third-time-lucky", {
      ingress: { retryDelayMs: 1, maxAttempts: 2 },
      onEvent: (seen) => seen.type === "deadLetter" && letters.push(seen),
    });
    const report = await instance.deliverIngress("room", event("lost"));
    expect(report).toMatchObject({
      attempts: 2,
      error: { code: "guest/failed", isRetryable: true },
    });
    expect(letters).toMatchObject([{ event: { payload: "lost" }, report: { attempts: 2 } }]);
  });
});

describe("[ingress/capacity] a full queue", () => {
  it("refuses what does not fit (ingressCapacity), and says that it may come again", async () => {
    const instance = await living(busy, { ingress: { capacity: 2 } });
    const reports = await Promise.all(
      Array.from({ length: 5 }, () => instance.deliverIngress("room", event())),
    );
    // One is with the guest, two wait.
    expect(reports.map(({ error }) => error?.code)).toEqual([
      undefined,
      undefined,
      undefined,
      "ingress/queue-full",
      "ingress/queue-full",
    ]);
    expect(reports.at(-1)?.error?.isRetryable).toBe(true);
    const { capacity, depth, counters, latencyMs } = instance.status().ingress;
    expect({ capacity, depth }).toEqual({ capacity: 2, depth: 0 });
    expect(counters).toMatchObject({ enqueued: 3, rejected: 2 });
    expect(latencyMs.longest).toBeGreaterThan(0);
  });

  it("lets those wait who are ready to", async () => {
    const instance = await living(busy, { ingress: { capacity: 1 } });
    const reports = await Promise.all(
      Array.from({ length: 5 }, () => instance.deliverIngress("room", event(), { waitMs: 20_000 })),
    );
    expect(reports.every(({ accepted }) => accepted)).toBe(true);
  });

  it("of tool calls does not keep events from their guest", async () => {
    const instance = await living("instance-counter", { limits: { queuedCalls: 2 } });
    const calls = Array.from({ length: 6 }, () => instance.callTool("run", {}));
    const report = await instance.deliverIngress("room", event());
    expect(report).toMatchObject({ accepted: true, attempts: 1 });
    const codes = (await Promise.all(calls)).map(({ error }) => error?.code);
    expect(codes.filter((code) => code === "instance/busy")).toHaveLength(3);
  });

  it("can be left again by a sender's signal", async () => {
    const instance = await living(busy);
    const first = instance.deliverIngress("room", event());
    const takeBack = new AbortController();
    const second = instance.deliverIngress("room", event(), { signal: takeBack.signal });
    takeBack.abort();
    expect(await second).toMatchObject({ attempts: 0, error: { code: "runtime/aborted" } });
    expect(await first).toMatchObject({ accepted: true });
  });
});

describe("[ingress/revoked] a grant that is taken back", () => {
  it("stops the next event, and one that waits already, and the guest lives on", async () => {
    const pkg = await livingPackage(busy);
    const grants = revocable(record(grantRequested(pkg)));
    const instance = await createInstance(pkg, { grants });
    open.push(instance);
    const first = instance.deliverIngress("room", event());
    const waiting = instance.deliverIngress("room", event());
    await new Promise(setImmediate);
    grants.revoke();
    expect((await first).accepted).toBe(true);
    expect(await waiting).toMatchObject({ accepted: false, error: { code: "grant/denied" } });
    expect(await instance.deliverIngress("room", event())).toMatchObject({
      attempts: 0,
      error: { code: "grant/denied" },
    });
    expect(instance.state).toBe("running");
    grants.restore();
    expect((await instance.deliverIngress("room", event())).accepted).toBe(true);
  });
});

describe("[commands/apart] output commands", () => {
  it("change the status and are kept apart from what tools answer", async () => {
    const seen: string[] = [];
    const instance = await living("instance-commands-status", {
      onEvent: (heard) => heard.type === "command" && seen.push(heard.status),
    });
    const report: IngressReport = await instance.deliverIngress("room", event());
    expect(report.commands).toMatchObject([
      { kind: "diagnostic_status_update", status: "recorded", message: "all well" },
    ]);
    expect(instance.status()).toMatchObject({
      component: { state: "busy", data: 1 },
      commands: report.commands,
      lastError: undefined,
    });
    expect(seen).toEqual(["recorded"]);
    expect(await instance.callTool("run", {})).toMatchObject({ summary: "handled" });
  });

  it("that are rejected are the last error, and the event was accepted all the same", async () => {
    const instance = await living("instance-commands-unknown-kind");
    const report = await instance.deliverIngress("room", event());
    expect(report.accepted).toBe(true);
    expect(report.commands.map(({ status }) => status)).toEqual(["rejected"]);
    expect(instance.status().lastError?.code).toBe("guest/failed");
  });

  it("are kept in the status up to keptCommands, the newest", async () => {
    const instance = await living("instance-commands-sixteen");
    for (let round = 0; round < 3; round += 1) await instance.deliverIngress("room", event());
    expect(instance.status().commands).toHaveLength(32);
  });
});
