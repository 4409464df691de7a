import { expect, test } from "vitest";
import { ingressLimits } from "../../src/limits.ts";
import { createRoomLine } from "../../src/queue/room-line.ts";

const noAnswer = { code: "ingress/unavailable", message: "No answer.", isRetryable: true } as const;
const stopped = { code: "instance/stopped", message: "Stopped.", isRetryable: true } as const;

/** A line in front of a queue that a test fills and empties. */
function openLine(capacity: number) {
  const queue = { waiting: 0, asked: 0, isThere: true };
  const line = createRoomLine({
    capacity,
    noAnswer,
    async count() {
      queue.asked += 1;
      return queue.isThere ? { ok: true, value: queue.waiting } : { ok: false, isLate: true };
    },
  });
  return { queue, line };
}

test("as many have room as there are free places, first come, first served", async () => {
  const { queue, line } = openLine(3);
  queue.waiting = 1;
  const order: number[] = [];
  const entries = [0, 1, 2, 3].map(async (index) => {
    const refusal = await line.enter({ waitMs: index === 2 ? 0 : 60_000 });
    order.push(index);
    return refusal;
  });
  expect((await entries[0]) ?? (await entries[1])).toBeUndefined();
  expect((await entries[2])?.code).toBe("ingress/queue-full");
  expect(order).not.toContain(3);
  // Two are being added: they take their places whether they are counted yet or not.
  line.look();
  await new Promise(setImmediate);
  expect(order).not.toContain(3);
  line.entered();
  line.entered();
  line.look();
  expect(await entries[3]).toBeUndefined();
  line.entered();
});

test("a crowd asks no more often than one, and each gives up in its own time", async () => {
  const { queue, line } = openLine(1);
  queue.waiting = 1;
  const crowd = Array.from({ length: 500 }, () => line.enter({ waitMs: 250 }));
  const refusals = await Promise.all(crowd);
  expect(refusals.every((refusal) => refusal?.code === "ingress/queue-full")).toBe(true);
  expect(queue.asked).toBeLessThan(20);
});

test("one that is taken back leaves the line at once", async () => {
  const { queue, line } = openLine(1);
  queue.waiting = 1;
  const taken = new AbortController();
  const entry = line.enter({ waitMs: 60_000, signal: taken.signal });
  taken.abort();
  expect((await entry)?.code).toBe("runtime/aborted");
  expect((await line.enter({ signal: taken.signal }))?.code).toBe("runtime/aborted");
});

test("the line itself is bounded, and ends with the queue", async () => {
  const { queue, line } = openLine(1);
  queue.waiting = 1;
  const most = ingressLimits.waitingForRoom.default;
  const crowd = Array.from({ length: most }, () => line.enter({ waitMs: 60_000 }));
  expect((await line.enter({ waitMs: 60_000 }))?.code).toBe("ingress/queue-full");
  line.close(stopped);
  for (const refusal of await Promise.all(crowd)) expect(refusal).toBe(stopped);
  expect(await line.enter({ waitMs: 60_000 })).toBe(stopped);
});

test("a queue that does not answer keeps nobody waiting", async () => {
  const { queue, line } = openLine(1);
  queue.isThere = false;
  expect(await line.enter({ waitMs: 60_000 })).toBe(noAnswer);
});
