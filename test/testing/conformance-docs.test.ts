import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { conformanceRules } from "yoi-plugin-sdk/testing";

const page = readFileSync(new URL("../../docs/custom-backends.md", import.meta.url), "utf8");

it("docs/custom-backends.md lists every rule with its promise, and no other", () => {
  const rows = [...page.matchAll(/^\| `([a-z-]+\/[a-z0-9-]+)` \| (.+) \|$/gmu)];
  expect(rows.map(([, rule, promise]) => [rule, promise])).toEqual([...conformanceRules]);
});
