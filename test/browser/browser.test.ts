import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rawGuestBytes } from "../../fixtures/raw/index.ts";
import { buildPackage } from "../../src/build.ts";
import { guestInstance, toolManifest } from "../e2e/guest-package.ts";
import { rawManifest } from "../e2e/raw-package.ts";
import type { Case, CaseResult } from "./page.ts";
import { type ServedPage, servePage } from "./serve-page.ts";

const filesPermission = `
[[permissions]]
kind = "host_api"
api = "fs"
`;
const weather = new URL("../../examples/weather/", import.meta.url);

/** The page as most are, and one that may share memory with its workers. */
interface Open {
  readonly served: ServedPage;
  readonly page: Page;
}

let plain: Open;
let isolated: Open;
let browser: BrowserContext;
let profile: string;
const problems: string[] = [];

beforeAll(async () => {
  const files = new Map<string, Uint8Array>(await buildPackage({ directory: weather }));
  files.set("guest.toml", new TextEncoder().encode(toolManifest));
  files.set("files.toml", new TextEncoder().encode(`${toolManifest}${filesPermission}`));
  files.set("raw-files.toml", new TextEncoder().encode(`${rawManifest}${filesPermission}`));
  files.set("raw-files.wasm", await rawGuestBytes("host-read"));
  profile = await mkdtemp(join(tmpdir(), "yoi-chromium-"));
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  plain = await open(files, false);
  isolated = await open(files, true);
});

afterAll(async () => {
  await browser?.close();
  await plain?.served.close();
  await isolated?.served.close();
  await rm(profile, { recursive: true, force: true });
});

describe("[browser/chromium] in a real browser", () => {
  test("a TypeScript plugin is loaded, inspected and called", async () => {
    const csv = await readFile(new URL("data/kyoto.csv", weather), "utf8");
    const seen = await run({
      files: { "plugin.toml": "/extra/plugin.toml", "plugin.wasm": "/extra/plugin.wasm" },
      tool: "summarise_readings",
      input: { csv, station: "Kyoto" },
      calls: 3,
    });
    expect(seen).toMatchObject({
      status: "active",
      tools: ["summarise_readings", "get_forecast"],
    });
    expect(seen.results).toHaveLength(3);
    for (const result of seen.results) {
      expect(result.code).toBeUndefined();
      expect(result.summary).toContain("Kyoto: 12.3 to 26.0 °C");
    }
  });

  test.each(["loop", "loop-in-start", "bulk-fill-loop"])(
    "%s is stopped at its deadline, the page goes on, and the next call gets a guest",
    async (guest) => {
      const seen = await run(guestCase(guest, { limits: { timeoutMs: 300 }, calls: 2 }));
      expect(seen.results.map(({ code }) => code)).toEqual(["runtime/timeout", "runtime/timeout"]);
      for (const { durationMs } of seen.results) expect(durationMs).toBeLessThan(5_000);
      expect(seen.longestPauseMs).toBeLessThan(300);
    },
  );

  test("a signal stops a guest", async () => {
    const seen = await run(guestCase("loop", { abortAfterMs: 100 }));
    expect(seen.results[0]?.code).toBe("runtime/aborted");
  });

  test.each([
    ["trap", "runtime/trap"],
    ["recursion", "runtime/stack-exhausted"],
    ["pointer-outside-memory", "runtime/trap"],
    ["output-bad-utf8", "output/malformed"],
    ["output-enormous", "output/too-large"],
  ])("%s ends as %s", async (guest, code) => {
    const seen = await run(guestCase(guest));
    expect(seen.results.map((result) => result.code)).toEqual([code]);
  });

  test.each([
    ["memory-hog", "memory stopped growing at pages: 1024"],
    ["table-hog", "table stopped growing at elements: 90001"],
    ["wasi-preopens", "directories seen: 0"],
    ["wasi-environment", "environment variables seen: 0"],
  ])("%s gets no further than: %s", async (guest, summary) => {
    const seen = await run(guestCase(guest));
    expect(seen.results).toMatchObject([{ summary }]);
  });

  test.each([
    ["names-core-import-module", "artifact/unsafe-name"],
    ["exploding-instances", "artifact/limit"],
    ["import-wasi-sockets", "artifact/unknown-import"],
    ["feature-gc", "artifact/unsupported"],
  ])("%s is refused as %s", async (guest, code) => {
    const seen = await run(guestCase(guest));
    expect(seen).toMatchObject({ status: "rejected", refused: code, results: [] });
  });

  const readsFiles: Case = {
    files: {
      "plugin.toml": "/extra/files.toml",
      "guest.wasm": "/guests/import-host-fs/guest.wasm",
    },
    tool: "run",
    input: {},
    memoryFiles: { "/data/notes.txt": "from memory" },
  };

  const ways = [
    ["may share memory", "shared-memory", () => isolated],
    ["may not share memory", "jspi", () => plain],
  ] as const;

  test.each(ways)(
    "[host/bridge] a guest reads a granted file, where the page %s: by %s",
    async (_, hostCalls, page) => {
      const seen = await run({ ...readsFiles, calls: 3 }, page());
      expect(seen).toMatchObject({ hostCalls, replacements: 0 });
      expect(seen.results).toHaveLength(3);
      for (const { content } of seen.results) {
        expect(JSON.parse(content ?? "")).toMatchObject({ content: "from memory" });
      }
    },
  );

  test.each(ways)(
    "[host/bridge] a raw guest does, where the page %s: by %s",
    async (_, hostCalls, page) => {
      const files = {
        "plugin.toml": "/extra/raw-files.toml",
        "guest.wasm": "/extra/raw-files.wasm",
      };
      const input = { path: "notes.txt" };
      const seen = await run({ ...readsFiles, files, input, calls: 2 }, page());
      expect(seen).toMatchObject({ hostCalls, replacements: 0 });
      expect(seen.results).toHaveLength(2);
      for (const { content } of seen.results) {
        expect(JSON.parse(content ?? "")).toMatchObject({ content: "from memory" });
      }
    },
  );

  test.each(ways)(
    "[stop/host-call] a guest is stopped at its deadline in mid host call, where the page %s: by %s",
    async (_, hostCalls, page) => {
      const limits = { timeoutMs: 1_000 };
      const seen = await run({ ...readsFiles, limits, unanswered: 2, calls: 4 }, page());
      expect(seen.results.map(({ code }) => code ?? "ok")).toEqual([
        "ok",
        "runtime/timeout",
        "runtime/timeout",
        "ok",
      ]);
      for (const { durationMs } of seen.results) expect(durationMs).toBeLessThan(2_500);
      expect(seen).toMatchObject({ hostCalls, replacements: 0, ended: 2 });
      expect(seen.longestPauseMs).toBeLessThan(500);
    },
  );

  test.each(ways)(
    "[stop/host-call] a signal ends a guest in mid host call, where the page %s: by %s",
    async (_, hostCalls, page) => {
      const seen = await run(
        { ...readsFiles, abortAfterMs: 1_000, unanswered: 1, calls: 3 },
        page(),
      );
      expect(seen.results.map(({ code }) => code ?? "ok")).toEqual(["ok", "runtime/aborted", "ok"]);
      expect(seen).toMatchObject({ hostCalls, replacements: 0, ended: 1 });
    },
  );

  test.each(ways)(
    "[stop/caught] a guest that catches its end is ended, where the page %s: by %s",
    async (_, hostCalls, page) => {
      const seen = await run(
        {
          ...readsFiles,
          files: {
            "plugin.toml": "/extra/files.toml",
            "guest.wasm": "/guests/host-call-catch/guest.wasm",
          },
          limits: { hostCalls: 3, timeoutMs: 8_000, fuel: 1_000_000_000_000 },
          calls: 2,
        },
        page(),
      );
      expect(seen.results.map(({ code }) => code)).toEqual(["runtime/limit", "runtime/limit"]);
      for (const { durationMs } of seen.results) expect(durationMs).toBeLessThan(4_000);
      expect(seen).toMatchObject({ hostCalls, replacements: 0 });
    },
  );

  test("in a page that may share memory, guests are stopped and go on all the same", async () => {
    const stopped = await run(
      guestCase("loop", { limits: { timeoutMs: 300 }, calls: 2 }),
      isolated,
    );
    expect(stopped.results.map(({ code }) => code)).toEqual(["runtime/timeout", "runtime/timeout"]);
    const aborted = await run(guestCase("bulk-fill-loop", { abortAfterMs: 100 }), isolated);
    expect(aborted.results[0]?.code).toBe("runtime/aborted");
  });

  test.each(["echo", "memory-hog", "linked"])(
    "%s costs the same fuel as in Node",
    async (guest) => {
      await using instance = await guestInstance(guest);
      const { usage } = await instance.callTool("run", {});
      expect(usage?.fuel).toBeGreaterThan(0);
      for (const page of [plain, isolated]) {
        const seen = await run(guestCase(guest), page);
        expect(seen.results[0]?.fuel).toBe(usage?.fuel);
      }
    },
  );

  test("[isolation/no-ambient] the worker of a guest has the language left and little else", async () => {
    const left = await plain.page.evaluate(
      () =>
        new Promise((resolve) => {
          const worker = new Worker("/stripped-worker.js", { type: "module" });
          worker.onmessage = ({ data }) => resolve(data);
        }),
    );
    // Named once, so that the check can be seen to look; it makes no code, as the page's policy says.
    expect(left).toEqual(["Function"]);
  });

  test("no crafted name ran, and nothing went wrong that nobody caught", async () => {
    expect(await plain.page.evaluate(() => "yoiPwned" in globalThis)).toBe(false);
    expect(problems).toEqual([]);
  });
});

function guestCase(guest: string, rest: Partial<Case> = {}): Case {
  return {
    files: { "plugin.toml": "/extra/guest.toml", "guest.wasm": `/guests/${guest}/guest.wasm` },
    tool: "run",
    input: {},
    ...rest,
  };
}

async function open(files: ReadonlyMap<string, Uint8Array>, isIsolated: boolean): Promise<Open> {
  const served = await servePage(files, isIsolated);
  const page = await browser.newPage();
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  await page.goto(served.url);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(isIsolated);
  return { served, page };
}

function run(given: Case, { page }: Open = plain): Promise<CaseResult> {
  return page.evaluate(
    (argument) =>
      (globalThis as unknown as { runCase(given: Case): Promise<CaseResult> }).runCase(argument),
    given,
  );
}
