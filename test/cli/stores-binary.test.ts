import { spawn } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPackageCache, openPlugins, readPlan } from "yoi-plugin-sdk/node";
import { packageFiles } from "./workspace-machine.ts";

const binary = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

describe("the built command, from a folder to a package that is enabled and locked", () => {
  let root = "";
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "yoi-built-"));
    await mkdir(join(root, "src"));
    for (const [path, content] of Object.entries(packageFiles())) {
      await writeFile(join(root, "src", path), content);
    }
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  /** Runs it in the workspace, as somebody whose home is there too. */
  function cli(...argv: readonly string[]): Promise<{ code: number | null; value: unknown }> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [binary, ...argv, "--json"], {
        cwd: root,
        env: { PATH: process.env.PATH ?? "", HOME: join(root, "home") },
        stdio: ["ignore", "pipe", "inherit"],
      });
      let out = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        out += text;
      });
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, value: JSON.parse(out) }));
    });
  }

  test("checks and packs", async () => {
    expect(await cli("check", "src")).toMatchObject({ code: 0, value: { status: "active" } });
    const store = join(root, ".yoi", "plugins");
    const packed = await cli("pack", "src", "--output", join(store, "echo.yoi-plugin"));
    expect(packed).toMatchObject({ code: 0, value: { status: "packed" } });
    await copyFile(join(store, "echo.yoi-plugin"), join(root, "echo-1.yoi-plugin"));
  });

  test("lists, enables and shows", async () => {
    expect(await cli("list")).toMatchObject({ value: { items: [{ status: "disabled" }] } });
    const unasked = await cli("enable", "example.echo", "--grant-requested", "--yes");
    expect(unasked).toMatchObject({ code: 0, value: { status: "active" } });
    expect(await cli("show", "example.echo")).toMatchObject({ value: { status: "active" } });
    expect(await cli("show", "nothing")).toMatchObject({
      code: 1,
      value: { error: { code: "package/missing" } },
    });
  });

  test("locks what the built library opens, after the store has changed", async () => {
    const { code, value } = await cli("lock");
    expect(code).toBe(0);
    const { file } = value as { readonly file: string };
    await rm(join(root, ".yoi"), { recursive: true });
    const cache = createPackageCache({ folder: join(root, "home", ".cache", "yoi", "plugins") });
    const { plugins, diagnostics } = await openPlugins(readPlan(await readFile(file)), { cache });
    await cache.close();
    expect(diagnostics).toEqual([]);
    expect(plugins.map((each) => each.package.identity.ref)).toEqual(["project:example.echo"]);
    expect(await cli("list")).toMatchObject({ value: { items: [{ status: "missing" }] } });
  });

  test("compares and disables", async () => {
    expect(await cli("diff", "src", "echo-1.yoi-plugin")).toMatchObject({
      code: 0,
      value: { isSame: true, asksForMore: false },
    });
    expect(await cli("disable", "example.echo")).toMatchObject({ code: 0 });
    expect(await cli("list")).toMatchObject({ value: { items: [] } });
  });
});
