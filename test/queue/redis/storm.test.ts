import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { IngressReport } from "../../../src/instance/ingress.types.ts";
import { bullmqIngressQueue } from "../../../src/queue/bullmq-ingress-queue.ts";
import {
  attempt,
  envelope,
  guestFailure,
  scriptedConsumer,
} from "../../instance/ingress-consumer.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";

const stopped = { code: "instance/stopped", message: "The instance is stopped." } as const;

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis[Symbol.asyncDispose]();
});

type Outcome = "ok" | "retry" | "fail";
interface Delivered {
  readonly outcomes: readonly Outcome[];
  readonly host: 0 | 1;
  readonly isTakenBack: boolean;
  readonly closesFirst: boolean;
}

test("[queue/shared] whatever is delivered, taken back, failed and closed on two hosts: nothing is lost or double", async () => {
  const delivered: fc.Arbitrary<Delivered> = fc.record({
    outcomes: fc.array(fc.constantFrom<Outcome[]>("ok", "ok", "ok", "retry", "fail"), {
      minLength: 3,
      maxLength: 3,
    }),
    host: fc.constantFrom<(0 | 1)[]>(0, 1),
    isTakenBack: fc.integer({ min: 0, max: 9 }).map((chance) => chance === 0),
    closesFirst: fc.integer({ min: 0, max: 39 }).map((chance) => chance === 0),
  });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(delivered, { minLength: 1, maxLength: 40 }), async (events) => {
      run += 1;
      const queue = bullmqIngressQueue({ connection: redis.connection, prefix: `storm-${run}` });
      const given = new Map<string, number>();
      const answered = new Map<string, number>();
      let isClosing = false;
      const host = (mayStop: boolean) =>
        scriptedConsumer(
          async (event) => {
            const id = event.correlation_id;
            if (mayStop && isClosing) return attempt(event, { ...stopped, isRetryable: true });
            const count = (given.get(id) ?? 0) + 1;
            given.set(id, count);
            // The queue counts an event's attempts wherever they were made.
            expect(event.attempt).toBe(count);
            await new Promise(setImmediate);
            const outcome = events[Number(id)]?.outcomes[count - 1];
            if (outcome === "retry") return attempt(event, guestFailure(true));
            if (outcome === "fail") return attempt(event, guestFailure(false));
            answered.set(id, (answered.get(id) ?? 0) + 1);
            return attempt(event);
          },
          { capacity: 100, retryDelayMs: () => 2 },
        );
      const consumers = [host(true), host(false)] as const;
      const sessions = [await queue.open(consumers[0]), await queue.open(consumers[1])] as const;
      const reports = new Map<string, Promise<IngressReport>>();
      const takenBack = new Set<string>();
      let closing: Promise<void> | undefined;
      for (const [index, event] of events.entries()) {
        const id = `${index}`;
        if (event.closesFirst && closing === undefined) {
          isClosing = true;
          closing = sessions[0].close(stopped);
        }
        const cancel = new AbortController();
        reports.set(id, sessions[event.host].deliver(envelope(id), { signal: cancel.signal }));
        if (event.isTakenBack) {
          takenBack.add(id);
          await new Promise(setImmediate);
          cancel.abort();
        }
      }
      await closing;
      // What the first host left behind is handled by the second; its senders ask again there.
      for (const [index] of events.entries()) {
        const id = `${index}`;
        const report = await reports.get(id);
        if (report?.error?.code !== stopped.code || takenBack.has(id)) continue;
        reports.set(id, sessions[1].deliver(envelope(id), {}));
      }
      const letters = () => consumers.flatMap((consumer) => consumer.letters);
      for (const [id, reporting] of reports) {
        const { accepted, error, attempts, correlationId } = await reporting;
        expect(correlationId).toBe(id);
        expect(accepted).toBe(error === undefined);
        expect(answered.get(id) ?? 0).toBeLessThanOrEqual(1);
        if (takenBack.has(id)) continue;
        const { outcomes = [] } = events[Number(id)] ?? {};
        const first = outcomes.findIndex((outcome) => outcome !== "retry");
        expect(attempts).toBe(first === -1 ? 3 : first + 1);
        expect(given.get(id)).toBe(attempts);
        expect(accepted).toBe(outcomes[first] === "ok");
        const own = letters().filter(({ event }) => event.correlation_id === id);
        expect(own).toHaveLength(accepted ? 0 : 1);
      }
      await Promise.all(sessions.map((session) => session.close(stopped)));
    }),
    { numRuns: 40 },
  );
});
