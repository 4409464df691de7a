import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAwaitedReports } from "../../src/queue/awaited-reports.ts";
import { inTime } from "../../src/queue/in-time.ts";
import { jobName, keyName, readQueuedEvent, readReport } from "../../src/queue/queued-event.ts";
import { envelope } from "../instance/ingress-consumer.ts";

const queued = { event: envelope("a"), digest: "sha256:00", deliveredAt: 1, returned: 0 };
const report = {
  plugin: "project:example.echo",
  ingress: "inbox",
  correlationId: "a",
  accepted: true,
  commands: [],
  attempts: 1,
  queueLatencyMs: 0,
  durationMs: 0,
};

describe("[queue/keys] a name in Redis", () => {
  test("has none of the characters that mean something in a key", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (left, right) => {
        expect(keyName(left)).toMatch(/^[\w.~-]*$/u);
        expect(keyName(left) === keyName(right)).toBe(left === right);
      }),
      { numRuns: 500 },
    );
    expect(keyName("project:example.echo")).toBe("project~3a~example.echo");
    expect(keyName("a~3a~b")).not.toBe(keyName("a:b"));
  });

  test("of an event is a hash of its ingress, source and id, of which no two can be mixed up", () => {
    const base = envelope("id", { source: "s" });
    const names = [
      base,
      envelope("id2", { source: "s" }),
      envelope("id", { source: "s2" }),
      envelope("id", { source: "s", ingress_name: "other" }),
      envelope('","', { source: "s" }),
      envelope("", { source: 's","id' }),
    ].map(jobName);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^e[0-9a-f]{64}$/u);
    expect(jobName(envelope("id", { source: "s", attempt: 2, payload: 1 }))).toBe(names[0]);
  });
});

describe("what lies in Redis", () => {
  test("is read as it was written", () => {
    expect(readQueuedEvent(JSON.parse(JSON.stringify(queued)))).toEqual(queued);
    expect(readReport(JSON.parse(JSON.stringify(report)))).toEqual(report);
  });

  test.each([
    null,
    1,
    [],
    {},
    { ...queued, event: null },
    { ...queued, event: { ...queued.event, correlation_id: "a\nb" } },
    { ...queued, event: { ...queued.event, attempt: 0 } },
    { ...queued, event: { ...queued.event, extra: 1 } },
    { ...queued, event: { ...queued.event, payload: "x".repeat(70_000) } },
    { ...queued, digest: 1 },
    { ...queued, deliveredAt: -1 },
    { ...queued, returned: 0.5 },
  ])("and is no event is not taken for one: %j", (data) => {
    expect(readQueuedEvent(data)).toBeUndefined();
  });

  test("whatever it is, is read without an error", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (data) => {
        expect(readQueuedEvent(data)).toBeUndefined();
        expect(readReport(data)).toBeUndefined();
        const near = { ...queued, ...(data as object), event: data };
        expect(() => readQueuedEvent(near)).not.toThrow();
        expect(() => readReport({ ...report, ...(data as object) })).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });
});

test("everybody who waits for an event gets its report, once", () => {
  const awaited = createAwaitedReports();
  const got: string[] = [];
  const delivery = (name: string) => ({
    settle: ({ correlationId }: { readonly correlationId: string }) =>
      void got.push(`${name} ${correlationId}`),
    missing: (error: { readonly message: string }) => ({
      ...report,
      correlationId: error.message,
    }),
  });
  const [one, two, other] = ["one", "two", "other"].map(delivery);
  if (one === undefined || two === undefined || other === undefined) throw new Error("none");
  awaited.add("job", one);
  expect(awaited.isAlone("job", one)).toBe(true);
  awaited.add("job", two);
  expect(awaited.isAlone("job", one)).toBe(false);
  awaited.add("elsewhere", other);
  awaited.remove("elsewhere", two);
  expect(awaited.jobs).toEqual(["job", "elsewhere"]);
  awaited.settle("job", report);
  awaited.settle("job", report);
  awaited.settleMissing("elsewhere", { code: "runtime/lost", message: "gone", isRetryable: true });
  expect(got).toEqual(["one a", "two a", "other gone"]);
  expect(awaited.has("job")).toBe(false);
  expect(awaited.jobs).toEqual([]);
});

test("an answer is waited for no longer than it may take, and one that fails is none", async () => {
  expect(await inTime(Promise.resolve(1), 1_000)).toEqual({ ok: true, value: 1 });
  expect(await inTime(new Promise(() => {}), 1)).toEqual({ ok: false, isLate: true });
  const thrown = new Error("no");
  expect(await inTime(Promise.reject(thrown), 1_000)).toEqual({ ok: false, isLate: false, thrown });
});
