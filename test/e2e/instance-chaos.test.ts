import fc from "fast-check";
import { expect, it } from "vitest";
import {
  createInstance,
  type GuestInstance,
  grantRequested,
  type IngressReport,
  PluginError,
  type PluginInstance,
  type RuntimeBackend,
} from "yoi-plugin-sdk";
import { event, livingPackage } from "./instance-package.ts";

/** How one step of a guest goes. */
type Fate = "well" | "slowly" | "trap" | "rubbish" | "error" | "try again";

const answers: Readonly<Record<"well" | "slowly" | "rubbish" | "error" | "try again", string>> = {
  well: '{"summary":"fine","accepted":true}',
  slowly: '{"summary":"fine","accepted":true}',
  rubbish: "{",
  error: '{"error":{"message":"no"}}',
  "try again": '{"error":{"message":"busy","retryable":true}}',
};

/** Guests whose every step has a fate, watched for what no guest may ever see. */
function watchedBackend(fates: readonly Fate[]) {
  const seen = { opened: 0, closed: 0, inside: 0, deepest: 0, enteredDead: 0, step: 0 };
  const handled: string[] = [];
  const backend: RuntimeBackend = {
    name: "watched",
    supports: () => true,
    prepare: async () => ({
      async instantiate() {
        seen.opened += 1;
        let isAlive = true;
        let isClosed = false;
        const guest: GuestInstance = {
          get isAlive() {
            return isAlive;
          },
          async call(exportName, args, { deadline }) {
            if (!isAlive) seen.enteredDead += 1;
            seen.inside += 1;
            seen.deepest = Math.max(seen.deepest, seen.inside);
            const fate: Fate = fates[seen.step++ % fates.length] ?? "well";
            const waits = fate === "slowly" ? 5 : 1;
            for (let wait = 0; wait < waits; wait += 1) await new Promise(setImmediate);
            seen.inside -= 1;
            if (deadline.reason !== undefined || !isAlive) {
              isAlive = false;
              throw deadline.reason === undefined ? fault("runtime/lost") : deadline.error("It");
            }
            // What a first start does must go well, so that there is an instance to look at.
            if (exportName === "start" && seen.opened === 1) return { output: "null", usage: {} };
            if (fate === "trap") {
              isAlive = false;
              throw fault("runtime/trap");
            }
            if (exportName === "handle-tool") {
              return { output: '{"summary":"fine"}', usage: {} };
            }
            if (exportName === "handle-ingress" && (fate === "well" || fate === "slowly")) {
              const { correlation_id } = JSON.parse(args[1] ?? "") as { correlation_id: string };
              handled.push(correlation_id);
            }
            return { output: answers[fate], usage: {} };
          },
          async close() {
            isAlive = false;
            if (!isClosed) seen.closed += 1;
            isClosed = true;
          },
        };
        return guest;
      },
    }),
  };
  return { backend, seen, handled };
}

function fault(code: "runtime/trap" | "runtime/lost"): PluginError {
  return new PluginError({ code, phase: "execution", message: "It fell." });
}

type Deed = "tool" | "event" | "status" | "cancelled tool" | "cancelled event" | "pause" | "stop";

async function act(instance: PluginInstance, deeds: readonly Deed[]) {
  const reports: Promise<IngressReport>[] = [];
  const others: Promise<unknown>[] = [];
  for (const [index, deed] of deeds.entries()) {
    const giveUp = new AbortController();
    const signal = deed.startsWith("cancelled") ? giveUp.signal : undefined;
    const options = signal === undefined ? {} : { signal };
    if (deed.endsWith("tool")) others.push(instance.callTool("run", {}, options));
    if (deed.endsWith("event")) {
      const identified = { ...event(), correlation_id: `event-${index}` };
      reports.push(instance.deliverIngress("room", identified, { ...options, waitMs: 1_000 }));
    }
    if (deed === "status") others.push(instance.refreshStatus());
    if (deed === "pause") await new Promise(setImmediate);
    if (deed === "stop") others.push(instance.stop());
    giveUp.abort();
  }
  const settled = await Promise.all(reports);
  await Promise.all(others);
  return settled;
}

const fates = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<Fate>("well", "slowly") },
    { weight: 1, arbitrary: fc.constantFrom<Fate>("trap", "rubbish", "error", "try again") },
  ),
  { minLength: 1, maxLength: 12 },
);

const deeds = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom<Deed>("tool", "event", "event", "pause") },
    { weight: 2, arbitrary: fc.constantFrom<Deed>("status", "cancelled tool", "cancelled event") },
    { weight: 1, arbitrary: fc.constant<Deed>("stop") },
  ),
  { minLength: 1, maxLength: 40 },
);

it("[instance/storm] whatever guests and hosts do: one call in the guest, none in a dead one, every event reported once, every guest closed", {
  timeout: 120_000,
}, async () => {
  const pkg = await livingPackage("instance-world");
  const whole = async (ways: readonly Fate[], what: readonly Deed[], restarts: boolean) => {
    const { backend, seen, handled } = watchedBackend(ways);
    const heard: string[] = [];
    const instance = await createInstance(pkg, {
      grants: grantRequested(pkg),
      backends: [backend],
      restart: restarts
        ? { when: "on-failure", initialDelayMs: 1, maxDelayMs: 1, maxRestarts: 3 }
        : "never",
      ingress: { capacity: 4, retryDelayMs: 1 },
      onEvent: (announced) => announced.type === "ingress" && heard.push(announced.correlationId),
    });
    const reports = await act(instance, what);
    await instance.stop();

    const ids = reports.map(({ correlationId }) => correlationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(heard).size).toBe(heard.length);
    const accepted = reports
      .filter((report) => report.accepted)
      .map((report) => report.correlationId);
    // No event is done twice, and what is reported as done was done; one that was cut off may have been.
    expect(new Set(handled).size).toBe(handled.length);
    expect(handled).toEqual(expect.arrayContaining(accepted));
    for (const report of reports) expect(report.accepted).toBe(report.error === undefined);
    expect(seen).toMatchObject({ inside: 0, enteredDead: 0, closed: seen.opened });
    expect(seen.deepest).toBe(1);
    expect(["stopped", "failed"]).toContain(instance.state);
    const { calls, ingress, restarts: status } = instance.status();
    expect([calls.waiting, calls.running, ingress.depth]).toEqual([0, 0, 0]);
    expect(status).not.toHaveProperty("nextAt");
  };
  await fc.assert(fc.asyncProperty(fates, deeds, fc.boolean(), whole), { numRuns: 150 });
});
