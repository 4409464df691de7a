import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { IngressReport } from "../../src/instance/ingress.types.ts";
import { memoryIngressQueue } from "../../src/instance/ingress-queue.ts";
import { ingressLimits } from "../../src/limits.ts";
import { attempt, envelope, gate, guestFailure, scriptedConsumer } from "./ingress-consumer.ts";

const stopped = { code: "instance/stopped", message: "The instance is stopped." } as const;

function open(consumer: ReturnType<typeof scriptedConsumer>) {
  const session = memoryIngressQueue().open(consumer);
  if (session instanceof Promise) throw new Error("memory needs no waiting");
  return session;
}

/** A consumer whose guest keeps every event until the test lets it go. */
function heldConsumer(parts: Parameters<typeof scriptedConsumer>[1] = {}) {
  const gates = new Map<string, ReturnType<typeof gate<undefined>>>();
  const arrivals = new Map<string, ReturnType<typeof gate<undefined>>>();
  const named = (map: typeof gates, id: string) => {
    const found = map.get(id) ?? gate<undefined>();
    map.set(id, found);
    return found;
  };
  const consumer = scriptedConsumer(async (event) => {
    named(arrivals, event.correlation_id).open(undefined);
    await named(gates, event.correlation_id).opened;
    return attempt(event);
  }, parts);
  return {
    consumer,
    release: (id: string) => named(gates, id).open(undefined),
    arrived: (id: string) => named(arrivals, id).opened,
  };
}

describe("events that wait", () => {
  test("[ingress/order] are handled one at a time, in the order in which they came", async () => {
    let running = 0;
    const consumer = scriptedConsumer(async (event) => {
      running += 1;
      expect(running).toBe(1);
      await new Promise(setImmediate);
      running -= 1;
      return attempt(event);
    });
    const session = open(consumer);
    const ids = Array.from({ length: 33 }, (_, index) => `event-${index}`);
    const reports = await Promise.all(ids.map((id) => session.deliver(envelope(id), {})));
    expect(consumer.handled.map(({ correlation_id }) => correlation_id)).toEqual(ids);
    expect(reports.every(({ accepted, attempts }) => accepted && attempts === 1)).toBe(true);
    expect(session.counters).toEqual({ enqueued: 33, retried: 0, deadLettered: 0 });
  });

  test("[ingress/capacity] are as many as the capacity, the one with the guest not counted", async () => {
    const { consumer, release, arrived } = heldConsumer({ capacity: 2 });
    const session = open(consumer);
    const first = session.deliver(envelope("a"), {});
    await arrived("a");
    const waiting = [session.deliver(envelope("b"), {}), session.deliver(envelope("c"), {})];
    expect(session.depth).toBe(2);
    const refused = await session.deliver(envelope("d"), {});
    expect(refused).toMatchObject({
      accepted: false,
      attempts: 0,
      correlationId: "d",
      error: { code: "ingress/queue-full", isRetryable: true },
    });
    expect(consumer.letters).toEqual([]);
    for (const id of ["a", "b", "c"]) release(id);
    for (const report of await Promise.all([first, ...waiting])) expect(report.accepted).toBe(true);
    expect(session.counters.enqueued).toBe(3);
  });

  test("free their place when they are taken back, and one that waits for room gets it", async () => {
    const { consumer, release, arrived } = heldConsumer({ capacity: 1 });
    const session = open(consumer);
    const first = session.deliver(envelope("a"), {});
    await arrived("a");
    const taken = new AbortController();
    const second = session.deliver(envelope("b"), { signal: taken.signal });
    const third = session.deliver(envelope("c"), { waitMs: 60_000 });
    taken.abort();
    expect(await second).toMatchObject({ attempts: 0, error: { code: "runtime/aborted" } });
    for (const id of ["a", "c"]) release(id);
    expect((await third).accepted).toBe(true);
    await first;
    expect(consumer.handled.map(({ correlation_id }) => correlation_id)).toEqual(["a", "c"]);
    expect(consumer.letters).toEqual([]);
  });

  test("wait for room no longer than they were told", async () => {
    const { consumer, release, arrived } = heldConsumer({ capacity: 1 });
    const session = open(consumer);
    const inHand = session.deliver(envelope("a"), {});
    await arrived("a");
    const waiting = session.deliver(envelope("b"), {});
    const late = await session.deliver(envelope("c"), { waitMs: 5 });
    expect(late.error?.code).toBe("ingress/queue-full");
    expect(late.queueLatencyMs).toBeGreaterThan(0);
    const taken = new AbortController();
    const roomless = session.deliver(envelope("d"), { waitMs: 60_000, signal: taken.signal });
    taken.abort();
    expect((await roomless).error?.code).toBe("runtime/aborted");
    for (const id of ["a", "b"]) release(id);
    await Promise.all([inHand, waiting]);
  });

  test("for room are bounded, however many are delivered", async () => {
    const { consumer, release, arrived } = heldConsumer({ capacity: 1 });
    const session = open(consumer);
    const deliveries = [session.deliver(envelope("a"), {})];
    await arrived("a");
    deliveries.push(session.deliver(envelope("b"), {}));
    const most = ingressLimits.waitingForRoom.default;
    for (let index = 0; index < most; index += 1) {
      deliveries.push(session.deliver(envelope(`r${index}`), { waitMs: 60_000 }));
    }
    const beyond = await session.deliver(envelope("beyond"), { waitMs: 60_000 });
    expect(beyond.error?.code).toBe("ingress/queue-full");
    await Promise.all([session.close(stopped), release("a")]);
    const reports = await Promise.all(deliveries);
    expect(reports.filter(({ error }) => error?.code === stopped.code)).toHaveLength(most + 1);
    // What waited for room never had a place: its sender is told, and it is no dead letter.
    expect(consumer.letters.map(({ event }) => event.correlation_id)).toEqual(["b"]);
  });
});

describe("an event that fails", () => {
  test("[ingress/retry] is tried again at the head when the failure is retryable, and no more often than it may", async () => {
    const consumer = scriptedConsumer(async (event) =>
      event.correlation_id === "bad" ? attempt(event, guestFailure(true)) : attempt(event),
    );
    const session = open(consumer);
    const [bad, good] = await Promise.all([
      session.deliver(envelope("bad", { attempt: 4 }), {}),
      session.deliver(envelope("good"), {}),
    ]);
    expect(bad).toMatchObject({ attempts: 3, accepted: false, error: { code: "guest/failed" } });
    expect(good.accepted).toBe(true);
    const seen = consumer.handled.map((event) => [event.correlation_id, event.attempt]);
    expect(seen).toEqual([
      ["bad", 4],
      ["bad", 5],
      ["bad", 6],
      ["good", 1],
    ]);
    expect(consumer.letters).toEqual([{ event: envelope("bad", { attempt: 4 }), report: bad }]);
    expect(session.counters).toEqual({ enqueued: 2, retried: 2, deadLettered: 1 });
  });

  test("is given up at once when the failure is not retryable", async () => {
    const consumer = scriptedConsumer(async (event) => attempt(event, guestFailure(false)));
    const session = open(consumer);
    const report = await session.deliver(envelope("a"), {});
    expect(report).toMatchObject({ attempts: 1, error: { code: "guest/failed" } });
    expect(consumer.letters).toHaveLength(1);
  });

  test("is a dead letter before its delivery settles, and a consumer that throws stops nothing", async () => {
    const order: string[] = [];
    const consumer = scriptedConsumer(
      async (event) => {
        if (event.correlation_id === "a") throw new Error("against the contract");
        return attempt(event);
      },
      { deadLetter: () => void order.push("letter") },
    );
    const session = open(consumer);
    const first = session.deliver(envelope("a"), {}).then((report) => {
      order.push("report");
      return report;
    });
    expect((await session.deliver(envelope("b"), {})).accepted).toBe(true);
    expect((await first).error?.code).toBe("instance/failed");
    expect(order).toEqual(["letter", "report"]);
  });

  test("and is taken back between its attempts is no dead letter", async () => {
    const taken = new AbortController();
    const consumer = scriptedConsumer(async (event) => attempt(event, guestFailure(true)), {
      retryDelayMs: () => {
        taken.abort();
        return 60_000;
      },
    });
    const session = open(consumer);
    const report = await session.deliver(envelope("a"), { signal: taken.signal });
    expect(report.attempts).toBe(1);
    expect(consumer.letters).toEqual([]);
  });
});

describe("closing", () => {
  test("[ingress/close] reports every event that waits, waits for the one with the guest, and takes no more", async () => {
    const { consumer, release, arrived } = heldConsumer();
    const session = open(consumer);
    const inHand = session.deliver(envelope("a"), {});
    await arrived("a");
    const waiting = ["b", "c"].map((id) => session.deliver(envelope(id), {}));
    const closing = session.close(stopped);
    expect((await session.deliver(envelope("d"), { waitMs: 1_000 })).error?.code).toBe(
      stopped.code,
    );
    for (const report of await Promise.all(waiting)) {
      expect(report).toMatchObject({ attempts: 0, error: stopped });
    }
    expect(consumer.letters.map(({ event }) => event.correlation_id)).toEqual(["b", "c"]);
    let isClosed = false;
    void closing.then(() => {
      isClosed = true;
    });
    await new Promise(setImmediate);
    expect(isClosed).toBe(false);
    release("a");
    expect((await inHand).accepted).toBe(true);
    await closing;
    await session.close(stopped);
    expect(session.depth).toBe(0);
  });

  test("ends the wait for another attempt at once", async () => {
    const failed = gate<undefined>();
    const consumer = scriptedConsumer(async (event) => attempt(event, guestFailure(true)), {
      retryDelayMs: () => {
        failed.open(undefined);
        return 600_000;
      },
    });
    const session = open(consumer);
    const delivery = session.deliver(envelope("a"), {});
    await failed.opened;
    await session.close(stopped);
    expect(await delivery).toMatchObject({ attempts: 1, error: stopped });
    expect(consumer.letters).toHaveLength(1);
  });
});

type Outcome = "ok" | "retry" | "fail" | "throw";
interface Step {
  readonly act: "deliver" | "cancel" | "turn";
  readonly outcomes: readonly Outcome[];
  readonly waits: boolean;
  readonly which: number;
}

test("[ingress/nothing-lost] whatever is delivered, taken back, failed and closed: nothing is lost, double or out of order", async () => {
  const outcome = fc.constantFrom<Outcome[]>("ok", "ok", "ok", "retry", "fail", "throw");
  const step: fc.Arbitrary<Step> = fc.record({
    act: fc.constantFrom("deliver", "deliver", "deliver", "cancel", "turn"),
    outcomes: fc.array(outcome, { minLength: 3, maxLength: 3 }),
    waits: fc.boolean(),
    which: fc.nat(200),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, capacity, maxAttempts) => {
        const scripts = new Map<string, Outcome[]>();
        const given = new Map<string, number>();
        let running = 0;
        const consumer = scriptedConsumer(
          async (event) => {
            const id = event.correlation_id;
            given.set(id, (given.get(id) ?? 0) + 1);
            running += 1;
            expect(running).toBe(1);
            await new Promise(setImmediate);
            running -= 1;
            const next = scripts.get(id)?.shift();
            if (next === "throw") throw new Error("against the contract");
            if (next === "retry") return attempt(event, guestFailure(true));
            return attempt(event, next === "fail" ? guestFailure(false) : undefined);
          },
          { capacity, maxAttempts, retryDelayMs: () => 0 },
        );
        const session = open(consumer);
        const cancels: AbortController[] = [];
        const deliveries: Promise<IngressReport>[] = [];
        for (const { act, outcomes, waits, which } of steps) {
          expect(session.depth).toBeLessThanOrEqual(capacity);
          if (act === "turn") await new Promise(setImmediate);
          if (act === "cancel") cancels[which % Math.max(1, cancels.length)]?.abort();
          if (act !== "deliver") continue;
          const cancel = new AbortController();
          const id = `${cancels.push(cancel)}`;
          scripts.set(id, [...outcomes]);
          const options = { signal: cancel.signal, ...(waits ? { waitMs: 60_000 } : {}) };
          deliveries.push(session.deliver(envelope(id), options));
        }
        await session.close(stopped);
        const reports = await Promise.all(deliveries);

        const firsts = [...new Set(consumer.handled.map(({ correlation_id }) => correlation_id))];
        expect(firsts).toEqual([...firsts].sort((left, right) => Number(left) - Number(right)));
        expect(consumer.handled.map(({ correlation_id }) => correlation_id)).toEqual(
          firsts.flatMap((id) => Array<string>(given.get(id) ?? 0).fill(id)),
        );
        const letters = consumer.letters.map(({ event }) => event.correlation_id);
        expect(new Set(letters).size).toBe(letters.length);
        for (const [index, report] of reports.entries()) {
          const id = `${index + 1}`;
          expect(report.correlationId).toBe(id);
          expect(report.attempts).toBe(given.get(id) ?? 0);
          expect(report.attempts).toBeLessThanOrEqual(maxAttempts);
          expect(report.accepted).toBe(report.error === undefined);
          if (letters.includes(id)) expect(report.error).toBeDefined();
          const isTakenBack = cancels[index]?.signal.aborted === true;
          const hadNoPlace = report.attempts === 0 && !letters.includes(id);
          if (report.error !== undefined && !isTakenBack && !hadNoPlace) {
            expect(letters).toContain(id);
          }
        }
        expect(session.counters.deadLettered).toBe(letters.length);
        expect(session.depth).toBe(0);
      },
    ),
    { numRuns: 150 },
  );
});
