import { describe, expect, it } from "vitest";
import { coreWasmBackend } from "yoi-plugin-sdk";
import { backendConformance, conformanceRules } from "yoi-plugin-sdk/testing";
import { breakBackend, brokenBackends } from "./broken-backends.ts";

/** One for all, so that the kit's guests are prepared once. */
const good = coreWasmBackend();

/** The rules that a backend does not keep. */
async function broken(checks: ReturnType<typeof backendConformance>): Promise<readonly string[]> {
  const rules: string[] = [];
  for (const check of checks) {
    try {
      await check.run();
    } catch {
      rules.push(check.rule);
    }
  }
  return rules.sort();
}

/** Areas whose rules take their time: a fault that has nothing to do with them is spared them. */
const slowAreas = ["stopping", "preparation", "host-calls"];
const areaOf = (rule: string) => rule.slice(0, rule.indexOf("/"));

describe("[backend/conformance] a backend that", () => {
  it.each(brokenBackends.map((backend) => [backend.fault, backend] as const))(
    "%s breaks these rules and no others",
    async (_, { breaks, how, isolate = "inline" }) => {
      const checks = backendConformance(() => breakBackend(good, how()), {
        isolates: [isolate],
        patienceMs: 500,
      });
      const areas = new Set(breaks.map(areaOf));
      const tried = checks.filter(({ rule }) => {
        const area = areaOf(rule);
        return areas.has(area) || !slowAreas.includes(area);
      });
      expect(await broken(tried)).toEqual([...breaks].sort());
    },
  );

  it("is among them for every rule that a raw guest's backend has to keep", () => {
    const checked = new Set(backendConformance(() => good).map(({ rule }) => rule));
    const shown = new Set(brokenBackends.flatMap(({ breaks }) => breaks));
    expect([...checked].filter((rule) => !shown.has(rule))).toEqual([]);
    expect([...shown].filter((rule) => !conformanceRules.has(rule))).toEqual([]);
  });

  it("has no fault at all breaks no rule", async () => {
    const checks = backendConformance(() => breakBackend(good, {}), { isolates: ["inline"] });
    expect(await broken(checks)).toEqual([]);
  });
});
