import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { directoryLimits } from "../../src/limits.ts";
import { defaultIgnorePatterns, ignoreRules } from "../../src/package/pack-ignore.ts";

/** Walks files as packing does: what lies in a folder that is left out is never asked about. */
function kept(files: readonly string[], source: string): readonly string[] {
  const isIgnored = ignoreRules(source);
  return files.filter((file) => {
    for (let end = file.indexOf("/"); end !== -1; end = file.indexOf("/", end + 1)) {
      if (isIgnored(file.slice(0, end), true)) return false;
    }
    return !isIgnored(file, false);
  });
}

describe("packing leaves out", () => {
  it("what is never part of a package, wherever it lies", () => {
    const files = [
      ...["plugin.toml", "src/a.ts", ".gitignore", "distance", "dist.txt", "x.yoi-plugins"],
      ...[".git", ".git/config", "a/.git/config", "node_modules/x/y", "a/node_modules/x"],
      ...["target/debug/x", "a/target", "dist/x", "a/dist/x", "old.yoi-plugin", "a/b.yoi-plugin"],
    ];
    expect(kept(files, "")).toEqual(files.slice(0, 6));
  });

  it("no more than that when .yoiignore takes it back", () => {
    const files = ["dist/plugin.wasm", "a/dist/x", "node_modules/x"];
    expect(kept(files, "!dist")).toEqual(["dist/plugin.wasm", "a/dist/x"]);
    expect(kept(files, "!/dist/")).toEqual(["dist/plugin.wasm"]);
  });

  it.each([
    ["*.log", ["a.log", "b/c.log", ".log"], ["log", "a.logs"]],
    ["/a", ["a", "a/b"], ["b/a"]],
    ["a/b", ["a/b", "a/b/c"], ["x/a/b"]],
    ["a/", ["a/b", "x/a/b"], ["a"]],
    ["a/*", ["a/b"], ["a", "b/a/c"]],
    ["a/**", ["a/b", "a/b/c"], ["a", "b/a/c"]],
    ["**/a", ["a", "b/a", "b/a/c"], ["ab"]],
    ["a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["b", "x/a/b"]],
    ["?.c", ["a.c", "é.c", "x/a.c"], [".c", "ab.c"]],
    ["[a-c]x[!0-9]", ["axx", "cx."], ["dxx", "ax0"]],
    ["[]-]", ["]", "-"], ["["]],
    ["a[/]b", [], []],
    ["\\#a", ["#a"], ["a"]],
    ["\\!a", ["!a"], ["a"]],
    ["\\*", ["*"], ["a"]],
    ["a\\ ", ["a "], ["a"]],
    ["a  ", ["a"], ["a  "]],
    ["# a", [], ["# a", "a"]],
    ["A", ["A"], ["a"]],
    ["*\n!*.txt", ["a", "b/c"], ["a.txt"]],
    ["a\n\n!a\r\na/b\r\n", ["a/b"], ["a", "a/c"]],
    ["a**b", ["ab", "axxb"], ["a/b", "ax/b"]],
    ["**", ["a", "b/c"], []],
  ])("what %j matches", (source, left, stays) => {
    if (source === "a[/]b") return expect(() => ignoreRules(source)).toThrow(/Line 1/u);
    expect(kept([...left, ...stays], source)).toEqual(stays);
  });
});

describe("a .yoiignore", () => {
  it.each(["[a", "a\\", "[[:alpha:]]", "!", "/", "a//b", "[", "[a-"])(
    "with the line %j is refused rather than guessed at",
    (line) => {
      expect(() => ignoreRules(`# first\n${line}\n`)).toThrow(
        /^Line 2 of \.yoiignore is not a pattern/u,
      );
    },
  );

  it("has at most 1,000 patterns", () => {
    const most = directoryLimits.ignorePatterns.default;
    const lines = (count: number) => Array.from({ length: count }, (_, at) => `p${at}`).join("\n");
    expect(kept(["p999", "p1000"], `# comment\n\n${lines(most)}`)).toEqual(["p1000"]);
    expect(() => ignoreRules(lines(most + 1))).toThrow(
      expect.objectContaining({ code: "archive/bounds" }),
    );
  });

  it("costs little, whatever its wildcards", () => {
    const isIgnored = ignoreRules(
      Array.from({ length: 100 }, () => `${"*a".repeat(100)}b\n${"**/a/".repeat(100)}b`).join("\n"),
    );
    const path = Array.from({ length: 250 }, () => "a".repeat(250)).join("/");
    const started = performance.now();
    expect(isIgnored(path, false)).toBe(false);
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it("is read or refused, whatever is in it", () => {
    const line = fc.string({ unit: fc.constantFrom(..."ab*?[]!-^\\/#. \n") });
    fc.assert(
      fc.property(line, fc.stringMatching(/^[ab./]{1,8}$/u), (source, path) => {
        try {
          expect(typeof ignoreRules(source)(path, false)).toBe("boolean");
        } catch (error) {
          expect(error).toMatchObject({ code: "archive/malformed" });
        }
      }),
      { numRuns: 2000 },
    );
  });
});

const hasGit = spawnSync("git", ["--version"]).error === undefined;

describe("git and these rules", () => {
  // Plain letters: git counts bytes where these rules count characters.
  const names = ["a", "b", "ab", "a.b", ".a", "A", "a b", "#a", "!b", "[a]"];
  const tree = [
    ...names,
    ...names.flatMap((name) => [`d/${name}`, `d/e/${name}`, `dd/${name}`, `dist/${name}`]),
    ...["e/d/e/a", "d/d/d/a"],
  ];
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "yoi-ignore-"));
    if (!hasGit) return;
    spawnSync("git", ["init", "-q", folder]);
    for (const file of tree) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      writeFileSync(join(folder, file), "");
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const atom = fc.constantFrom(
    ...["a", "b", "d", "e", ".", "*", "*", "**", "?", "/", "/", "[ab]", "[!a]", "\\#", "\\[", " "],
  );
  const pattern = fc
    .tuple(fc.constantFrom("", "", "", "!"), fc.array(atom, { minLength: 1, maxLength: 6 }))
    .map(([sign, atoms]) => sign + atoms.join(""));
  const sources = fc.array(pattern, { minLength: 1, maxLength: 4 }).map((list) => list.join("\n"));

  it(
    hasGit
      ? "leave out the same files of a tree"
      : "git is not here; the rules still keep and leave out something",
    () => {
      if (!hasGit) return expect(kept(tree, "a\n!d/a").length).toBeLessThan(tree.length);
      fc.assert(
        fc.property(sources, (source) => {
          // Where two stars touch other characters, versions of git differ.
          if (/[^/\n!]\*\*|\*\*[^/\n]/u.test(source)) return;
          let mine: readonly string[];
          try {
            mine = kept(tree, source);
          } catch {
            return; // a pattern that is refused here
          }
          writeFileSync(
            join(folder, ".gitignore"),
            [...defaultIgnorePatterns, ".gitignore", source].join("\n"),
          );
          const options = ["-c", "core.excludesFile=", "-c", "core.ignorecase=false"];
          const run = spawnSync(
            "git",
            [...options, "ls-files", "-z", "--others", "--exclude-standard"],
            { cwd: folder },
          );
          const theirs = run.stdout.toString().split("\0").slice(0, -1);
          expect(theirs.filter((file) => file !== ".gitignore").sort()).toEqual([...mine].sort());
        }),
        { numRuns: 250 },
      );
    },
  );
});
