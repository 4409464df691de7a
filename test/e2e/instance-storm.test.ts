import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import type { DeadLetter, IngressReport, PluginInstance, ToolResult } from "yoi-plugin-sdk";
import { announced, event, livingInstance } from "./instance-package.ts";

const many = 10_000;

/** What a storm of events and calls at one guest came to. */
interface Storm {
  readonly reports: readonly IngressReport[];
  readonly results: readonly ToolResult[];
  readonly letters: readonly DeadLetter[];
  /** The announced reports, which must be the delivered ones. */
  readonly heard: readonly IngressReport[];
}

/** Delivers 10,000 events while tools are called, and does something when so many were accepted. */
async function storm(instance: PluginInstance, after: number, then: () => unknown): Promise<Storm> {
  const letters: DeadLetter[] = [];
  const heard: IngressReport[] = [];
  instance.on("deadLetter", (letter) => letters.push(letter));
  let accepted = 0;
  instance.on("ingress", (report) => {
    heard.push(report);
    if (report.accepted) accepted += 1;
    if (report.accepted && accepted === after) then();
  });
  const reports: Promise<IngressReport>[] = [];
  const results: Promise<ToolResult>[] = [];
  for (let index = 0; index < many; index += 1) {
    const identified = { ...event(index), correlation_id: `event-${index}` };
    reports.push(instance.deliverIngress("room", identified, { waitMs: 60_000 }));
    if (index % 20 === 0) results.push(instance.callTool("run", { index }));
    // Senders are many, and none waits for another; but each lets the others have the thread.
    if (index % 100 === 99) await new Promise(setImmediate);
  }
  return {
    reports: await Promise.all(reports),
    results: await Promise.all(results),
    letters,
    heard,
  };
}

/** Every event has exactly one end, and every end that is none of the guest's is a letter or a refusal. */
function expectAccounted({ reports, letters, heard }: Storm): void {
  const ids = (list: readonly { readonly correlationId: string }[]) =>
    list.map(({ correlationId }) => correlationId).sort();
  const all = Array.from({ length: many }, (_, index) => `event-${index}`).sort();
  expect(ids(reports)).toEqual(all);
  // What is delivered to an instance that has stopped already is announced to nobody.
  const late = reports.filter(({ error }) => error?.code === "instance/stopped");
  const announcedIds = new Set(ids(heard));
  expect(announcedIds.size).toBe(heard.length);
  const unannounced = ids(reports).filter((id) => !announcedIds.has(id));
  expect(ids(late)).toEqual(expect.arrayContaining(unannounced));
  const lost = letters.map(({ event: lettered }) => lettered.correlation_id);
  expect(new Set(lost).size).toBe(lost.length);
  const failed = new Map(
    reports.flatMap(({ correlationId, error }) =>
      error === undefined ? [] : [[correlationId, error]],
    ),
  );
  for (const id of lost) expect(failed.has(id)).toBe(true);
}

/** How often the guest says it was entered, by those who were told. */
function counts({ reports, results }: Storm): readonly number[] {
  const events = reports.flatMap(({ output }) => (output as { count?: number })?.count ?? []);
  const tools = results.flatMap(({ isError, summary }) =>
    isError ? [] : Number(summary.replace("count ", "")),
  );
  return [...events, ...tools].sort((left, right) => left - right);
}

describe("[instance/storm] ten thousand events while tools are called", () => {
  it("all come through once, in their order, when nobody interferes", {
    timeout: 120_000,
  }, async () => {
    await using instance = await livingInstance("instance-counter", {
      ingress: { capacity: many },
    });
    const came = await storm(instance, 0, () => {});
    expectAccounted(came);
    expect(came.letters).toEqual([]);
    const order = came.reports.map(({ output }) => (output as { count: number }).count);
    expect(order).toEqual([...order].sort((left, right) => left - right));
    const entered = counts(came);
    expect(entered).toEqual(entered.map((_, index) => index + 1));
    expect(instance.status()).toMatchObject({
      state: "running",
      ingress: {
        depth: 0,
        counters: { enqueued: many, dispatched: many, accepted: many, failed: 0 },
      },
    });
  });

  it("and a host that stops it: each is either answered once or reported", {
    timeout: 120_000,
  }, async () => {
    const instance = await livingInstance("instance-counter");
    let stopped: Promise<void> | undefined;
    const came = await storm(instance, 300, () => {
      stopped = instance.stop();
    });
    await stopped;
    expectAccounted(came);
    const entered = counts(came);
    // Nothing was done that nobody was told of: the guest's own count has no gaps.
    expect(entered).toEqual(entered.map((_, index) => index + 1));
    const { state, component, ingress, calls } = instance.status();
    expect([state, component]).toEqual([
      "stopped",
      { state: "stopped", data: { count: entered.length } },
    ]);
    const answered = came.reports.filter(({ error }) => error === undefined);
    expect(answered.length).toBeGreaterThanOrEqual(300);
    expect(answered.length).toBeLessThan(many);
    for (const { error } of came.reports) {
      expect([undefined, "instance/stopped", "ingress/queue-full"]).toContain(error?.code);
    }
    for (const { error } of came.results) {
      expect([undefined, "instance/stopped", "instance/busy"]).toContain(error?.code);
    }
    expect(ingress).toMatchObject({ depth: 0, counters: { dispatched: answered.length } });
    expect(calls).toMatchObject({ waiting: 0, running: 0 });
  });

  it("at a guest that traps on every third event and is restarted", {
    timeout: 120_000,
  }, async () => {
    await using instance = await livingInstance("instance-trap-on-third-event", {
      restart: { when: "on-failure", initialDelayMs: 1, maxDelayMs: 1, maxRestarts: 20 },
    });
    const ended = announced(
      instance,
      "state",
      (({ to }: { readonly to: string }) =>
        to === "failed" && instance.status().restarts.inARow === 20) as never,
    );
    const came = await storm(instance, 0, () => {});
    await ended;
    expectAccounted(came);
    const trapped = came.reports.filter(({ error }) => error?.code === "runtime/trap");
    expect(trapped).toHaveLength(21);
    expect(came.reports.filter(({ accepted }) => accepted)).toHaveLength(42);
    expect(instance.status()).toMatchObject({ state: "failed", restarts: { count: 20 } });
  });

  it("fifty calls and events at once, of one signal, have the engine warn of no leak", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    await using instance = await livingInstance("instance-counter", { ingress: { capacity: 50 } });
    const { signal } = new AbortController();
    const each = Array.from({ length: 50 }, (_, index) => index);
    const reports = each.map((index) =>
      instance.deliverIngress("room", event(index), { signal, waitMs: 60_000 }),
    );
    const results = each.map((index) => instance.callTool("run", { index }, { signal }));
    expect((await Promise.all(results)).every(({ isError }) => !isError)).toBe(true);
    expect((await Promise.all(reports)).every(({ accepted }) => accepted)).toBe(true);
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});
