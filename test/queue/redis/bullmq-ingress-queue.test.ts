import { getEventListeners } from "node:events";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { IngressConsumer, IngressQueueSession } from "../../../src/instance/ingress.types.ts";
import { durableQueueLimits } from "../../../src/limits.ts";
import {
  type BullmqIngressQueueOptions,
  bullmqIngressQueue,
} from "../../../src/queue/bullmq-ingress-queue.ts";
import {
  attempt,
  envelope,
  gate,
  guestFailure,
  scriptedConsumer,
} from "../../instance/ingress-consumer.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";

const stopped = { code: "instance/stopped", message: "The instance is stopped." } as const;

let redis: RedisServer;
let prefix = 0;
const sessions: IngressQueueSession[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close(stopped)));
  prefix += 1;
});
afterAll(async () => {
  await redis[Symbol.asyncDispose]();
});

async function open(
  consumer: IngressConsumer,
  options: Partial<BullmqIngressQueueOptions> = {},
): Promise<IngressQueueSession> {
  const { connection } = redis;
  const queue = bullmqIngressQueue({ connection, prefix: `test-${prefix}`, ...options });
  const session = await queue.open(consumer);
  sessions.push(session);
  return session;
}

const taking = () => scriptedConsumer(async (event) => attempt(event));

describe("one host", () => {
  test("handles events one at a time and reports each", async () => {
    let running = 0;
    const consumer = scriptedConsumer(async (event) => {
      running += 1;
      expect(running).toBe(1);
      await new Promise(setImmediate);
      running -= 1;
      return { ...attempt(event), output: { seen: event.payload } };
    });
    const session = await open(consumer);
    const ids = Array.from({ length: 20 }, (_, index) => `event-${index}`);
    const reports = await Promise.all(
      ids.map((id) => session.deliver(envelope(id, { payload: id }), {})),
    );
    expect(reports.map(({ correlationId }) => correlationId)).toEqual(ids);
    expect(reports.map(({ output }) => output)).toEqual(ids.map((seen) => ({ seen })));
    expect(consumer.handled.map(({ correlation_id }) => correlation_id)).toEqual(ids);
    expect(session.counters).toEqual({ enqueued: 20, retried: 0, deadLettered: 0 });
  });

  test("tells a repeated delivery what became of the first", async () => {
    const consumer = taking();
    const session = await open(consumer);
    const first = await session.deliver(envelope("same"), {});
    const again = await session.deliver(envelope("same"), {});
    expect(again).toEqual(first);
    expect(consumer.handled).toHaveLength(1);
    // Another source can't keep an event out by naming its id first.
    await session.deliver(envelope("same", { source: "elsewhere" }), {});
    expect(consumer.handled).toHaveLength(2);
  });

  test("tries a retryable failure again, then keeps the event as a dead letter and reports it", async () => {
    const consumer = scriptedConsumer(async (event) => attempt(event, guestFailure(true)));
    const session = await open(consumer);
    const report = await session.deliver(envelope("bad", { attempt: 2 }), {});
    expect(report).toMatchObject({ attempts: 3, error: { code: "guest/failed" } });
    expect(consumer.handled.map((event) => event.attempt)).toEqual([2, 3, 4]);
    expect(consumer.letters).toEqual([{ event: envelope("bad", { attempt: 2 }), report }]);
    expect(session.counters).toEqual({ enqueued: 1, retried: 2, deadLettered: 1 });
    await using kept = watch();
    const [failed] = await kept.queue.getFailed();
    expect(failed?.data.event.correlation_id).toBe("bad");
    expect(failed?.stacktrace).toEqual([]);
    expect(await session.deliver(envelope("bad", { attempt: 2 }), {})).toEqual(report);
  });

  test("gives up a failure that is not retryable at once", async () => {
    const consumer = scriptedConsumer(async (event) => attempt(event, guestFailure(false)));
    const report = await (await open(consumer)).deliver(envelope("bad"), {});
    expect(report).toMatchObject({ attempts: 1, error: { isRetryable: false } });
    expect(consumer.letters).toHaveLength(1);
  });

  test("refuses what is over its capacity, or lets it wait for room", async () => {
    const held = gate<undefined>();
    const arrived = gate<undefined>();
    const consumer = scriptedConsumer(
      async (event) => {
        arrived.open(undefined);
        await held.opened;
        return attempt(event);
      },
      { capacity: 2 },
    );
    const session = await open(consumer);
    const deliveries = [session.deliver(envelope("a"), {})];
    await arrived.opened;
    deliveries.push(session.deliver(envelope("b"), {}), session.deliver(envelope("c"), {}));
    const waitMs = durableQueueLimits.roomPollMs.default * 1.5;
    const refused = await session.deliver(envelope("d"), { waitMs });
    expect(refused).toMatchObject({ attempts: 0, error: { code: "ingress/queue-full" } });
    expect(session.depth).toBe(2);
    const patient = session.deliver(envelope("e"), { waitMs: 60_000 });
    held.open(undefined);
    for (const report of await Promise.all([...deliveries, patient])) {
      expect(report.accepted).toBe(true);
    }
  });

  test("takes an event back while it waits, and stops the guest that has one", async () => {
    const arrived = gate<undefined>();
    const consumer = scriptedConsumer(async (event, signal) => {
      arrived.open(undefined);
      await new Promise((resolve) => signal?.addEventListener("abort", resolve));
      const message = "The guest was stopped.";
      return attempt(event, { code: "runtime/aborted", message, isRetryable: false });
    });
    const session = await open(consumer);
    const [inHand, waiting] = [new AbortController(), new AbortController()];
    const first = session.deliver(envelope("a"), { signal: inHand.signal });
    await arrived.opened;
    const second = session.deliver(envelope("b"), { signal: waiting.signal });
    await depthOf(1);
    waiting.abort();
    expect(await second).toMatchObject({ attempts: 0, error: { code: "runtime/aborted" } });
    inHand.abort();
    expect(await first).toMatchObject({ attempts: 1, error: { code: "runtime/aborted" } });
    expect(consumer.handled).toHaveLength(1);
    expect(consumer.letters).toEqual([]);
  });

  test("listens to a sender's signal no longer than until the report", async () => {
    const session = await open(taking());
    const { signal } = new AbortController();
    for (const id of ["a", "b", "a"]) await session.deliver(envelope(id), { signal });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

test("a client of the host's own is used, and left open", async () => {
  const client = new Redis({ path: redis.socket, maxRetriesPerRequest: null });
  const consumer = taking();
  const session = await open(consumer, { connection: client });
  expect((await session.deliver(envelope("a"), {})).accepted).toBe(true);
  await session.close(stopped);
  expect(await client.ping()).toBe("PONG");
  client.disconnect();
});

describe("several hosts", () => {
  test("[queue/shared] share the events, each with one at a time, and each delivery hears of its own", async () => {
    const seen = new Map<string, number>();
    const host = () => {
      let running = 0;
      return scriptedConsumer(async (event) => {
        running += 1;
        expect(running).toBe(1);
        seen.set(event.correlation_id, (seen.get(event.correlation_id) ?? 0) + 1);
        await new Promise(setImmediate);
        running -= 1;
        return attempt(event);
      });
    };
    const [left, right] = [host(), host()];
    const [one, other] = [await open(left), await open(right)];
    const ids = Array.from({ length: 30 }, (_, index) => `event-${index}`);
    const reports = await Promise.all(
      ids.map((id, index) =>
        (index % 2 === 0 ? one : other).deliver(envelope(id), { waitMs: 60_000 }),
      ),
    );
    expect(reports.every(({ accepted, attempts }) => accepted && attempts === 1)).toBe(true);
    expect([...seen.values()].every((count) => count === 1)).toBe(true);
    expect(seen.size).toBe(30);
    expect(left.handled.length).toBeGreaterThan(0);
    expect(right.handled.length).toBeGreaterThan(0);
  });

  test("a host that stops leaves what waits to the next one", async () => {
    const arrived = gate<undefined>();
    const held = gate<undefined>();
    const first = await open(
      scriptedConsumer(async (event) => {
        arrived.open(undefined);
        await held.opened;
        return attempt(event, { ...stopped, isRetryable: true });
      }),
    );
    const deliveries = ["a", "b", "c"].map((id) => first.deliver(envelope(id), {}));
    await arrived.opened;
    await depthOf(2);
    const closing = first.close(stopped);
    expect(await deliveries[1]).toMatchObject({ attempts: 0, error: { code: stopped.code } });
    held.open(undefined);
    await closing;
    for (const report of await Promise.all(deliveries)) {
      expect(report.error?.code).toBe(stopped.code);
    }
    const consumer = taking();
    const second = await open(consumer);
    await second.deliver(envelope("d"), {});
    const ids = consumer.handled.map((event) => [event.correlation_id, event.attempt]);
    expect(ids).toEqual([
      ["a", 1],
      ["b", 1],
      ["c", 1],
      ["d", 1],
    ]);
  });

  test("a host whose guest is down burns no events of the others", async () => {
    const failed = { code: "instance/failed", message: "It failed.", isRetryable: true } as const;
    const down = scriptedConsumer(async (event) => attempt(event, failed));
    const one = await open(down, {});
    const up = taking();
    const delivery = one.deliver(envelope("a"), {});
    await open(up);
    expect(await delivery).toMatchObject({ accepted: true, attempts: 1 });
    expect(down.letters).toEqual([]);
  });

  test("a host that stops while it gives an event back leaves no timer behind", async () => {
    const failed = { code: "instance/failed", message: "It failed.", isRetryable: true } as const;
    const closing = gate<Promise<void>>();
    const timers = vi.spyOn(globalThis, "setTimeout");
    const session = await open(
      scriptedConsumer(async (event) => attempt(event, failed), {
        retryDelayMs: () => {
          closing.open(session.close(stopped));
          return 54_321;
        },
      }),
    );
    const delivery = session.deliver(envelope("a"), {});
    await closing.opened;
    expect(await delivery).toMatchObject({ accepted: false });
    expect(timers.mock.calls.filter(([, delayMs]) => delayMs === 54_321)).toEqual([]);
    timers.mockRestore();
  });

  test("of another version take over what waits, unless they are named apart", async () => {
    const arrived = gate<undefined>();
    const held = gate<undefined>();
    const old = await open(
      scriptedConsumer(async (event) => {
        arrived.open(undefined);
        await held.opened;
        return attempt(event);
      }),
    );
    const deliveries = ["a", "b"].map((id) => old.deliver(envelope(id), {}));
    await arrived.opened;
    await depthOf(1);
    const plugin = {
      ...taking().plugin,
      version: "2",
      digest: `sha256:${"cd".repeat(32)}`,
    } as const;
    const apart = scriptedConsumer(async (event) => attempt(event), { plugin });
    const elsewhere = await open(apart, { name: ({ ref, digest }) => `${ref} ${digest}` });
    await elsewhere.deliver(envelope("x"), {});
    expect(apart.handled.map(({ correlation_id }) => correlation_id)).toEqual(["x"]);
    const upgrade = scriptedConsumer(async (event) => attempt(event), { plugin });
    await open(upgrade);
    expect((await deliveries[1])?.accepted).toBe(true);
    expect(upgrade.handled.map(({ correlation_id }) => correlation_id)).toEqual(["b"]);
    held.open(undefined);
    await deliveries[0];
  });
});

describe("what lies in Redis", () => {
  test("[queue/keys] has no text of a sender or a package in its keys", async () => {
    const plugin = { ...taking().plugin, ref: "project:{evil}:*\n" };
    const consumer = scriptedConsumer(async (event) => attempt(event), { plugin });
    const session = await open(consumer);
    const hostile = { source: "{evil}:*", ingress_name: "evil ingress" };
    const report = await session.deliver(envelope("{evil}:*:completed", hostile), {});
    expect(report.accepted).toBe(true);
    await using kept = watch("ingress.project~3a~~7b~evil~7d~~3a~~2a~~a~");
    expect(await kept.queue.getCompletedCount()).toBe(1);
    const client = new Redis({ path: redis.socket });
    const keys = await client.keys("*evil*");
    client.disconnect();
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(key).toMatch(/^test-\d+:ingress\.[\w~.-]+(:[\w-]+)*$/u);
  });

  test("and was put there by somebody else is no event, and stops nothing", async () => {
    await using other = watch();
    await other.queue.add("event", { event: { ingress_name: "inbox" } });
    await other.queue.add("event", "garbage");
    const consumer = taking();
    const session = await open(consumer);
    expect((await session.deliver(envelope("a"), {})).accepted).toBe(true);
    expect(consumer.handled).toHaveLength(1);
    expect(await other.queue.getFailedCount()).toBe(2);
  });

  test("and was taken away by somebody else is reported as gone", async () => {
    const arrived = gate<undefined>();
    const held = gate<undefined>();
    const session = await open(
      scriptedConsumer(async (event) => {
        arrived.open(undefined);
        await held.opened;
        return attempt(event);
      }),
    );
    const first = session.deliver(envelope("a"), {});
    await arrived.opened;
    const second = session.deliver(envelope("b"), {});
    await depthOf(1);
    await using other = watch();
    for (const job of await other.queue.getWaiting()) await job.remove();
    // Nobody announces it, so that it is found by looking, every reportPollMs.
    expect((await second).error?.code).toBe("runtime/lost");
    held.open(undefined);
    expect((await first).accepted).toBe(true);
  });

  test("is bounded: the newest reports and dead letters are kept", async () => {
    const { keptReports, keptDeadLetters, keptReportsMs } = durableQueueLimits;
    const consumer = scriptedConsumer(async (event) =>
      attempt(event, event.kind === "bad" ? guestFailure(false) : undefined),
    );
    const session = await open({ ...consumer, capacity: 10_000 });
    const many = async (kind: string, count: number) => {
      const ids = Array.from({ length: count }, (_, index) => `${kind}-${index}`);
      await Promise.all(ids.map((id) => session.deliver(envelope(id, { kind }), {})));
    };
    await using kept = watch();
    await many("bad", keptDeadLetters.default + 1);
    await many("good", keptReports.default + 1);
    expect(await kept.queue.getFailedCount()).toBe(keptDeadLetters.default);
    expect(await kept.queue.getCompletedCount()).toBe(keptReports.default);
    expect(consumer.letters).toHaveLength(keptDeadLetters.default + 1);
    const [newest] = await kept.queue.getCompleted(0, 0);
    expect(newest?.opts.removeOnComplete).toEqual({
      age: keptReportsMs.default / 1000,
      count: keptReports.default,
    });
  });
});

test.each([
  { connection: undefined },
  { connection: "redis://127.0.0.1" },
  { connection: { path: "x" }, lockMs: 0 },
  { connection: { path: "x" }, lockMs: 1.5 },
  { connection: { path: "x" }, lockMs: 2 ** 31 },
])("options without meaning are refused: %j", (options) => {
  expect(() => bullmqIngressQueue(options as never)).toThrow(
    expect.objectContaining({ code: "options/invalid" }),
  );
});

function watch(
  name = "ingress.project~3a~example.echo",
): { readonly queue: Queue } & AsyncDisposable {
  const queue = new Queue(name, {
    connection: redis.connection,
    prefix: `test-${prefix}`,
  });
  return { queue, [Symbol.asyncDispose]: () => queue.close() };
}

/** Waits until so many events wait in Redis. */
async function depthOf(count: number): Promise<void> {
  await using watched = watch();
  await expect.poll(() => watched.queue.getWaitingCount(), { timeout: 10_000 }).toBe(count);
}
