import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { coreWasmBackend, type Isolate } from "yoi-plugin-sdk";
import { backendConformance, conformanceRules } from "yoi-plugin-sdk/testing";
import { guestBytesFile, guestBytesSource } from "../../fixtures/conformance/guest-bytes.ts";
import { conformanceLimits } from "../../src/limits.ts";
import { breakBackend } from "./broken-backends.ts";

describe("[backend/conformance] our backend for raw guests", () => {
  const checks = backendConformance(coreWasmBackend);
  it.each(checks.map((check) => [check.name, check] as const))("%s", async (_, check) => {
    expect(check.skipped).toBeUndefined();
    await check.run();
  });
});

describe("the checks", () => {
  it("have names of their own, with the rule, the isolate and the runtime in them", () => {
    const checks = backendConformance(coreWasmBackend);
    expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
    for (const { name, rule, isolate, runtime } of checks) {
      expect(name).toContain(rule);
      expect(name).toContain(isolate);
      expect(name).toContain(runtime);
      expect(conformanceRules.get(rule)).toBeDefined();
    }
  });

  it("that are skipped say why, and are still there", () => {
    const reason = "this engine has no counter";
    const checks = backendConformance(coreWasmBackend, {
      skip: [{ rule: "bounds/fuel", isolate: "inline", reason }],
    });
    const skipped = checks.filter((check) => check.skipped !== undefined);
    expect(skipped).toMatchObject([{ rule: "bounds/fuel", isolate: "inline", skipped: reason }]);
    expect(checks).toHaveLength(backendConformance(coreWasmBackend).length);
  });

  it("of limits that a backend says it can't keep are skipped by its own word", () => {
    const honest = { ...coreWasmBackend(), unkeptLimits: ["fuel", "timeoutMs"] as const };
    const checks = backendConformance(() => honest, { isolates: ["inline"] });
    const skipped = checks.filter((check) => check.skipped !== undefined);
    expect(skipped.map(({ rule }) => rule)).toEqual([
      "bounds/fuel",
      "bounds/fuel-each-call",
      "stopping/deadline",
      "stopping/bulk",
      "stopping/start",
    ]);
    expect(skipped[0]?.skipped).toContain("fuel");
  });

  it.each([
    [{ rule: "bounds/fule", reason: "a slip" }],
    [{ rule: "answers/lasting", reason: "not for guests of this kind" }],
    [{ rule: "bounds/fuel", isolate: "process", reason: "no such isolate" }],
    [{ rule: "bounds/fuel", runtime: "yoi:plugin/tool@1.0.0", reason: "not its runtime" }],
  ])("are refused with a skip that fits none of them", (skip) => {
    expect(() => backendConformance(coreWasmBackend, { skip: [skip] })).toThrowError(
      expect.objectContaining({ code: "options/invalid" }),
    );
  });

  it("are refused for an isolate that is not there, and for a backend that runs nothing", () => {
    const invalid = expect.objectContaining({ code: "options/invalid" });
    const unknown = { isolates: ["moon"] };
    expect(() => backendConformance(coreWasmBackend, unknown)).toThrowError(invalid);
    const idle = { ...coreWasmBackend(), supports: () => false };
    expect(() => backendConformance(() => idle)).toThrowError(invalid);
  });

  it("try a host's own isolate as well", async () => {
    const opened: string[] = [];
    const [inline] = backendConformance(coreWasmBackend, { isolates: ["inline"] });
    expect(inline?.isolate).toBe("inline");
    const own: Isolate = {
      name: "own",
      guarantees: {
        deadline: false,
        memory: false,
        crash: false,
        authority: false,
        hostCalls: false,
      },
      open: async () => {
        opened.push("own");
        throw new Error("there is nothing in it");
      },
    };
    const checks = backendConformance(coreWasmBackend, { isolates: [own] });
    const check = checks.find(({ rule }) => rule === "answers/fresh");
    await expect(check?.run()).rejects.toThrow("nothing in it");
    expect(opened).toEqual(["own"]);
  });
});

describe("the kit's own limits", () => {
  it("are those that a backend is tried with", async () => {
    const good = coreWasmBackend();
    const budgets: number[] = [];
    const limits = { memoryBytes: new Set(), tableElements: new Set(), fuel: new Set() };
    const watched = breakBackend(good, {
      instantiate: (instantiate) => (context) => {
        for (const [name, seen] of Object.entries(limits)) {
          seen.add(context.limits[name as keyof typeof limits]);
        }
        return instantiate(context);
      },
      call: (call) => (exportName, args, context) => {
        budgets.push(context.deadline.remainingMs());
        return call(exportName, args, context);
      },
    });
    const checks = backendConformance(() => watched, { isolates: ["inline"] });
    for (const check of checks) await check.run();
    const { callMs, stoppedCallMs, memoryBytes, tableElements, fuel } = conformanceLimits;
    expect(Math.max(...budgets)).toBeLessThanOrEqual(callMs.default);
    expect(Math.max(...budgets)).toBeGreaterThan(callMs.default / 2);
    expect(budgets.some((budget) => budget > 0 && budget <= stoppedCallMs.default)).toBe(true);
    expect(limits.memoryBytes).toContain(memoryBytes.default);
    expect(limits.tableElements).toContain(tableElements.default);
    expect(limits.fuel).toContain(fuel.default);
  });

  it("have a patience that a slow machine can raise", async () => {
    // It answers, but later than the default would be waited for here.
    const late = breakBackend(coreWasmBackend(), {
      call: (call) => async (exportName, args, context) => {
        const reply = call(exportName, args, context);
        await reply.catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 60));
        return reply;
      },
    });
    const check = (patienceMs: number) =>
      backendConformance(() => late, { isolates: ["inline"], patienceMs }).find(
        ({ rule }) => rule === "stopping/before",
      );
    await expect(check(1)?.run()).rejects.toThrow("did not settle");
    await check(conformanceLimits.patienceMs.default)?.run();
  });
});

it("the kit's guests are exactly what their text compiles to", async () => {
  const committed = await readFile(guestBytesFile, "utf8");
  expect(committed, "run: npx tsx fixtures/conformance/build.ts").toBe(await guestBytesSource());
});
