import { describe, expect, it } from "vitest";
import { componentBackend } from "yoi-plugin-sdk";
import { backendConformance } from "yoi-plugin-sdk/testing";

describe("[backend/conformance] our backend for components", () => {
  const checks = backendConformance(componentBackend, { isolates: ["worker"] });
  it.each(checks.map((check) => [check.name, check] as const))("%s", async (_, check) => {
    expect(check.skipped).toBeUndefined();
    await check.run();
  });
});
