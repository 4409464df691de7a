import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const folder = new URL("../../src/host-api/", import.meta.url);
const page = readFileSync(new URL("../../docs/host-apis.md", import.meta.url), "utf8");
const source = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => readFileSync(new URL(path, folder), "utf8"))
  .join("\n");

/** Codes as they stand in the source, and the reasons that become one. */
function codesOfSource(): ReadonlySet<string> {
  const written = source.match(/(?<=["`])host\/[a-z][a-z-]+(?=["`])/gu) ?? [];
  const reasons = ["FsReason", "NetworkFailure", "SocketFailure"].flatMap((name) => {
    const union = new RegExp(`export type ${name} =([^;]+);`, "u").exec(source)?.[1] ?? "";
    expect(union, name).not.toBe("");
    return Array.from(union.matchAll(/"([a-z-]+)"/gu), ([, reason]) => `host/${reason}`);
  });
  return new Set([...written, ...reasons]);
}

test("docs/host-apis.md says of every code of ours what it means and what to do", () => {
  const rows = Array.from(page.matchAll(/^\| `((?:host)\/[a-z-]+)` \| (.+) \| (.+) \|$/gmu));
  const documented = rows.map(([, code = ""]) => code);
  expect([...documented].sort()).toEqual([...codesOfSource()].sort());
  for (const [, code, meaning, remedy] of rows) {
    expect(meaning, code).toMatch(/^[A-Z].*\.$/u);
    expect(remedy, code).toMatch(/^[A-Z].*\.$/u);
  }
});
