import { afterEach, describe, expect, it } from "vitest";
import {
  createInstance,
  grantRequested,
  type InstanceState,
  type PluginInstance,
  type RestartNotice,
  type RestartPolicy,
  record,
  revocable,
} from "yoi-plugin-sdk";
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

const atOnce: RestartPolicy = { when: "on-failure", initialDelayMs: 1, maxDelayMs: 1 };
const inAnHour: RestartPolicy = {
  when: "on-failure",
  initialDelayMs: 3_600_000,
  maxDelayMs: 3_600_000,
};

const isState =
  (state: InstanceState) =>
  ({ to }: { readonly to: InstanceState }) =>
    to === state;

describe("[instance/restart] a guest that failed", () => {
  it("is started again with its configuration, and everything goes on", async () => {
    const instance = await living(
      {
        start: [{ raw: "json" }],
        tool: { first: 1, are: ['{"summary":"fine"}'], afterwards: "trap" },
      },
      { config: { room: 1 }, restart: atOnce },
    );
    const states: InstanceState[] = [];
    instance.on("state", ({ to }) => states.push(to));
    const restart = announced(instance, "restart");
    const running = announced(instance, "state", isState("running"));
    expect((await instance.callTool("run", {})).summary).toBe("fine");
    expect((await instance.callTool("run", {})).error?.code).toBe("runtime/trap");
    expect(await restart).toMatchObject({ attempt: 1, delayMs: 1, code: "runtime/trap" });
    await running;
    expect(states).toEqual(["failed", "starting", "running"]);
    expect(instance.status()).toMatchObject({
      state: "running",
      component: { room: 1 },
      restarts: {
        policy: "on-failure",
        count: 1,
        inARow: 1,
        lastError: { code: "runtime/trap" },
      },
    });
    // A new guest: its first call goes well again.
    expect((await instance.callTool("run", {})).summary).toBe("fine");
  });

  it("takes the events that waited, and none is lost or given twice", async () => {
    const instance = await living("instance-trap-on-third-event", { restart: atOnce });
    const reports = await Promise.all(
      Array.from({ length: 6 }, (_, payload) => instance.deliverIngress("room", event(payload))),
    );
    // The third event of each guest traps; what waited behind it goes to the next guest.
    expect(reports.map(({ error }) => error?.code)).toEqual([
      undefined,
      undefined,
      "runtime/trap",
      undefined,
      undefined,
      "runtime/trap",
    ]);
    expect(reports.every(({ attempts }) => attempts === 1)).toBe(true);
  });

  it("is given up after maxRestarts in a row, and what waits is reported", async () => {
    const instance = await living(
      { ingress: "trap" },
      { restart: { ...atOnce, maxRestarts: 2 }, ingress: { maxAttempts: 1 } },
    );
    const notices: RestartNotice[] = [];
    instance.on("restart", (notice) => notices.push(notice));
    const reports = await Promise.all(
      Array.from({ length: 6 }, () => instance.deliverIngress("room", event())),
    );
    expect(reports.map(({ error }) => error?.code)).toEqual([
      ...Array.from({ length: 3 }, () => "runtime/trap"),
      ...Array.from({ length: 3 }, () => "instance/failed"),
    ]);
    expect(notices.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(instance.status()).toMatchObject({
      state: "failed",
      restarts: { count: 2, inARow: 2, lastError: { code: "runtime/trap" } },
      ingress: { depth: 0 },
    });
    expect(instance.status().restarts).not.toHaveProperty("nextAt");
  });

  it("that falls as soon as it runs uses up its restarts in one row", async () => {
    const instance = await living(
      {
        start: ['{"state":"running"}'],
        status: "trap",
      },
      { restart: { ...atOnce, maxRestarts: 3 } },
    );
    const failedFour = new Promise<void>((resolve) => {
      let failures = 0;
      instance.on("state", ({ to }) => {
        if (to === "running") void instance.refreshStatus();
        if (to === "failed") failures += 1;
        if (failures === 4) resolve();
      });
    });
    await instance.refreshStatus();
    await failedFour;
    expect(instance.status()).toMatchObject({ state: "failed", restarts: { count: 3 } });
  });

  it("refuses calls meanwhile, lets events wait for it, and says when it comes", async () => {
    const instance = await living("instance-tool-trap", {
      restart: inAnHour,
      ingress: { capacity: 1 },
    });
    await instance.callTool("run", {});
    expect((await instance.callTool("run", {})).error?.code).toBe("instance/failed");
    const events = Array.from({ length: 3 }, () => instance.deliverIngress("room", event()));
    // One is taken, one waits behind it, and that is the queue's capacity.
    expect((await events[2])?.error).toMatchObject({ code: "ingress/queue-full" });
    const { restarts } = instance.status();
    const inMs = Date.parse(restarts.nextAt ?? "") - Date.now();
    expect(inMs).toBeGreaterThan(1_700_000);
    expect(inMs).toBeLessThanOrEqual(3_600_000);
    await instance.stop();
    for (const report of [await events[0], await events[1]]) {
      expect(report?.error?.code).toBe("instance/stopped");
    }
  });

  it("takes events that came while it was away", async () => {
    const instance = await living("instance-tool-trap", { restart: atOnce });
    const failed = announced(instance, "state", isState("failed"));
    void instance.callTool("run", {});
    await failed;
    expect(await instance.deliverIngress("room", event())).toMatchObject({ accepted: true });
  });

  it("is not started again once the host stops it", async () => {
    const states: InstanceState[] = [];
    const instance = await living("instance-ingress-trap", { restart: inAnHour });
    instance.on("state", ({ to }) => states.push(to));
    const first = instance.deliverIngress("room", event());
    const waiting = instance.deliverIngress("room", event());
    expect((await first).error?.code).toBe("runtime/trap");
    await instance.stop();
    // It was with the guest's turn already, and no guest came.
    expect((await waiting).error?.code).toBe("instance/stopped");
    expect(states).toEqual(["failed", "stopping", "stopped"]);
    expect(instance.status().restarts).not.toHaveProperty("nextAt");
  });

  it("is not started again while nothing that it is there for is granted", async () => {
    const pkg = await livingPackage("instance-tool-trap");
    const grants = revocable(record(grantRequested(pkg)));
    const instance = await createInstance(pkg, { grants, restart: { ...atOnce, maxRestarts: 1 } });
    open.push(instance);
    const starts: string[] = [];
    instance.on("state", ({ to }) => starts.push(to));
    const ended = new Promise<void>((resolve) => {
      instance.on("state", ({ from, to }) => {
        if (from === "starting" && to === "failed") resolve();
      });
    });
    const calling = instance.callTool("run", {});
    instance.on("restart", () => grants.revoke());
    await calling;
    await ended;
    expect(instance.status()).toMatchObject({
      state: "failed",
      lastError: { code: "grant/denied" },
      restarts: { lastError: { code: "grant/denied" } },
    });
    expect(starts).toEqual(["failed", "starting", "failed"]);
  });
});
