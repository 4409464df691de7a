import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { withLimits } from "../../.ci/write-docs.ts";
import { limitTables, quantity } from "./limit-tables.ts";
import { repository } from "./source-tree.ts";

const tables = limitTables();

test("every limit says its unit, why it is that number, and what it does not bound", () => {
  expect(tables.length).toBeGreaterThan(8);
  for (const { name, about, limits } of tables) {
    expect(about, name).not.toBe("");
    for (const [limitName, limit] of limits) {
      expect(limit.default, `${name}.${limitName}`).toBeGreaterThanOrEqual(1);
      expect(Number.isSafeInteger(limit.default), `${name}.${limitName}`).toBe(true);
      expect(limit.reason, `${name}.${limitName}`).not.toBe("");
      expect(limit.doesNotBound, `${name}.${limitName}`).not.toBe("");
    }
  }
});

test("every limit is named by a test", () => {
  const tests = readdirSync(`${repository}test`, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.ts") && !path.startsWith("structure"))
    .map((path) => readFileSync(`${repository}test/${path}`, "utf8"))
    .join("\n");
  const words = new Set(tests.match(/\w+/gu));
  const untested = tables.flatMap(({ name, limits }) =>
    [...limits.keys()].filter((limit) => !words.has(limit)).map((limit) => `${name}.${limit}`),
  );
  expect(untested).toEqual([]);
});

test("docs/limits.md shows every table as the source has it", () => {
  const page = readFileSync(`${repository}docs/limits.md`, "utf8");
  expect(withLimits(page), "run `npm run docs`").toBe(page);
  for (const { name } of tables) expect(page).toContain(`<!-- limits:${name} -->`);
});

test("a default is written as people say it", () => {
  expect(quantity({ unit: "bytes", default: 64 * 1024 })).toBe("64 KiB");
  expect(quantity({ unit: "bytes", default: 24 * 1024 * 1024 })).toBe("24 MiB");
  expect(quantity({ unit: "bytes", default: 512 })).toBe("512 bytes");
  expect(quantity({ unit: "ms", default: 250 })).toBe("250 ms");
  expect(quantity({ unit: "ms", default: 10_000 })).toBe("10 s");
  expect(quantity({ unit: "ms", default: 90_000 })).toBe("90 s");
  expect(quantity({ unit: "ms", default: 900_000 })).toBe("15 min");
  expect(quantity({ unit: "ms", default: 86_400_000 })).toBe("24 h");
  expect(quantity({ unit: "ms", default: 24 * 86_400_000 })).toBe("24 days");
  expect(quantity({ unit: "ratio", default: 100 })).toBe("100:1");
  expect(quantity({ unit: "count", default: 20_000 })).toBe("20,000");
});
