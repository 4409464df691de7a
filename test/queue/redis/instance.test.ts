import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DeadLetter, IngressReport } from "yoi-plugin-sdk";
import { bullmqIngressQueue } from "yoi-plugin-sdk/bullmq";
import { announced, event, livingInstance } from "../../e2e/instance-package.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis[Symbol.asyncDispose]();
});

const queueOf = (prefix: string) => bullmqIngressQueue({ connection: redis.connection, prefix });

describe("[queue/shared] instances with their events in Redis", () => {
  test("share a thousand events, and nothing is lost or double", async () => {
    const options = { ingress: { queue: queueOf("shared"), capacity: 100 } };
    const hosts = await Promise.all([
      livingInstance("instance-counter", options),
      livingInstance("instance-counter", options),
    ]);
    const ids = Array.from({ length: 1_000 }, (_, index) => `event-${index}`);
    const reports = await Promise.all(
      ids.map((correlation_id, index) =>
        hosts[index % 2 === 0 ? 0 : 1]?.deliverIngress(
          "room",
          { ...event(index), correlation_id },
          { waitMs: 60_000 },
        ),
      ),
    );
    expect(reports.map((report) => report?.correlationId)).toEqual(ids);
    expect(reports.every((report) => report?.accepted === true && report.attempts === 1)).toBe(
      true,
    );
    const given = hosts.map((host) => host.status().ingress.counters.dispatched);
    expect(given.reduce((sum, count) => sum + count, 0)).toBe(1_000);
    expect(Math.min(...given)).toBeGreaterThan(0);
    await Promise.all(hosts.map((host) => host.stop()));
  });

  test("that stop leave their events to the next, which gives each of them once", async () => {
    const options = { ingress: { queue: queueOf("stopped"), capacity: 1_000 } };
    const first = await livingInstance("instance-counter", options);
    const letters: DeadLetter[] = [];
    first.on("deadLetter", (letter) => letters.push(letter));
    const ids = Array.from({ length: 200 }, (_, index) => `event-${index}`);
    const deliveries = ids.map((correlation_id) =>
      first.deliverIngress("room", { ...event(), correlation_id }),
    );
    await announced(first, "ingress");
    await first.stop();
    const reports = await Promise.all(deliveries);
    const taken = reports.filter(({ accepted }) => accepted);
    const left = reports.filter(({ accepted }) => !accepted);
    expect(left.length).toBeGreaterThan(0);
    expect(letters).toEqual([]);

    const second = await livingInstance("instance-counter", options);
    const again: (IngressReport | undefined)[] = await Promise.all(
      ids.map((correlation_id) => second.deliverIngress("room", { ...event(), correlation_id })),
    );
    expect(again.every((report) => report?.accepted === true)).toBe(true);
    const dispatched = [first, second].map((host) => host.status().ingress.counters.dispatched);
    expect(dispatched[0]).toBeGreaterThanOrEqual(taken.length);
    // One may have been in the first guest's hands when it was told to stop.
    expect(dispatched[1]).toBeGreaterThanOrEqual(200 - taken.length);
    expect(dispatched[1]).toBeLessThanOrEqual(200 - taken.length + 1);
    await second.stop();
  });

  test("try a retryable failure again, and a third attempt that goes well is the report", async () => {
    const ingress = { queue: queueOf("retried"), retryDelayMs: 1 };
    const host = await livingInstance("instance-third-time-lucky", { ingress });
    const report = await host.deliverIngress("room", event());
    expect(report).toMatchObject({ accepted: true, attempts: 3 });
    expect(host.status().ingress.counters).toMatchObject({ retried: 2, deadLettered: 0 });
    await host.stop();
  });

  test("of which one is down leave its events to the others", async () => {
    const ingress = { queue: queueOf("down"), retryDelayMs: 1 };
    const broken = await livingInstance("instance-trap-on-third-event", { ingress });
    for (const accepted of [true, true, false]) {
      expect((await broken.deliverIngress("room", event())).accepted).toBe(accepted);
    }
    expect(broken.state).toBe("failed");
    const whole = await livingInstance("instance-counter", { ingress });
    const reports = await Promise.all(
      Array.from({ length: 20 }, () => whole.deliverIngress("room", event(), { waitMs: 60_000 })),
    );
    expect(reports.every(({ accepted, attempts }) => accepted && attempts === 1)).toBe(true);
    await Promise.all([broken.stop(), whole.stop()]);
  });
});
