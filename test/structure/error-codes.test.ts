import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { documentedCodes, withCodes } from "../../.ci/write-docs.ts";
import { errorCodes } from "../../src/errors.ts";
import { readSourceTree, repository } from "./source-tree.ts";

const page = readFileSync(`${repository}docs/errors.md`, "utf8");
const rows = documentedCodes(page);

describe("[errors/stable-codes] the table of error codes", () => {
  test("docs/errors.md lists the codes of src/errors.ts in its order, with its sentences, and no other", () => {
    // The page is the pin: adding or removing a code is a deliberate act.
    expect(rows.map(({ code, meaning }) => [code, meaning])).toEqual(Object.entries(errorCodes));
    expect(withCodes(page), "run `npm run docs`").toBe(page);
  });

  test("every code says what to do", () => {
    for (const { code, advice } of rows) expect(advice, code).toMatch(/^\p{Lu}.{8,}[.]$/u);
  });

  test("a code is area/reason, in lower case", () => {
    for (const code of Object.keys(errorCodes)) expect(code).toMatch(/^[a-z]+\/[a-z]+(-[a-z]+)*$/u);
  });

  test("every code is used by the source, outside its table", () => {
    const source = readSourceTree()
      .filter(({ path }) => path !== "errors.ts")
      .map(({ text }) => text)
      .join("\n");
    // Some are put together from their area and a reason, as in archive/archive-error.
    const isUsed = (code: string) =>
      source.includes(`"${code}"`) || source.includes(`"${code.split("/")[1]}"`);
    expect(Object.keys(errorCodes).filter((code) => !isUsed(code))).toEqual([]);
  });
});
