import { spawn } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cliLimits } from "../../src/limits.ts";

const binary = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

/** Runs the built command as a shell does. */
function cli(
  argv: readonly string[],
  stdin = "",
): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [binary, ...argv], {
      env: { PATH: process.env.PATH ?? "" },
    });
    const written = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      written.out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      written.err += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...written }));
    // A command that never reads it ends first, and the pipe with it.
    child.stdin.on("error", () => {});
    child.stdin.end(stdin);
  });
}

/** A package folder around one of the guests of fixtures/. */
async function packageOf(guest: string, folder: string): Promise<string> {
  const path = join(folder, guest);
  await mkdir(path);
  const artifact = new URL(`../../fixtures/guests/${guest}/guest.wasm`, import.meta.url);
  await copyFile(artifact, join(path, "guest.wasm"));
  const lines = [
    "schema_version = 1",
    `id = "example.${guest}"`,
    `name = "${guest}"`,
    'version = "1.0.0"',
    "[runtime]",
    'kind = "wasm-component"',
    'component = "guest.wasm"',
    'world = "yoi:plugin/tool@1.0.0"',
    "[[tools]]",
    'name = "try"',
    'description = "Tries it."',
    'input_schema = { type = "object", properties = { city = { type = "string" } } }',
    "[[permissions]]",
    'kind = "surface"',
    'surface = "tool"',
    "[[permissions]]",
    'kind = "tool"',
    'name = "try"',
  ];
  await writeFile(join(path, "plugin.toml"), `${lines.join("\n")}\n`);
  return path;
}

describe("[cli/inspect-run] the built command", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "yoi-cli-"));
    await writeFile(
      join(folder, "plugin.toml"),
      'schema_version = 1\nid = "example.plain"\nname = "Plain"\nversion = "1.0.0"\n',
    );
    const most = cliLimits.grantsFileBytes.default;
    await writeFile(join(folder, "big.toml"), `#${"x".repeat(most)}`);
    await writeFile(join(folder, "full.toml"), `#${"x".repeat(most - 1)}`);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("says its version and its help", async () => {
    expect(await cli(["--version"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    expect(await cli(["help"])).toMatchObject({ code: 0, err: "" });
    expect(await cli([])).toMatchObject({ code: 2, out: "" });
  });

  test("inspects a folder", async () => {
    const { code, out, err } = await cli(["inspect", folder, "--json"]);
    expect(err).toBe("");
    expect(JSON.parse(out)).toMatchObject({ package: { ref: "project:example.plain" } });
    expect(code).toBe(JSON.parse(out).status === "rejected" ? 1 : 0);
    expect((await cli(["inspect", folder])).out).toContain("project:example.plain");
  });

  test("says that a package can't be read, and ends with 1", async () => {
    for (const command of [
      ["inspect", join(folder, "none")],
      ["run", join(folder, "none"), "t", "{}"],
    ]) {
      const { code, out, err } = await cli(command);
      expect([code, out]).toEqual([1, ""]);
      expect(err).toContain("error archive/");
    }
  });

  test("refuses to run a package without a guest", async () => {
    const { code, err } = await cli(["run", folder, "t", "-"], "{}");
    expect([code, err]).toEqual([1, expect.stringContaining("error artifact/missing")]);
  });

  test("reads standard input up to its bound and a grants file up to its own", async () => {
    const input = await cli(["run", folder, "t", "-"], `"${"x".repeat(1_048_576)}"`);
    expect([input.code, input.err]).toEqual([1, expect.stringContaining("error input/too-large")]);
    const grants = await cli(["run", folder, "t", "{}", "--grants", join(folder, "big.toml")]);
    expect([grants.code, grants.err]).toEqual([
      1,
      expect.stringContaining("error input/too-large"),
    ]);
    const full = await cli(["run", folder, "t", "{}", "--grants", join(folder, "full.toml")]);
    expect(full.err).toContain("error artifact/missing");
    const missing = await cli(["run", folder, "t", "{}", "--grants", join(folder, "none.toml")]);
    expect([missing.code, missing.err]).toEqual([1, expect.stringContaining("not found")]);
  });

  test("runs a tool with grants, and nothing without", async () => {
    const path = await packageOf("echo", folder);
    const granted = await cli(
      ["run", path, "try", "-", "--grant-requested", "--json"],
      '{"city":"Kyoto"}',
    );
    expect(granted.err).toBe("");
    expect(JSON.parse(granted.out)).toMatchObject({ tool: "try", isError: false });
    expect(granted.out).toContain("Kyoto");
    expect(granted.code).toBe(0);
    const denied = await cli(["run", path, "try", "{}"]);
    expect([denied.code, denied.err]).toEqual([1, expect.stringContaining("error grant/denied")]);
    const unfit = await cli(["run", path, "try", '{"city":1}', "--grant-requested"]);
    expect([unfit.code, unfit.err]).toEqual([
      1,
      expect.stringContaining("$.city must be a string"),
    ]);
  });

  test("stops a guest that does not stop, and ends", async () => {
    const path = await packageOf("loop", folder);
    const { code, err } = await cli([
      "run",
      path,
      "try",
      "{}",
      "--grant-requested",
      "--timeout",
      "200",
    ]);
    expect([code, err]).toEqual([1, expect.stringContaining("error runtime/timeout")]);
  });

  test("shows a guest's escapes as what they are", async () => {
    const path = await packageOf("output-escapes", folder);
    const { code, out } = await cli(["run", path, "try", "{}", "--grant-requested"]);
    expect(code).toBe(0);
    expect(out).not.toContain("\u001b");
    expect(out).not.toBe("");
  });
});
