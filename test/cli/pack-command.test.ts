import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ListedPlugin } from "../../src/cli/listed-item.ts";
import { createMachine, store, unpacked } from "./workspace-machine.ts";

interface Pack {
  readonly status: string;
  readonly input_path: string;
  readonly output_path: string;
  readonly package: { readonly digest: string; readonly entries: readonly string[] };
}

describe("pack", () => {
  test("writes beside the folder, the same bytes twice, and what it writes is found in a store", async () => {
    const machine = await createMachine();
    const folder = await unpacked(join(machine.root, "echo"));
    const first = await machine.json<Pack>(["pack", folder]);
    expect(first).toMatchObject({
      code: 0,
      value: {
        command: "pack",
        status: "packed",
        input_path: folder,
        output_path: `${folder}.yoi-plugin`,
        package: { reference: "project:example.echo", entries: ["guest.wasm", "plugin.toml"] },
        safety: { no_plugin_execution: true },
      },
    });
    const bytes = await readFile(first.value.output_path);
    const output = join(machine.project, "deep", "..", "echo.yoi-plugin");
    const second = await machine.json<Pack>(["pack", `${folder}/`, "--output", output]);
    expect(second.code).toBe(0);
    expect(await readFile(output)).toEqual(bytes);
    const shown = await machine.json<ListedPlugin>(["show", "example.echo"]);
    expect(shown.value.digest).toBe(first.value.package.digest);
  });

  test("replaces a file as a whole and a link by a file, and leaves nothing beside it", async () => {
    const machine = await createMachine();
    const folder = await unpacked(join(machine.root, "echo"));
    const [out, target] = [join(machine.root, "out"), join(machine.root, "target")];
    await mkdir(out);
    await writeFile(target, "untouched");
    await symlink(target, join(out, "x.yoi-plugin"));
    expect((await machine.run(["pack", folder, "--output", join(out, "x.yoi-plugin")])).code).toBe(
      0,
    );
    expect(await readFile(target, "utf8")).toBe("untouched");
    expect(await readdir(out)).toEqual(["x.yoi-plugin"]);
  });

  test("gives the file the modes that the process gives to others", async () => {
    const machine = await createMachine();
    const folder = await unpacked(join(machine.root, "echo"));
    await machine.run(["pack", folder]);
    const expected = 0o666 & ~Number.parseInt(execFileSync("sh", ["-c", "umask"]).toString(), 8);
    expect((await stat(`${folder}.yoi-plugin`)).mode & 0o777).toBe(expected);
  });

  test("leaves out what is not the package's", async () => {
    const machine = await createMachine();
    const folder = await unpacked(join(machine.root, "echo"));
    await mkdir(join(folder, "node_modules"));
    await writeFile(join(folder, "node_modules", "x.js"), "");
    await writeFile(join(folder, "old.yoi-plugin"), "");
    await writeFile(join(folder, ".yoiignore"), "*.secret\n");
    await writeFile(join(folder, "my.secret"), "");
    const { value } = await machine.json<Pack>(["pack", folder]);
    expect(value.package.entries).toEqual([".yoiignore", "guest.wasm", "plugin.toml"]);
  });

  test("writes nothing when the package would be refused", async () => {
    const machine = await createMachine();
    const folder = await unpacked(join(machine.root, "echo"));
    await writeFile(join(folder, "plugin.toml"), "schema_version = 1");
    const { code, err } = await machine.run(["pack", folder]);
    expect([code, err]).toEqual([1, expect.stringContaining("manifest/malformed")]);
    await expect(stat(`${folder}.yoi-plugin`)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("refuses a file in place of the folder, and a folder in place of the output", async () => {
    const machine = await createMachine();
    const folder = await unpacked(join(machine.root, "echo"));
    const file = await store(machine.root, "x.yoi-plugin");
    expect(await machine.run(["pack", file])).toMatchObject({
      code: 1,
      err: expect.stringContaining("options/invalid"),
    });
    expect(await machine.run(["pack", folder, "--output", machine.root])).toMatchObject({
      code: 1,
      err: expect.stringContaining("store/io"),
    });
    expect((await machine.run(["pack"])).code).toBe(2);
  });
});
