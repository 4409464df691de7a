import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { createPackageCache, openPlugins, readPlan } from "../../src/store/store.ts";
import { createMachine, type Machine, store } from "./workspace-machine.ts";

interface Lock {
  readonly status: string;
  readonly file: string;
  readonly resolved: readonly { readonly reference: string; readonly version: string }[];
  readonly diagnostics: readonly { readonly code: string }[];
}

const granting = ["enable", "example.echo", "--grant-requested", "--yes"];

async function enabledMachine(): Promise<Machine> {
  const machine = await createMachine();
  await store(machine.project, "echo.yoi-plugin");
  await machine.run(granting);
  return machine;
}

describe("lock", () => {
  test("writes a plan that opens the same package after the store has another one", async () => {
    const machine = await enabledMachine();
    const { code, value } = await machine.json<Lock>(["lock"]);
    expect(code).toBe(0);
    expect(value).toMatchObject({
      command: "lock",
      status: "locked",
      resolved: [{ reference: "project:example.echo", version: "1.0.0" }],
      diagnostics: [],
    });
    expect(value.file).toMatch(/plugins\.lock\.json$/);
    expect((await stat(value.file)).mode & 0o777).toBe(0o600);
    await store(machine.project, "echo.yoi-plugin", { version: "2.0.0" });
    const folder = join(machine.root, "home", ".cache", "yoi", "plugins");
    expect(await readdir(join(folder, "uses"))).toEqual([]);
    const cache = createPackageCache({ folder });
    const { plugins } = await openPlugins(readPlan(await readFile(value.file)), { cache });
    await cache.close();
    expect(plugins.map((each) => each.package.identity.version)).toEqual(["1.0.0"]);
    expect(plugins[0]?.grants.permissions).toHaveLength(2);
  });

  test("--check ends with 1 when something has changed, and writes nothing", async () => {
    const machine = await enabledMachine();
    const check = () => machine.json<Lock>(["lock", "--check"]);
    const first = await check();
    expect([first.code, first.value.status]).toEqual([1, "outdated"]);
    await expect(stat(first.value.file)).rejects.toMatchObject({ code: "ENOENT" });
    await machine.run(["lock"]);
    expect(await check()).toMatchObject({ code: 0, value: { status: "unchanged" } });
    const again = await machine.json<Lock>(["lock"]);
    expect(again.value.status).toBe("unchanged");

    await machine.run([...granting, "--surfaces", "tool"]);
    expect(await check()).toMatchObject({ code: 1, value: { status: "outdated" } });
    await machine.run(["lock"]);
    await store(machine.project, "echo.yoi-plugin", { version: "2.0.0" });
    const broken = await check();
    expect(broken).toMatchObject({ code: 1, value: { status: "rejected" } });
    expect(broken.value.diagnostics.map(({ code }) => code)).toEqual(["package/digest-mismatch"]);
  });

  test("writes nothing when an enabled package can't be used", async () => {
    const machine = await enabledMachine();
    await rm(join(machine.project, "echo.yoi-plugin"));
    const { code, value } = await machine.json<Lock>(["lock"]);
    expect([code, value.status]).toEqual([1, "rejected"]);
    expect(await readdir(dirname(value.file))).toEqual(["plugins.toml"]);
    const { out } = await machine.run(["lock"]);
    expect(out).toContain("package/missing");
  });

  test("does not overwrite a file that is something else", async () => {
    const machine = await enabledMachine();
    const file = join(machine.root, "package.json");
    await writeFile(file, '{"name":"mine"}');
    const { code, err } = await machine.run(["lock", "--output", file]);
    expect([code, err]).toEqual([1, expect.stringContaining("remove it first")]);
    expect(await readFile(file, "utf8")).toBe('{"name":"mine"}');
    expect((await machine.run(["lock", "--output", machine.root])).code).toBe(1);
  });

  test("of nothing is a plan of nothing", async () => {
    const machine = await createMachine();
    const { code, out } = await machine.run(["lock"]);
    expect([code, out]).toEqual([0, expect.stringContaining("Locked.")]);
  });
});
