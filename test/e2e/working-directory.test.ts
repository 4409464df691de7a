import { execFile } from "node:child_process";
import { copyFile, cp, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { rawGuestBytes } from "../../fixtures/raw/index.ts";
import { nodeWorkerSpawner } from "../../src/runtime/isolation/worker.node.ts";
import { rawManifest } from "./raw-package.ts";

const run = promisify(execFile);
const library = new URL("../../dist/index.js", import.meta.url).href;

const hostOf = (url: string) => `
import { readFile } from "node:fs/promises";
import { createInstance, grantRequested, loadPackage } from ${JSON.stringify(url)};
const pkg = await loadPackage({
  "plugin.toml": await readFile("plugin.toml"),
  "guest.wasm": await readFile("guest.wasm"),
});
const instance = await createInstance(pkg, { grants: grantRequested(pkg) });
const { isError, error } = await instance.callTool("run", {});
console.log(isError ? error : "answered");
await instance.stop();
`;

let directory: string;
beforeAll(async () => {
  directory = await realpath(await mkdtemp(path.join(tmpdir(), "yoi-elsewhere-")));
  await writeFile(path.join(directory, "host.mjs"), hostOf(library));
  await writeFile(path.join(directory, "plugin.toml"), rawManifest);
  await writeFile(path.join(directory, "guest.wasm"), await rawGuestBytes("last-write-wins"));
});
afterAll(() => rm(directory, { recursive: true }));

it("[isolation/no-ambient] guests run in a host whose working directory does not hold this library", async () => {
  const { stdout } = await run(process.execPath, ["host.mjs"], { cwd: directory });
  expect(stdout).toBe("answered\n");
});

it("[isolation/no-ambient] guests run, and their host ends, where the library's path has a comma", async () => {
  const root = path.join(directory, "a,b");
  await cp("dist", path.join(root, "dist"), {
    recursive: true,
    filter: (file) => !file.endsWith(".map"),
  });
  await copyFile("package.json", path.join(root, "package.json"));
  await symlink(path.resolve("node_modules"), path.join(root, "node_modules"));
  const copy = pathToFileURL(path.join(root, "dist/index.js")).href;
  await writeFile(path.join(directory, "host-of-copy.mjs"), hostOf(copy));
  // Node's own warning about the comma once kept the process from ending.
  const { stdout } = await run(process.execPath, ["host-of-copy.mjs"], {
    cwd: directory,
    timeout: 20_000,
  });
  expect(stdout).toBe("answered\n");
});

const major = Number(process.versions.node.split(".")[0]);

it("[isolation/no-ambient] the worker of a guest can read its own file and none of the host's", async () => {
  const entry = path.join(directory, "worker.mjs");
  await writeFile(
    entry,
    `import { readFileSync } from "node:fs";
    import { parentPort } from "node:worker_threads";
    const canRead = (file) => { try { return readFileSync(file).length > 0 } catch { return false } };
    parentPort.once("message", (files) => parentPort.postMessage(files.map(canRead)));`,
  );
  const worker = nodeWorkerSpawner(pathToFileURL(entry), "test")();
  const read = new Promise<unknown>((resolve) => {
    worker.onMessage(resolve);
    worker.onEnd(resolve);
  });
  worker.ref();
  worker.post([entry, path.resolve("package.json"), path.join(directory, "plugin.toml")]);
  // Node 20 can take files from no single worker; there, only the guest's realm has none.
  const canReadOthers = major < 22;
  await expect(read).resolves.toEqual([true, canReadOthers, canReadOthers]);
  worker.terminate();
});
