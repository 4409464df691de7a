import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import ts from "typescript";
import { beforeAll, describe, expect, test } from "vitest";
import { packPackage } from "yoi-plugin-sdk";
import { buildPackage } from "yoi-plugin-sdk/build";
import { repository } from "./structure/source-tree.ts";

/** TypeScript in a page: between ```` ```ts ```` and the next fence; `run` after `ts` has it run as well. */
interface Fence {
  readonly page: string;
  /** Its number in the page, from 1. */
  readonly number: number;
  readonly isRun: boolean;
  readonly code: string;
}

const pages = [
  "README.md",
  ...readdirSync(`${repository}docs`, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => `docs/${path}`)
    .sort(),
];
const fences = pages.flatMap(readFences);
// Inside the repository, so that the package finds itself by its own name.
const folder = `${repository}.cache/docs/`;

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const fence of fences) writeFileSync(folder + fileOf(fence), fence.code);
  for (const example of ["weather", "chat-bridge"]) {
    const files = await buildPackage({ directory: `${repository}examples/${example}` });
    writeFileSync(`${folder}${example}.yoi-plugin`, await packPackage(files));
  }
});

describe("the TypeScript in README and docs", () => {
  test("there is some, and some of it is run", () => {
    expect(fences.length).toBeGreaterThan(8);
    expect(fences.filter(({ isRun }) => isRun).length).toBeGreaterThan(2);
  });

  test("is well-typed", { timeout: 120_000 }, () => {
    const { options } = ts.parseJsonConfigFileContent(
      ts.readConfigFile(`${repository}tsconfig.json`, ts.sys.readFile).config,
      ts.sys,
      repository,
    );
    const program = ts.createProgram(
      // Guests of TypeScript know the host interfaces by this file.
      [...fences.map((fence) => folder + fileOf(fence)), `${repository}wit/host-interfaces.d.ts`],
      { ...options, noUnusedLocals: false },
    );
    const problems = ts
      .getPreEmitDiagnostics(program)
      .filter(({ file }) => file?.fileName.startsWith(folder) === true)
      .map(({ file, start, messageText }) => {
        const line = file?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0;
        const name = file?.fileName.slice(folder.length);
        return `${name}:${line + 1} ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
      });
    expect(problems).toEqual([]);
  });

  test.each(fences.filter(({ isRun }) => isRun))(
    "$page, program $number, runs",
    { timeout: 120_000 },
    async (fence) => {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ["--import", "tsx", fileOf(fence)],
        {
          cwd: folder,
          env: { ...process.env, TSX_TSCONFIG_PATH: `${repository}examples/tsconfig.json` },
        },
      );
      expect(stdout).not.toBe("");
      expect(stdout).not.toMatch(/undefined|\[object/u);
    },
  );
});

describe("the links in README and docs", () => {
  test("lead to files that are there", () => {
    const lost = pages.flatMap((page) =>
      links(page).filter((target) => !ts.sys.fileExists(target) && !ts.sys.directoryExists(target)),
    );
    expect(lost).toEqual([]);
  });
});

function readFences(page: string): readonly Fence[] {
  const found = readFileSync(repository + page, "utf8").matchAll(
    /^```ts( [a-z ]+)?\n(.*?)^```$/gmsu,
  );
  return [...found].map(([, words = "", code = ""], index) => ({
    page,
    number: index + 1,
    isRun: words.split(" ").includes("run"),
    code,
  }));
}

function fileOf({ page, number }: Fence): string {
  return `${page.replaceAll(/[/.]/gu, "-")}-${number}.ts`;
}

/** The files that a page links to, without their anchors. */
function links(page: string): readonly string[] {
  const folderOfPage = repository + page.slice(0, page.lastIndexOf("/") + 1);
  const targets = readFileSync(repository + page, "utf8").matchAll(/\]\((?!https?:)([^)#\s]+)/gu);
  return [...targets].map(([, target = ""]) => folderOfPage + target);
}
