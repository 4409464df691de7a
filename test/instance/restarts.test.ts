import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PluginError } from "../../src/errors.ts";
import { planLife } from "../../src/instance/life-options.ts";
import { createRestarts } from "../../src/instance/restarts.ts";
import { backoffMs, settledWithin } from "../../src/instance/timing.ts";
import { manualTiming } from "./manual-timing.ts";

const trap = new PluginError({ code: "runtime/trap", phase: "execution", message: "It trapped." });

function policy(restart: Parameters<typeof planLife>[0]["restart"]) {
  return planLife({ ...(restart === undefined ? {} : { restart }) }).restart;
}

describe("[instance/restart] restarts", () => {
  test("never happen unless the host asks for them", () => {
    const clock = manualTiming();
    const restarts = createRestarts(policy(undefined), clock.timing);
    restarts.running();
    expect(restarts.plan(trap, () => {})).toBeUndefined();
    expect(restarts.isDue).toBe(false);
    expect(clock.pending).toBe(0);
    expect(restarts.status()).toEqual({
      policy: "never",
      count: 0,
      inARow: 0,
      lastError: { code: "runtime/trap", message: "It trapped." },
    });
  });

  test("come after a delay that doubles (initialDelayMs) up to maxDelayMs, maxRestarts times in a row", () => {
    const clock = manualTiming();
    const plan = policy({
      when: "on-failure",
      maxRestarts: 4,
      initialDelayMs: 100,
      maxDelayMs: 500,
    });
    const restarts = createRestarts(plan, clock.timing);
    let started = 0;
    const delays: (number | undefined)[] = [];
    for (let round = 0; round < 5; round += 1) {
      restarts.running();
      delays.push(restarts.plan(trap, () => (started += 1))?.delayMs);
      clock.advance((delays.at(-1) ?? 0) - 1);
      const before = started;
      clock.advance(1);
      expect(started).toBe(delays.at(-1) === undefined ? before : before + 1);
    }
    expect(delays).toEqual([100, 200, 400, 500, undefined]);
    expect(restarts.status()).toMatchObject({ policy: "on-failure", count: 4, inARow: 4 });
  });

  test("begin anew after steadyMs, and not one millisecond before", () => {
    const clock = manualTiming();
    const plan = policy({ when: "on-failure", maxRestarts: 1, initialDelayMs: 1, steadyMs: 1_000 });
    const restarts = createRestarts(plan, clock.timing);
    restarts.running();
    expect(restarts.plan(trap, () => restarts.running())?.attempt).toBe(1);
    clock.advance(1);
    clock.advance(1_000);
    expect(restarts.plan(trap, () => restarts.running())?.attempt).toBe(1);
    clock.advance(1);
    clock.advance(999);
    expect(restarts.plan(trap, () => restarts.running())).toBeUndefined();
  });

  test("a start that fails is one of the row, however long it took", () => {
    const clock = manualTiming();
    const plan = policy({ when: "on-failure", maxRestarts: 2, initialDelayMs: 1, steadyMs: 10 });
    const restarts = createRestarts(plan, clock.timing);
    restarts.running();
    expect(restarts.plan(trap, () => {})?.attempt).toBe(1);
    clock.advance(1_000);
    expect(restarts.plan(trap, () => {})?.attempt).toBe(2);
    clock.advance(1_000);
    expect(restarts.plan(trap, () => {})).toBeUndefined();
  });

  test("are announced in the status until they come or are taken back", () => {
    const clock = manualTiming();
    const restarts = createRestarts(policy("on-failure"), clock.timing);
    let started = 0;
    restarts.plan(trap, () => (started += 1));
    expect(restarts.isDue).toBe(true);
    expect(restarts.status().nextAt).toBe(new Date(1_700_000_000_500).toISOString());
    restarts.cancel();
    expect(restarts.isDue).toBe(false);
    expect("nextAt" in restarts.status()).toBe(false);
    clock.advance(60_000);
    expect([started, clock.pending]).toEqual([0, 0]);
  });
});

test("a delay is never below half of its bound, never above it, and never 0", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 1, max: 2_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (initialDelayMs, maxDelayMs, attempt, random) => {
        const delay = backoffMs({ initialDelayMs, maxDelayMs }, attempt, random);
        const bound = Math.min(initialDelayMs * 2 ** (attempt - 1), maxDelayMs);
        expect(delay).toBeGreaterThanOrEqual(Math.max(1, Math.floor(bound / 2)));
        expect(delay).toBeLessThanOrEqual(Math.max(1, bound));
      },
    ),
    { numRuns: 500 },
  );
});

test("a wait for others ends with their work, well or not, or with its budget", async () => {
  expect(await settledWithin(Promise.resolve(), 10_000)).toBe(true);
  expect(await settledWithin(Promise.reject(new Error("no")), 10_000)).toBe(true);
  expect(await settledWithin(new Promise(() => {}), 1)).toBe(false);
});
