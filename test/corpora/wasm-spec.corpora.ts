import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import type { WasmFeature } from "../../src/wasm/artifact.types.ts";
import { engineFeatures } from "./not-run.ts";
import { runScript } from "./run-script.ts";
import { assemble } from "./wast-bytes.ts";
import { spectestText } from "./wast-world.ts";

const folder = fileURLToPath(new URL("../../../shared/corpora/wasm-spec/core", import.meta.url));
if (!existsSync(folder)) {
  throw new Error(
    "The WebAssembly specification's suite is not beside the project: put it into ../shared/corpora/wasm-spec, or run `npm test` alone, which does not need it.",
  );
}
const scripts = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".wast"))
  .sort();

const lacks = new Set<WasmFeature>();
for (const [feature, text] of Object.entries(engineFeatures)) {
  if (!WebAssembly.validate(await assemble(text))) lacks.add(feature as WasmFeature);
}
const engine = { lacks, spectest: new WebAssembly.Module(await assemble(spectestText)) };

let passed = 0;
let modules = 0;
const notRun = new Map<string, number>();

describe("the WebAssembly specification's core suite, clamped and metered", () => {
  test.each(scripts)("%s", async (script) => {
    const outcome = await runScript(script, readFileSync(`${folder}/${script}`, "utf8"), engine);
    passed += outcome.passed;
    modules += outcome.modules;
    for (const [reason, count] of outcome.notRun) {
      notRun.set(reason, (notRun.get(reason) ?? 0) + count);
    }
    expect(outcome.failures).toEqual([]);
  });

  test("most of it ran", () => {
    expect(modules).toBeGreaterThan(1_000);
    expect(passed).toBeGreaterThan(50_000);
  });

  afterAll(() => {
    const reasons = [...notRun].sort(([, left], [, right]) => right - left);
    const lines = reasons.map(
      ([reason, count]) => `${String(count).padStart(7)} not run: ${reason}`,
    );
    console.log([`${passed} assertions, ${modules} modules in both worlds`, ...lines].join("\n"));
  });
});
