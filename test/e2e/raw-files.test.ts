import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { coreWasmBackend, createInstance, grantRequested } from "yoi-plugin-sdk";
import { interpreterBackend } from "../../examples/custom-backend/interpreter-backend.ts";
import { rawManifest, rawPackage } from "./raw-package.ts";

const manifest = `${rawManifest}
[[permissions]]
kind = "host_api"
api = "fs"
`;

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "yoi-raw-"));
  await writeFile(join(root, "notes.txt"), 'Kyoto: "rain" \\ 京都\n');
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** What the host answered a raw guest that hands its input to the file API. */
async function answered(
  request: { readonly path: string },
  backend = coreWasmBackend(),
): Promise<Record<string, unknown>> {
  const pkg = await rawPackage("host-read", manifest);
  const fs = [{ root, operations: ["read" as const] }];
  await using guest = await createInstance(pkg, {
    grants: grantRequested(pkg, { fs }),
    backends: [backend],
  });
  const { content, error } = await guest.callTool("run", request);
  return error === undefined ? JSON.parse(content ?? "null") : { failed: error };
}

it.each([
  ["the engine", coreWasmBackend()],
  ["a host's own backend", interpreterBackend()],
])("[raw/host-apis] a raw guest on %s reads a file of a granted folder", async (_, backend) => {
  expect(await answered({ path: "notes.txt" }, backend)).toEqual({
    path: "notes.txt",
    content: 'Kyoto: "rain" \\ 京都\n',
    truncated: false,
  });
});

it.each([
  ["lost.txt", "host/not-found"],
  ["../notes.txt", "host/invalid-request"],
  [".", "host/not-a-file"],
])("[raw/host-apis] %s is an answer that it goes on with: %s", async (path, code) => {
  expect(await answered({ path })).toMatchObject({ error: { code } });
});
