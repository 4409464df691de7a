import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { directoryLimits, packageLimits } from "../../src/limits.ts";
import { defaultIgnorePatterns } from "../../src/package/pack-ignore.ts";

const docs = readFileSync(fileURLToPath(new URL("../../docs/package.md", import.meta.url)), "utf8");

const MiB = 1024 * 1024;

/** A number of bytes as the page writes it. */
function written({ default: value, unit }: { default: number; unit: string }): string {
  if (unit === "bytes" && value % MiB === 0) return `${value / MiB} MiB`;
  if (unit === "bytes" && value > 1024) return `${value / 1024} KiB`;
  return value.toLocaleString("en-US");
}

it("docs/package.md names each limit of packages with its default, and no other", () => {
  const rows = [...docs.matchAll(/^\| (`\w+`(?:, `\w+`)*) \| ([^|]+) \|/gmu)];
  const documented = rows.flatMap(([, names = "", values = ""]) =>
    names.split(", ").map((name, at) => [name.replaceAll("`", ""), values.split(", ")[at]]),
  );
  const known = Object.entries(packageLimits).map(([name, limit]) => [name, written(limit)]);
  expect(documented.sort()).toEqual(known.sort());
  expect(docs).toContain(`at most ${written(directoryLimits.visitedFiles)} files`);
});

it("docs/package.md names what packing leaves out", () => {
  const list = defaultIgnorePatterns.map((pattern) => `\`${pattern}\``);
  expect(docs).toContain(`${list.slice(0, -1).join(", ")} and ${list.at(-1)}`);
});
