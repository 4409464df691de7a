import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const example = new URL("../../examples/custom-host/", import.meta.url);
const root = new URL("../../", import.meta.url);

it("[custom/example] the example of a host with an API of its own holds what it says", async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", new URL("main.ts", example).pathname],
    { cwd: root, env: { ...process.env, TSX_TSCONFIG_PATH: "examples/tsconfig.json" } },
  );
  expect(stdout).toContain('found     [{"id":7,"name":"Ada Lovelace"}]');
  expect(stdout).toContain("audited   7 calls, 1 denied");
}, 60_000);
