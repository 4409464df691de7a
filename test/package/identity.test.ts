import { describe, expect, it } from "vitest";
import { isSafeId } from "../../src/manifest/manifest.ts";
import {
  formatPackageRef,
  isPackageSource,
  packageSources,
  parsePackageRef,
} from "../../src/package/load-package.ts";

describe("a package's reference", () => {
  it.each([
    ["example.echo", "unqualified"],
    ["", "unqualified"],
    [":", "invalid-source"],
    [":echo", "invalid-source"],
    ["system:echo", "invalid-source"],
    ["User:echo", "invalid-source"],
    [" user:echo", "invalid-source"],
    ["__proto__:echo", "invalid-source"],
    ["user:", "invalid-id"],
    ["user:a:b", "invalid-id"],
    ["user:.echo", "invalid-id"],
    ["user:echo.", "invalid-id"],
    ["user:a/b", "invalid-id"],
    ["user:a b", "invalid-id"],
    ["user:é", "invalid-id"],
    ["user:echo\n", "invalid-id"],
    [`user:${"x".repeat(129)}`, "invalid-id"],
  ])("%j is none: %s", (text, problem) => {
    expect(parsePackageRef(text)).toMatchObject({ ok: false, problem });
  });

  it("is taken apart and put together", () => {
    for (const source of packageSources) {
      const ref = formatPackageRef(source, "example.echo-1_0");
      expect(parsePackageRef(ref)).toEqual({ ok: true, source, id: "example.echo-1_0" });
      expect(isPackageSource(source)).toBe(true);
    }
    expect(isPackageSource("workspace")).toBe(false);
  });

  it("has an id of 1 to 128 safe characters", () => {
    expect(isSafeId("x")).toBe(true);
    expect(isSafeId("x".repeat(128))).toBe(true);
    expect(isSafeId("x".repeat(129))).toBe(false);
    expect(isSafeId("A-Z_a.z09")).toBe(true);
    expect(isSafeId("..")).toBe(false);
  });
});
