import { describe, expect, test } from "vitest";
import { isPluginError } from "../../src/errors.ts";
import { type LifeOptions, planLife } from "../../src/instance/life-options.ts";
import { instanceLimits } from "../../src/limits.ts";

function problem(options: unknown): string {
  try {
    planLife(options as LifeOptions);
  } catch (error) {
    if (isPluginError(error) && error.code === "options/invalid") return error.message;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("the options about a guest that lives on", () => {
  test("have defaults: no restart, no configuration, events in memory", () => {
    const plan = planLife({});
    const { ingressCapacity, ingressAttempts, ingressRetryMs, maxDelayMs } = instanceLimits;
    expect(plan).toMatchObject({
      config: "null",
      restart: { policy: "never" },
      drivers: [],
      ingress: {
        queue: undefined,
        capacity: ingressCapacity.default,
        maxAttempts: ingressAttempts.default,
        retry: { initialDelayMs: ingressRetryMs.default, maxDelayMs: maxDelayMs.default },
      },
    });
    expect(Object.isFrozen(plan) && Object.isFrozen(plan.ingress)).toBe(true);
  });

  test("take a policy by its name, or with numbers of its own", () => {
    const { maxRestarts, initialDelayMs, maxDelayMs, steadyMs } = instanceLimits;
    const defaults = {
      policy: "on-failure",
      maxRestarts: maxRestarts.default,
      initialDelayMs: initialDelayMs.default,
      maxDelayMs: maxDelayMs.default,
      steadyMs: steadyMs.default,
    };
    expect(planLife({ restart: "on-failure" }).restart).toEqual(defaults);
    expect(planLife({ restart: { when: "on-failure", maxRestarts: 9 } }).restart).toEqual({
      ...defaults,
      maxRestarts: 9,
    });
  });

  test.each<[string, unknown, RegExp]>([
    ["an unknown policy", { restart: "always" }, /restart/u],
    ["a policy without its name", { restart: { maxRestarts: 1 } }, /when/u],
    ["null for a policy", { restart: null }, /when/u],
    ["no restarts", { restart: { when: "on-failure", maxRestarts: 0 } }, /maxRestarts/u],
    [
      "a delay that is not whole",
      { restart: { when: "on-failure", initialDelayMs: 0.5 } },
      /initialDelayMs/u,
    ],
    [
      "a delay past every timer",
      { restart: { when: "on-failure", maxDelayMs: 2 ** 31 } },
      /maxDelayMs/u,
    ],
    [
      "a steady time that is no number",
      { restart: { when: "on-failure", steadyMs: "1" } },
      /steadyMs/u,
    ],
    ["no capacity", { ingress: { capacity: 0 } }, /capacity/u],
    ["half an attempt", { ingress: { maxAttempts: 0.5 } }, /maxAttempts/u],
    ["a negative delay", { ingress: { retryDelayMs: -1 } }, /retryDelayMs/u],
    [
      "a configuration with a function",
      { config: { f() {} } },
      /: config is not JSON: [^.]*\.f [^.]*\.$/u,
    ],
    ["one driver for a list", { drivers: { name: "mail" } }, /drivers/u],
    ["a driver that can't be opened", { drivers: [{ name: "mail", serves: () => true }] }, /open/u],
    ["null for a driver", { drivers: [null] }, /drivers/u],
    [
      "a configuration past configBytes",
      { config: "x".repeat(instanceLimits.configBytes.default - 1) },
      /config/u,
    ],
  ])("refuse %s", (_name, options, message) => {
    expect(problem(options)).toMatch(message);
  });

  test("take the longest timer there is, and a configuration of exactly configBytes", () => {
    const config = "x".repeat(instanceLimits.configBytes.default - 2);
    const restart = { when: "on-failure", maxDelayMs: 2 ** 31 - 1 } as const;
    expect(planLife({ config, restart })).toMatchObject({
      config: JSON.stringify(config),
      restart: { maxDelayMs: 2 ** 31 - 1 },
    });
  });
});
