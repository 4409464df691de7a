import { afterEach, describe, expect, it } from "vitest";
import {
  createInstance,
  grantRequested,
  type InstanceState,
  type PluginInstance,
} from "yoi-plugin-sdk";
import type { InstanceSteps } from "../../fixtures/guests/instance-guest.ts";
import { announced, event, livingInstance, livingPackage } from "./instance-package.ts";

const open: PluginInstance[] = [];
async function living(...args: Parameters<typeof livingInstance>): Promise<PluginInstance> {
  const instance = await livingInstance(...args);
  open.push(instance);
  return instance;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((instance) => instance.stop()));
});

/** How creating an instance of a guest ends, and the states that were announced until then. */
async function failedStart(
  guest: string | InstanceSteps,
  options: Parameters<typeof livingInstance>[1] = {},
) {
  const states: InstanceState[] = [];
  const onEvent: NonNullable<typeof options.onEvent> = (seen) => {
    if (seen.type === "state") states.push(seen.to);
  };
  const error: unknown = await living(guest, { onEvent, ...options }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { error, states };
}

describe("[instance/start] a start that fails rejects the creation, and nothing is left", () => {
  it.each<[string, string | InstanceSteps, string, RegExp]>([
    ["an error", "instance-start-error", "guest/failed", /start failed/u],
    ["the state failed", "instance-start-failed", "guest/failed", /state "failed"/u],
    [
      "an error that is text",
      { start: ['{"error":"no \\u001b[2J"}'] },
      "guest/failed",
      /no {2}\[2J/u,
    ],
    ["an error that is null", { start: ['{"error":null}'] }, "guest/failed", /reported an error/u],
    ["half of a JSON text", "instance-start-rubbish", "output/malformed", /answer to start/u],
    ["nothing", "instance-start-nothing", "output/malformed", /it is empty/u],
    ["bytes that are not UTF-8", "instance-start-bad-utf8", "output/malformed", /UTF-8/u],
    ["too much", "instance-start-too-much", "output/too-large", /./u],
    ["a trap", "instance-start-trap", "runtime/trap", /./u],
  ])("%s", async (_name, guest, code, message) => {
    const { error, states } = await failedStart(guest);
    expect(error).toMatchObject({
      code,
      phase: "lifecycle",
      plugin: "project:test.living",
      message: expect.stringMatching(message),
    });
    expect(states).toEqual(["starting", "failed", "stopping", "stopped"]);
  });

  it("[stop/loop] an endless loop, at startTimeoutMs", async () => {
    const { error } = await failedStart("instance-start-loop", { limits: { startTimeoutMs: 150 } });
    expect(error).toMatchObject({ code: "runtime/timeout", phase: "lifecycle" });
  });

  it("the caller's signal, while the guest starts", async () => {
    const giveUp = new AbortController();
    const onEvent = (seen: { readonly type: string }) => {
      if (seen.type === "state") giveUp.abort();
    };
    const { error } = await failedStart("instance-start-loop", { signal: giveUp.signal, onEvent });
    expect(error).toMatchObject({ code: "runtime/aborted" });
  });

  it("a restart policy does not make up for it", async () => {
    const { error, states } = await failedStart("instance-start-error", { restart: "on-failure" });
    expect(error).toMatchObject({ code: "guest/failed" });
    expect(states).not.toContain("running");
  });
});

describe("[instance/config] the configuration", () => {
  it.each<[string, unknown, string]>([
    ["null when there is none", undefined, "null"],
    ["as JSON", { room: "lobby", limit: 3 }, '{"room":"lobby","limit":3}'],
  ])("reaches start %s", async (_name, config, text) => {
    const instance = await living(
      { start: [{ raw: "json" }] },
      config === undefined ? {} : { config: config as never },
    );
    expect(instance.status().component).toEqual(JSON.parse(text));
  });

  it.each<[string, unknown]>([
    ["what is not JSON", { when: new Date(0) }],
    ["more than 64 KiB (configBytes)", "x".repeat(64 * 1024 - 1)],
  ])("is refused when it is %s", async (_name, config) => {
    await expect(living("instance-config", { config: config as never })).rejects.toMatchObject({
      code: "options/invalid",
    });
  });

  it("may have exactly 64 KiB (configBytes)", async () => {
    const instance = await living("instance-world", { config: "x".repeat(64 * 1024 - 2) });
    expect(instance.state).toBe("running");
  });
});

describe("[instance/one-guest] tools, events and status", () => {
  it("are faces of one guest, whose state they share", async () => {
    const counter = await living("instance-counter");
    expect(counter.status()).toMatchObject({ state: "running", component: { state: "running" } });
    expect((await counter.callTool("run", {})).summary).toBe("count 1");
    expect((await counter.deliverIngress("room", event())).output).toEqual({ count: 2 });
    expect((await counter.callTool("run", {})).summary).toBe("count 3");
    expect((await counter.refreshStatus()).component).toMatchObject({ data: { count: 3 } });
    await counter.stop();
    expect(counter.status()).toMatchObject({
      state: "stopped",
      component: { state: "stopped", data: { count: 3 } },
    });
  });

  it("take turns: none is in the guest while another is", async () => {
    const counter = await living("instance-counter", { ingress: { capacity: 50 } });
    const tools = Array.from({ length: 40 }, () => counter.callTool("run", {}));
    const events = Array.from({ length: 40 }, () => counter.deliverIngress("room", event()));
    const statuses = Array.from({ length: 5 }, () => counter.refreshStatus());
    const counts = [
      ...(await Promise.all(tools)).map(({ summary }) => Number(summary.replace("count ", ""))),
      ...(await Promise.all(events)).map(({ output }) => (output as { count: number }).count),
    ];
    expect(counts.sort((a, b) => a - b)).toEqual(
      Array.from({ length: 80 }, (_, index) => index + 1),
    );
    await Promise.all(statuses);
  });

  it("run inline as well, where no host calls are needed", async () => {
    const counter = await living("instance-counter", { isolation: "inline" });
    await counter.callTool("run", {});
    expect((await counter.deliverIngress("room", event())).output).toEqual({ count: 2 });
  });

  it("an error of a tool is the tool's, and the guest lives on", async () => {
    const instance = await living("instance-tool-error");
    expect(await instance.callTool("run", {})).toMatchObject({
      isError: true,
      error: { code: "guest/failed" },
    });
    expect(instance.state).toBe("running");
  });
});

describe("[instance/fault] a guest that can't be trusted any more is not entered again", () => {
  it.each<[string, string, string, "tool" | "event" | "status"]>([
    ["a trap in a tool", "instance-tool-trap", "runtime/trap", "tool"],
    ["invalid UTF-8 from a tool", "instance-tool-bad-utf8", "output/malformed", "tool"],
    ["a trap in an event", "instance-ingress-trap", "runtime/trap", "event"],
    ["rubbish for an event", "instance-ingress-rubbish", "output/malformed", "event"],
    ["too much for an event", "instance-ingress-too-much", "output/too-large", "event"],
    ["a trap in status", "instance-status-trap", "runtime/trap", "status"],
    ["an error from status", "instance-status-error", "guest/failed", "status"],
    ["the state failed from status", "instance-status-failed", "guest/failed", "status"],
    ["nothing from status", "instance-status-nothing", "output/malformed", "status"],
  ])("%s fails the instance", async (_name, guest, code, by) => {
    const instance = await living(guest);
    if (by === "tool") expect((await instance.callTool("run", {})).error?.code).toBe(code);
    if (by === "event") {
      expect(await instance.deliverIngress("room", event())).toMatchObject({
        accepted: false,
        attempts: 1,
        error: { code, isRetryable: false },
      });
    }
    if (by === "status") await instance.refreshStatus();
    expect(instance.status()).toMatchObject({ state: "failed", lastError: { code } });
    expect((await instance.callTool("run", {})).error?.code).toBe("instance/failed");
    const later = await instance.deliverIngress("room", event());
    expect(later).toMatchObject({ attempts: 0, error: { code: "instance/failed" } });
    // The refusal says that the status knows why, and so it must.
    expect(instance.status().lastError?.code).toBe(code);
    await instance.stop();
    expect((await instance.callTool("run", {})).error?.code).toBe("instance/stopped");
    expect(instance.status()).toMatchObject({ state: "stopped", lastError: { code } });
  });

  it("[stop/loop] an event that takes longer than timeoutMs fails it, and is counted as such", async () => {
    const instance = await living("instance-ingress-loop", { limits: { timeoutMs: 100 } });
    const report = await instance.deliverIngress("room", event());
    expect(report.error).toMatchObject({ code: "runtime/timeout" });
    expect(instance.status()).toMatchObject({
      state: "failed",
      ingress: { counters: { dispatched: 1, timedOut: 1, failed: 0 } },
    });
  });

  it("[stop/abort] a caller's signal ends a call and with it the guest", async () => {
    const instance = await living("instance-tool-loop");
    const giveUp = new AbortController();
    const calling = instance.callTool("run", {}, { signal: giveUp.signal });
    giveUp.abort();
    expect((await calling).error?.code).toBe("runtime/aborted");
  });
});

describe("nothing granted", () => {
  it("[instance/nothing-granted] starts nothing, and says what was denied", async () => {
    // A guest whose start loops shows that it was never entered.
    const pkg = await livingPackage("instance-start-loop");
    const instance = await createInstance(pkg);
    open.push(instance);
    expect(instance.state).toBe("ready");
    expect(instance.denied.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "service bridge",
      "ingress room",
      "tool run",
    ]);
    expect((await instance.callTool("run", {})).error?.code).toBe("grant/denied");
    expect((await instance.deliverIngress("room", event())).error?.code).toBe(
      "ingress/unavailable",
    );
    expect((await instance.refreshStatus()).state).toBe("ready");
  });
});

describe("[instance/host-only] a package that has only", () => {
  it.each([
    ["a service", { tool: false, ingress: false }],
    ["an ingress", { tool: false, service: false }],
  ])("%s gets its instance", async (_name, declares) => {
    const instance = await living("instance-counter", {}, declares);
    expect(instance).toMatchObject({ state: "running", tools: [], denied: [] });
  });
});

describe("[instance/tool-world] an instance of another world", () => {
  it("takes no events, and says so", async () => {
    const { guestInstance } = await import("./guest-package.ts");
    const echo = await guestInstance("echo");
    open.push(echo);
    const heard = announced(echo, "ingress");
    const report = await echo.deliverIngress("room", event());
    expect(report).toMatchObject({ attempts: 0, error: { code: "ingress/unavailable" } });
    expect(await heard).toBe(report);
    expect(echo).toMatchObject({ services: [], ingresses: [], state: "ready" });
    expect(await echo.refreshStatus()).toEqual(echo.status());
  });
});

it("[instance/status] what the guest said last is in the status, frozen", async () => {
  const pkg = await livingPackage("instance-counter");
  const instance = await createInstance(pkg, { grants: grantRequested(pkg) });
  open.push(instance);
  const status = await instance.refreshStatus();
  expect(Object.isFrozen(status) && Object.isFrozen(status.component)).toBe(true);
  expect(instance.services).toEqual([{ name: "bridge", description: "Bridges." }]);
  expect(instance.ingresses).toEqual([
    { name: "room", description: "A room.", event_kinds: [], sources: [] },
  ]);
});
