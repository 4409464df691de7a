import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pathProblem, refuseCollisions } from "../../src/archive/archive.ts";
import { isPluginError } from "../../src/errors.ts";

function collides(files: readonly string[], folders: readonly string[] = []): boolean {
  try {
    refuseCollisions(files, folders);
    return false;
  } catch (error) {
    if (isPluginError(error) && error.code === "archive/duplicate") return true;
    throw error;
  }
}

describe("a path", () => {
  it.each([
    "",
    "/",
    "/a",
    "~",
    "~root/a",
    "C:",
    "z:a",
    "a\\b",
    "\\a",
    "a\0",
    ".",
    "..",
    "a/.",
    "a/../b",
    "a//b",
    "a/",
    "\ud800",
    "a/\udc00b",
  ])("%j is refused", (path) => {
    expect(pathProblem(path)).toMatch(/^(is|holds|starts|has) /u);
  });

  it.each([
    "a",
    "a/b.c",
    ".hidden",
    "...",
    "a/..b",
    "a~",
    "ab:c",
    "é",
    "\u{1f600}",
    " ",
    "a b",
    "-",
    "NUL",
    "__proto__",
  ])("%j is taken as it is", (path) => {
    expect(pathProblem(path)).toBeUndefined();
  });

  it("that is taken never leaves the folder it is resolved in", () => {
    const part = fc.constantFrom("a", "..", ".", "", "\\", "C:", "~", "b.c", "\0", "/");
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 6 }),
        fc.constantFrom("/", ""),
        (parts, separator) => {
          const path = parts.join(separator);
          if (pathProblem(path) !== undefined) return;
          const resolved = new URL(
            encodeURIComponent(path).replaceAll("%2F", "/"),
            "file:///root/",
          );
          expect(resolved.pathname).toBe(
            `/root/${encodeURIComponent(path).replaceAll("%2F", "/")}`,
          );
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("paths collide", () => {
  it.each([
    [["a", "a"]],
    [["a/b", "A/B"]],
    [["é", "e\u0301"]],
    [["\u00c9", "e\u0301"]],
    [["\u212a", "k"]],
    [["\u017f", "S"]],
    [["\ufb00", "FF"]],
    [["a", "a/b"]],
    [["a/b/c/d", "a/b"]],
    [["x/y", "X"]],
    [["a.", "a"]],
    [["a/b", "a. ./b"]],
  ])("%j", (files) => {
    expect(collides(files)).toBe(true);
    expect(collides([...files].reverse())).toBe(true);
  });

  it("with folders that are listed", () => {
    expect(collides(["a"], ["a"])).toBe(true);
    expect(collides(["a"], ["A/b"])).toBe(true);
    expect(collides(["a/b"], ["a", "a/c"])).toBe(false);
  });

  it("not when they differ for every file system", () => {
    expect(collides(["a/b", "a/c", "A/d", "ab", "a-b", "a b", ".a", "..a", "b/a"])).toBe(false);
  });

  it("whatever stands between them", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/u)), (names) => {
        expect(collides(names)).toBe(false);
        for (const name of names) expect(collides([...names, name.toUpperCase()])).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("is found in time even for the deepest paths", () => {
    const deep = Array.from({ length: 512 }, (_, at) => `${"d/".repeat(508)}${at}`);
    const started = performance.now();
    expect(collides(deep)).toBe(false);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
