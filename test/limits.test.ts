import { describe, expect, test } from "vitest";
import { defaultLimits, guestLimits, mergeLimits, packageLimits } from "../src/limits.ts";

const refuse = (message: string): never => {
  throw new Error(message);
};

describe("laying a host's numbers over the defaults", () => {
  test("changes what is named and nothing else", () => {
    const merged = mergeLimits(packageLimits, { entries: 3 }, refuse);
    expect(merged).toEqual({ ...defaultLimits(packageLimits), entries: 3 });
    expect(Object.isFrozen(merged)).toBe(true);
  });

  test("takes undefined as not given", () => {
    const overrides = { entries: undefined } as unknown as { entries: number };
    expect(mergeLimits(packageLimits, overrides, refuse)).toEqual(defaultLimits(packageLimits));
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "7", null])(
    "refuses %s",
    (value) => {
      const overrides = { entries: value as number };
      expect(() => mergeLimits(packageLimits, overrides, refuse)).toThrow("whole number");
    },
  );

  test.each(["entires", "constructor", "toString", "__proto__"])("refuses the name %s", (name) => {
    const overrides = JSON.parse(`{${JSON.stringify(name)}: 1}`);
    expect(() => mergeLimits(packageLimits, overrides, refuse)).toThrow("no limit named");
  });

  test("takes 1, the least of all", () => {
    expect(mergeLimits(guestLimits, { timeoutMs: 1 }, refuse).timeoutMs).toBe(1);
  });
});
