import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { durableQueueLimits } from "../../../src/limits.ts";
import { bullmqIngressQueue } from "../../../src/queue/bullmq-ingress-queue.ts";
import { attempt, envelope, scriptedConsumer } from "../../instance/ingress-consumer.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";

const stopped = { code: "instance/stopped", message: "The instance is stopped." } as const;

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis[Symbol.asyncDispose]();
});

/** Starts a host in a process of its own and kills it once its guest has an event. */
async function crashHost(prefix: string, ...ids: readonly string[]): Promise<string> {
  const script = fileURLToPath(new URL("crashing-host.ts", import.meta.url));
  const host = spawn(process.execPath, ["--import", "tsx", script, redis.socket, prefix, ...ids], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(host, "close");
  const [line] = (await Promise.race([
    once(createInterface({ input: host.stdout }), "line"),
    ended.then(() => ["it ended by itself"]),
  ])) as [string];
  host.kill("SIGKILL");
  await ended;
  return line;
}

describe("a host that is killed while its guest has an event", () => {
  test("[queue/crash] loses none: another host gets it again, and what waited behind it", async () => {
    expect(await crashHost("crash", "first", "second")).toBe("first 1");
    const consumer = scriptedConsumer(async (event) => attempt(event));
    const queue = bullmqIngressQueue({
      connection: redis.connection,
      prefix: "crash",
      lockMs: 1_000,
    });
    const session = await queue.open(consumer);
    // Delivered again by a sender that never heard: it is told of the same event.
    const report = await session.deliver(envelope("first"), {});
    expect(report).toMatchObject({ accepted: true, attempts: 2 });
    const given = consumer.handled.map((event) => [event.correlation_id, event.attempt]);
    expect(given.sort()).toEqual([
      ["first", 2],
      ["second", 1],
    ]);
    await session.close(stopped);
  });

  test("[queue/crash] is the end of an event that takes every host with it, and that is reported", async () => {
    const prefix = "poison";
    for (const attempts of [1, 2, 3]) {
      expect(await crashHost(prefix, "poison")).toBe(`poison ${attempts}`);
    }
    const consumer = scriptedConsumer(async (event) => attempt(event));
    const queue = bullmqIngressQueue({ connection: redis.connection, prefix, lockMs: 1_000 });
    const session = await queue.open(consumer);
    await expect.poll(() => consumer.letters.length, { timeout: 20_000 }).toBe(1);
    expect(consumer.letters[0]?.report).toMatchObject({
      accepted: false,
      attempts: 3,
      error: { code: "runtime/lost" },
    });
    await session.close(stopped);
  });
});

describe("a Redis that goes away", () => {
  test("has events refused in time, and leaves nothing behind that keeps a process alive", async () => {
    const script = fileURLToPath(new URL("bereft-host.ts", import.meta.url));
    const { answerMs, closeMs } = durableQueueLimits;
    const beganAt = performance.now();
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", script]);
    expect(stdout).toBe("ingress/unavailable\n");
    // Starting a process on a busy machine takes seconds; what would wait without end takes for ever.
    const mostMs = answerMs.default + 3 * closeMs.default + 20_000;
    expect(performance.now() - beganAt).toBeLessThan(mostMs);
  });

  test("and was never there keeps nothing waiting", async () => {
    const beganAt = performance.now();
    const queue = bullmqIngressQueue({ connection: { path: "/nonexistent/redis.sock" } });
    await expect(queue.open(scriptedConsumer(async (event) => attempt(event)))).rejects.toThrow(
      expect.objectContaining({ code: "ingress/unavailable" }),
    );
    expect(performance.now() - beganAt).toBeGreaterThan(durableQueueLimits.openMs.default - 100);
  });
});
