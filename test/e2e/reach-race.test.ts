import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Answer, builtRelay, relayGuest, type Step } from "./reach-guest.ts";

let base = "";
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "yoi-race-"));
  await builtRelay();
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Swaps names of a folder for links to the outside and back, in a process of its own. */
const swapper = `
  const fs = require("node:fs");
  const [base] = process.argv.slice(1);
  const attempt = (work) => { try { work(); } catch {} };
  const pairs = [
    [base + "/root/sub", base + "/outside"],
    [base + "/root/sub2/deep", base + "/outside"],
    [base + "/root/file", base + "/outside/file"],
    [base + "/root", base + "/outside"],
  ];
  pairs.forEach(([name, target], at) => fs.symlinkSync(target, base + "/link" + at));
  process.stdout.write("swapping");
  // The root itself is away more seldom, so that there is something to see.
  for (let round = 0; ; round += 1) {
    pairs.forEach(([name], at) => {
      if (at === 3 && round % 16 !== 0) return;
      attempt(() => fs.renameSync(name, base + "/held" + at));
      attempt(() => fs.renameSync(base + "/link" + at, name));
      attempt(() => fs.renameSync(name, base + "/link" + at));
      attempt(() => fs.renameSync(base + "/held" + at, name));
    });
  }`;

it("[fs/races] thousands of a guest's reads, lists and writes see and change nothing outside, whatever is swapped for links", async () => {
  const root = join(base, "root");
  const outside = join(base, "outside");
  for (const folder of ["sub", "sub2/deep"]) {
    mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, folder, "file"), "inside");
  }
  mkdirSync(outside);
  writeFileSync(join(root, "file"), "inside");
  writeFileSync(join(outside, "file"), "OUTSIDE");
  writeFileSync(join(outside, "outside-only"), "OUTSIDE");

  const process_ = spawn(process.execPath, ["--eval", swapper, base]);
  await new Promise((swapping) => process_.stdout.once("data", swapping));
  await using relay = await relayGuest({
    kind: "typescript",
    targets: { fs: [{ root, operations: ["read", "list", "write"] }] },
  });
  const round: readonly Step[] = [
    ["fs.read", { path: "sub/file" }],
    ["fs.read", { path: "sub/outside-only" }],
    ["fs.read", { path: "sub2/deep/file" }],
    ["fs.read", { path: "file" }],
    ["fs.list", { path: "sub" }],
    ["fs.list", { path: "." }],
    ["fs.read", { path: "sub/new" }],
    ["fs.write", { path: "sub/new", content: "written" }],
  ];
  const steps = Array.from({ length: 25 }, () => round).flat();
  let answered = 0;
  const refusals = new Set<string>();
  try {
    // Each call does 200 steps; on a busy machine, fewer calls are enough.
    const enough = performance.now() + 6_000;
    for (let call = 0; call < 15 && (call < 3 || performance.now() < enough); call += 1) {
      const result = await relay.run(steps);
      expect(result.error).toBeUndefined();
      expect(result.content).not.toContain("OUTSIDE");
      for (const { error, content, entries } of JSON.parse(result.content ?? "[]") as Answer[]) {
        if (error === undefined) answered += 1;
        else refusals.add(error.code);
        if (content !== undefined) expect(["inside", "written"]).toContain(content);
        expect(entries?.map(({ name }) => name) ?? []).not.toContain("outside-only");
      }
    }
  } finally {
    process_.kill("SIGKILL");
    await new Promise((gone) => process_.once("close", gone));
  }
  expect(readdirSync(outside).sort()).toEqual(["file", "outside-only"]);
  expect(readFileSync(join(outside, "file"), "utf8")).toBe("OUTSIDE");
  // All of it happened: answers, links seen in place, and roots that were away.
  expect(answered).toBeGreaterThan(100);
  expect(refusals).toContain("host/not-found");
}, 120_000);

/** Writes a file over and over, as the API does for a guest. */
const writer = `
  const [entry, root] = process.argv.slice(1);
  const { nodeFileSystem } = await import(entry);
  const folder = await nodeFileSystem().openRoot(root);
  const { signal } = new AbortController();
  const contents = ["a", "b"].map((letter) => Buffer.alloc(65536, letter));
  process.stdout.write("writing");
  for (let round = 0; ; round += 1) await folder.write("file", contents[round % 2], signal);`;

it("[fs/node] a host that dies in the middle of writes leaves a whole file, and nothing that a guest sees", async () => {
  const root = join(base, "written");
  mkdirSync(root);
  writeFileSync(join(root, "file"), "a".repeat(65_536));
  const entry = new URL("../../dist/node.js", import.meta.url).href;
  for (let round = 0; round < 5; round += 1) {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", writer, entry, root]);
    await new Promise((writing) => child.stdout.once("data", writing));
    // A moment of the writer's own, a little later each time.
    for (let turn = 0; turn < round * 7; turn += 1) readFileSync(join(root, "file"));
    child.kill("SIGKILL");
    await new Promise((gone) => child.once("close", gone));
    expect(["a", "b"].map((letter) => letter.repeat(65_536))).toContain(
      readFileSync(join(root, "file"), "utf8"),
    );
  }
  await using relay = await relayGuest({
    kind: "raw",
    asks: "fs.list",
    targets: { fs: [{ root, operations: ["list"] }] },
  });
  const { entries } = await relay.ask(["fs.list", { path: "." }]);
  expect(entries).toEqual([{ name: "file", kind: "file" }]);
}, 120_000);
