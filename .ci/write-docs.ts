/** Writes the tables of docs/ that repeat the source: `npm run docs`. Tests compare them. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { errorCodes } from "../src/errors.ts";
import { limitRows, limitTables } from "../test/structure/limit-tables.ts";

/**
 * Puts every table of limits between its two markers.
 *
 * @param page A Markdown page with pairs of `<!-- limits:name -->` and `<!-- /limits -->`.
 * @returns The page with the tables as the source has them now.
 */
export function withLimits(page: string): string {
  const tables = new Map(limitTables().map((table) => [table.name, table]));
  return page.replaceAll(
    /<!-- limits:(\w+) -->\n[\s\S]*?<!-- \/limits -->/gu,
    (_, name: string) => {
      const table = tables.get(name);
      if (table === undefined) throw new Error(`src/limits.ts has no table ${name}`);
      return `<!-- limits:${name} -->\n${limitRows(table)}<!-- /limits -->`;
    },
  );
}

/** One row of docs/errors.md. */
export interface DocumentedCode {
  readonly code: string;
  readonly meaning: string;
  readonly advice: string;
}

/** @returns The codes that a page documents, in its order. */
export function documentedCodes(page: string): readonly DocumentedCode[] {
  return [...page.matchAll(/^\| `([a-z-]+\/[a-z-]+)` \| ([^|]*) \| ([^|]*) \|$/gmu)].map(
    ([, code = "", meaning = "", advice = ""]) => ({ code, meaning, advice }),
  );
}

/**
 * Puts every area's codes between its two markers, with the source's sentences and the page's advice.
 *
 * @param page A Markdown page with pairs of `<!-- codes:area -->` and `<!-- /codes -->`.
 * @returns The page; a new code has an empty advice, which a test refuses.
 */
export function withCodes(page: string): string {
  const advice = new Map(documentedCodes(page).map((row) => [row.code, row.advice]));
  return page.replaceAll(/<!-- codes:(\w+) -->\n[\s\S]*?<!-- \/codes -->/gu, (_, area: string) => {
    const rows = Object.entries(errorCodes)
      .filter(([code]) => code.startsWith(`${area}/`))
      .map(([code, meaning]) => `| \`${code}\` | ${meaning} | ${advice.get(code) ?? ""} |`);
    const head = ["| Code | What it means | What to do |", "|---|---|---|"];
    return [`<!-- codes:${area} -->`, ...head, ...rows, "<!-- /codes -->"].join("\n");
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  rewrite("limits.md", withLimits);
  rewrite("errors.md", withCodes);
}

function rewrite(name: string, change: (page: string) => string): void {
  const path = fileURLToPath(new URL(`../docs/${name}`, import.meta.url));
  writeFileSync(path, change(readFileSync(path, "utf8")));
}
