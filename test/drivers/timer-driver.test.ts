import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { createTimerDriver } from "../../src/drivers/timer-driver.ts";
import type { IngressReport } from "../../src/instance/ingress.types.ts";
import { repository } from "../structure/source-tree.ts";
import { driverHost, handTiming, queueFull, type Take } from "./driver-host.ts";

const failedInGuest: Partial<IngressReport> = {
  attempts: 3,
  error: { code: "guest/failed", message: "no", isRetryable: true },
};

async function openTimer(source = "timer:PT1M", take?: Take) {
  const timing = handTiming();
  const host = driverHost(source, take === undefined ? {} : { take });
  const session = await createTimerDriver({ timing }).open(host.context);
  return {
    ...host,
    timing,
    session,
    payloads: () => host.events.map(({ payload }) => payload),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

describe("[timer/refused] a source that can't be timed", () => {
  test.each(["timer:", "timer:PT0.5S", "timer:P25D", "timer:P1M", "timer:1000", "timer:PT1M "])(
    "%j is refused, without being repeated",
    (source) => {
      const { context } = driverHost(source);
      expect(() => createTimerDriver().open(context)).toThrow(
        expect.objectContaining({ code: "ingress/invalid-source", phase: "registration" }),
      );
    },
  );

  test("is not served when it is another driver's", () => {
    const driver = createTimerDriver();
    expect(["timer:PT1M", "TIMER:PT1M", "webhook:x", "wss://x/"].map(driver.serves)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe("[timer/ticks] a timer", () => {
  test("tells every period, the first time one after its beginning", async () => {
    await using timer = await openTimer();
    await timer.timing.pass(59_999);
    expect(timer.events).toEqual([]);
    expect(timer.session.status()).toEqual({
      driver: "timer",
      ingress: "inbox",
      source: "timer:PT1M",
      state: "waiting",
      received: 0,
      sent: 0,
      dropped: 0,
      sendFailures: 0,
      reconnects: 0,
      nextAttemptAt: "2026-01-01T00:01:00.000Z",
    });
    await timer.timing.pass(120_001);
    expect(timer.events.map(({ kind }) => kind)).toEqual(["timer", "timer", "timer"]);
    expect(timer.payloads()).toEqual([
      { scheduled_at: "2026-01-01T00:01:00.000Z", missed: 0 },
      { scheduled_at: "2026-01-01T00:02:00.000Z", missed: 0 },
      { scheduled_at: "2026-01-01T00:03:00.000Z", missed: 0 },
    ]);
  });

  test("does not drift, though each tick comes late", async () => {
    await using timer = await openTimer("timer:PT1S");
    for (let tick = 1; tick <= 100; tick += 1) {
      timer.timing.oversleep(tick * 1_000 + 7 - timer.timing.elapsed());
      await timer.timing.pass(0);
      const next = new Date(Date.UTC(2026, 0, 1) + (tick + 1) * 1_000).toISOString();
      expect(timer.session.status().nextAttemptAt).toBe(next);
    }
    expect(timer.events).toHaveLength(100);
    expect(timer.payloads().at(-1)).toEqual({
      scheduled_at: "2026-01-01T00:01:40.000Z",
      missed: 0,
    });
  });

  test("after a sleep tells once, with how many were missed", async () => {
    await using timer = await openTimer();
    timer.timing.oversleep(10 * 60_000 + 5);
    await timer.timing.pass(0);
    expect(timer.payloads()).toEqual([{ scheduled_at: "2026-01-01T00:10:00.000Z", missed: 9 }]);
    await timer.timing.pass(60_000);
    expect(timer.payloads()[1]).toEqual({ scheduled_at: "2026-01-01T00:11:00.000Z", missed: 0 });
    expect(timer.session.status()).toMatchObject({ received: 2, dropped: 9 });
  });

  test("keeps its pace while the machine's clock is set, and tells the new time", async () => {
    await using timer = await openTimer();
    await timer.timing.pass(60_000);
    timer.timing.setWall(Date.UTC(2020, 0, 1));
    await timer.timing.pass(60_000);
    expect(timer.payloads()[1]).toEqual({ scheduled_at: "2020-01-01T00:01:00.000Z", missed: 0 });
  });

  test("does not pile up behind a guest that is slow: what comes meanwhile is missed", async () => {
    let take = (_: Partial<IngressReport>) => {};
    const slow = () => new Promise<Partial<IngressReport>>((resolve) => (take = resolve));
    await using timer = await openTimer("timer:PT1M", slow);
    await timer.timing.pass(5 * 60_000);
    expect(timer.events).toHaveLength(1);
    expect(timer.session.status()).toMatchObject({ received: 1, dropped: 4 });
    take({});
    await timer.timing.pass(60_000);
    expect(timer.payloads()[1]).toEqual({ scheduled_at: "2026-01-01T00:06:00.000Z", missed: 4 });
  });

  test("tells the guest of ticks that the queue refused, not of those that it failed at", async () => {
    const answers = [queueFull, queueFull, failedInGuest, {}];
    await using timer = await openTimer("timer:PT1M", () => answers.shift() ?? {});
    await timer.timing.pass(5 * 60_000);
    expect(timer.payloads().map((payload) => (payload as { missed: number }).missed)).toEqual([
      0, 1, 2, 0, 0,
    ]);
    expect(timer.session.status()).toMatchObject({ dropped: 3, lastError: "no" });
    expect(timer.diagnostics.map(({ code }) => code)).toEqual(["ingress/queue-full"]);
  });
});

test("[timer/ticks] what is dropped is told once, until the guest takes an event again", async () => {
  const answers = [queueFull, queueFull, {}, queueFull];
  await using timer = await openTimer("timer:PT1M", () => answers.shift() ?? {});
  await timer.timing.pass(3 * 60_000);
  expect(timer.diagnostics).toHaveLength(1);
  await timer.timing.pass(60_000);
  expect(timer.diagnostics).toHaveLength(2);
});

test("[timer/ticks] what is shown of a failure has no secret in it, and is bounded", async () => {
  const messages = ["wss://x/room?token=abc refused", `\u001b${"x".repeat(5_000)}`];
  const fail = () => ({
    error: { code: "guest/failed", message: messages.shift() ?? "", isRetryable: false } as const,
  });
  await using timer = await openTimer("timer:PT1M", fail);
  await timer.timing.pass(60_000);
  expect(timer.session.status().lastError).toBe("wss://x/room?<redacted>");
  await timer.timing.pass(60_000);
  const { lastError = "" } = timer.session.status();
  expect(lastError).toMatch(/^ x+…$/u);
  expect(Buffer.byteLength(lastError)).toBe(512);
});

describe("[timer/ends] a timer that is over", () => {
  test.each(["dispose", "stop"])("by %s has no timer left and tells nothing", async (how) => {
    const timer = await openTimer();
    await timer.timing.pass(60_000);
    if (how === "stop") timer.stop();
    else await timer.session[Symbol.asyncDispose]();
    expect(timer.timing.waiting).toBe(0);
    await timer.timing.pass(10 * 60_000);
    expect(timer.events).toHaveLength(1);
    expect(timer.session.status().state).toBe("closed");
  });

  test("while its event is on its way stays over", async () => {
    let take = (_: Partial<IngressReport>) => {};
    const slow = () => new Promise<Partial<IngressReport>>((resolve) => (take = resolve));
    const timer = await openTimer("timer:PT1M", slow);
    await timer.timing.pass(60_000);
    await timer.session[Symbol.asyncDispose]();
    take({});
    await timer.timing.pass(60_000);
    expect(timer.timing.waiting).toBe(0);
    expect(timer.session.status().state).toBe("closed");
  });

  test("in the very moment of its event has no timer left", async () => {
    let end = () => {};
    const timer = await openTimer("timer:PT1M", () => {
      end();
      return {};
    });
    end = () => void timer.session[Symbol.asyncDispose]();
    await timer.timing.pass(60_000);
    expect(timer.events).toHaveLength(1);
    expect(timer.timing.waiting).toBe(0);
    expect(timer.session.status().state).toBe("closed");
  });

  test("before it began is never begun", async () => {
    const timing = handTiming();
    const host = driverHost("timer:PT1M");
    host.stop();
    await createTimerDriver({ timing }).open(host.context);
    expect(timing.waiting).toBe(0);
  });
});

test("[timer/ends] a timer alone keeps no Node process running", async () => {
  const program = `
    import { createTimerDriver } from "./src/drivers/timer-driver.ts";
    const signal = new AbortController().signal;
    createTimerDriver().open({ source: "timer:PT1H", ingress: "x", plugin: { ref: "x" }, signal });
    console.log("opened");
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "--eval", program],
    { cwd: repository, timeout: 20_000 },
  );
  expect(stdout).toBe("opened\n");
});
