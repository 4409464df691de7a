import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toolManifest } from "../e2e/guest-package.ts";
import { loopGuest, loopShapes, mixedGuests, type ShapedGuest } from "../e2e/loop-shapes.ts";
import { rawManifest } from "../e2e/raw-package.ts";
import type { Case, CaseResult } from "./page.ts";
import { type ServedPage, servePage } from "./serve-page.ts";

const timeoutMs = 200;
const limits = { timeoutMs, fuel: Number.MAX_SAFE_INTEGER };
const manifests = { component: toolManifest, raw: rawManifest } as const;

let browser: BrowserContext;
let profile: string;
let served: ServedPage;
let page: Page;
const files = new Map<string, Uint8Array>();
const lateness: { readonly shape: string; readonly ms: number }[] = [];

beforeAll(async () => {
  for (const [kind, text] of Object.entries(manifests)) {
    files.set(`${kind}.toml`, new TextEncoder().encode(text));
  }
  for (const [index, shape] of loopShapes.entries()) {
    files.set(`loop-${index}.wasm`, (await loopGuest(shape)).bytes);
  }
  for (const kind of ["component", "raw"] as const) {
    files.set(`mixed-${kind}.wasm`, (await mixedGuests[kind].make()).bytes);
  }
  profile = await mkdtemp(join(tmpdir(), "yoi-chromium-"));
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
  served = await servePage(files, false);
  page = await browser.newPage();
  await page.goto(served.url);
});

// How late is measured and shown, not judged: machines differ.
afterAll(async () => {
  const late = lateness.toSorted((left, right) => left.ms - right.ms);
  const middle = late[Math.floor(late.length / 2)];
  console.info(
    `From limit to settled call, Chromium ${browser?.browser()?.version() ?? ""}: ` +
      `median ${middle?.ms.toFixed(1)} ms, most ${late.at(-1)?.ms.toFixed(1)} ms (${late.at(-1)?.shape}), ${late.length} calls.`,
  );
  await browser?.close();
  await served?.close();
  await rm(profile, { recursive: true, force: true });
});

describe("[stop/prompt] in a worker of a browser", () => {
  test.each([...loopShapes.entries()])(
    "%i: %s ends at its limit, again and again, in the same worker",
    async (index, shape) => {
      const { kind } = await loopGuest(shape);
      const seen = await run(kind, `loop-${index}.wasm`, { limits, calls: 3 });
      expect(seen.results.map(({ code }) => code)).toEqual(Array(3).fill("runtime/timeout"));
      for (const { durationMs } of seen.results) {
        lateness.push({ shape, ms: durationMs - timeoutMs });
      }
      expect(seen.replacements).toBe(0);
    },
  );

  test.each(["component", "raw"] as const)(
    "a guest that does some of everything costs the same as in Node: %s",
    async (kind) => {
      const seen = await run(kind, `mixed-${kind}.wasm`, { calls: 2 });
      const { fuel } = mixedGuests[kind];
      expect(seen.results).toMatchObject([
        { summary: "done", fuel },
        { summary: "done", fuel },
      ]);
    },
  );
});

function run(
  kind: ShapedGuest["kind"],
  file: string,
  rest: Pick<Case, "limits" | "calls">,
): Promise<CaseResult> {
  const given: Case = {
    files: { "plugin.toml": `/extra/${kind}.toml`, "guest.wasm": `/extra/${file}` },
    tool: "run",
    input: {},
    ...rest,
  };
  return page.evaluate(
    (argument) =>
      (globalThis as unknown as { runCase(given: Case): Promise<CaseResult> }).runCase(argument),
    given,
  );
}
