import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ListedPlugin } from "../../src/cli/listed-item.ts";
import { echoTool } from "../inspect/packages.ts";
import { archiveOf, createMachine, packageFiles, store } from "./workspace-machine.ts";

interface List {
  readonly workspace: string;
  readonly items: readonly ListedPlugin[];
  readonly diagnostics: readonly { readonly code: string }[];
}

const id = "project:example.echo";
const enable = ["enable", "example.echo", "--grant-requested", "--yes"];

describe("list", () => {
  test("of empty stores says where packages go", async () => {
    const machine = await createMachine();
    const { code, out } = await machine.run(["list"]);
    expect([code, out]).toEqual([0, expect.stringContaining(".yoi/plugins")]);
    const { value } = await machine.json<List>(["list"]);
    expect(value).toMatchObject({ workspace: machine.workspace, items: [], diagnostics: [] });
  });

  test("uses active, partial, disabled, rejected and missing, in text and in JSON", async () => {
    const machine = await createMachine();
    await store(machine.project, "a.yoi-plugin", { id: "example.active" });
    await store(machine.project, "b.yoi-plugin", { id: "example.partial", tools: twoTools });
    await store(machine.project, "c.yoi-plugin", { id: "example.disabled" });
    await store(machine.project, "d.yoi-plugin", Buffer.from("no package"));
    await store(machine.project, "e.yoi-plugin", { id: "example.missing" });
    for (const name of ["active", "partial", "missing"]) {
      const { code } = await machine.run([
        "enable",
        `example.${name}`,
        "--grant-requested",
        "--yes",
      ]);
      expect(code).toBe(0);
    }
    await store(machine.project, "e.yoi-plugin", { id: "example.other" });
    const { code, value } = await machine.json<List>(["list"]);
    expect(code).toBe(0);
    expect(value.items.map(({ reference, status }) => [reference, status])).toEqual([
      ["project:example.active", "active"],
      ["project:example.disabled", "disabled"],
      ["project:example.missing", "missing"],
      ["project:example.other", "disabled"],
      ["project:example.partial", "partial"],
      [null, "rejected"],
    ]);
    const { out } = await machine.run(["list"]);
    for (const status of ["active", "partial", "disabled", "rejected", "missing"]) {
      expect(out).toMatch(new RegExp(`^${status} `, "mu"));
    }
    expect(out).toContain("archive/malformed");
    expect(out).toContain("package/missing");
  });

  test("in JSON has every field of an item, and runs nothing", async () => {
    const machine = await createMachine();
    const path = await store(machine.project, "echo.yoi-plugin");
    await machine.run(enable);
    const { value } = await machine.json<List>(["list"]);
    expect(value.items).toEqual([
      {
        reference: id,
        local_ref: "example.echo",
        status: "active",
        source: "project",
        package: "echo.yoi-plugin",
        package_path: path,
        version: "1.0.0",
        schema_version: 1,
        api_version: 1,
        digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        configured: true,
        discovered: true,
        resolved: true,
        static_eligible: true,
        declared_surfaces: ["tool", "wasm"],
        enabled_surfaces: ["tool", "wasm"],
        requested_permissions: ["surfaces.tool", "tool.echo"],
        configured_grants: ["surfaces.tool", "tool.echo"],
        configured_request_grants: [],
        configured_websocket_grants: [],
        configured_https_grants: [],
        configured_fs_grants: [],
        tools: [expect.objectContaining({ name: "echo", eligible: true, external_write: false })],
        static_runtime: {
          runtime: {
            status: "wasm-component/yoi:plugin/tool@1.0.0",
            eligible: true,
            diagnostic: null,
          },
          host_apis: [],
          tools: [
            {
              name: "echo",
              permission: "tool.echo",
              requested: true,
              granted: true,
              eligible: true,
              diagnostic: null,
            },
          ],
          services: [],
          ingresses: [],
        },
        diagnostics: [],
      },
    ]);
  });

  test("shows a package whose grants are for another one as rejected, with the reason", async () => {
    const machine = await createMachine();
    await store(machine.project, "echo.yoi-plugin");
    await machine.run(enable);
    await store(machine.project, "echo.yoi-plugin", { more: "# changed\n" });
    const { value } = await machine.json<List>(["list"]);
    const [item] = value.items;
    expect(item).toMatchObject({ status: "rejected", configured: true, resolved: false });
    const codes = item?.diagnostics.map(({ code }) => code);
    expect(codes).toEqual(expect.arrayContaining(["grant/binding", "package/digest-mismatch"]));
  });

  test("calls an enabled package that is there and can't be read rejected, not missing", async () => {
    for (const manifest of [
      "schema_version = 1\n", // without its entries: only the file's name says what it is
      String(packageFiles()["plugin.toml"]).replace("tool@1.0.0", "other@1.0.0"),
    ]) {
      const machine = await createMachine();
      await store(machine.project, "example.echo.yoi-plugin");
      await machine.run(enable);
      const files = { ...packageFiles(), "plugin.toml": manifest };
      await store(machine.project, "example.echo.yoi-plugin", archiveOf(files));
      const { value } = await machine.json<List>(["list"]);
      expect(value.items).toMatchObject([
        { reference: id, status: "rejected", configured: true, discovered: false },
      ]);
      expect(value.items[0]?.diagnostics.map(({ code }) => code)).toContain("package/missing");
      expect(value.items[0]?.diagnostics.some(({ code }) => code.startsWith("manifest/"))).toBe(
        true,
      );
    }
  });

  test("lists both packages of one reference as rejected when it is enabled", async () => {
    const machine = await createMachine();
    await store(machine.project, "a.yoi-plugin");
    await machine.run(enable);
    await store(machine.project, "b.yoi-plugin", { version: "2.0.0" });
    const { value } = await machine.json<List>(["list"]);
    expect(value.items.map(({ package: label, status }) => [label, status])).toEqual([
      ["a.yoi-plugin", "rejected"],
      ["b.yoi-plugin", "rejected"],
    ]);
    for (const { diagnostics } of value.items) {
      expect(diagnostics.map(({ code }) => code)).toContain("package/duplicate");
    }
  });

  test("says what is wrong with a store as a whole", async () => {
    const machine = await createMachine();
    await mkdir(join(machine.workspace, ".yoi"), { recursive: true });
    await symlink("plugins", machine.project);
    const { value } = await machine.json<List>(["list"]);
    expect(value.diagnostics.map(({ code }) => code)).toEqual(["store/io"]);
    expect((await machine.run(["list"])).out).toContain("store/io");
  });

  test("neutralises what names, versions and messages of packages would do to a terminal", async () => {
    const machine = await createMachine();
    const nasty = "\\u001b]8;;https://evil\\u0007\\u202e\\u001b[31m";
    await store(machine.project, "\u001b[2J\u202e.yoi-plugin", Buffer.from("x"));
    await store(machine.project, "echo.yoi-plugin", {
      version: `1${nasty}`,
      tools: `[[tools]]\nname = "a${nasty}"\ndescription = "${nasty}"\ninput_schema = {}\n`,
    });
    for (const argv of [["list"], ["list", "--json"], ["show", "example.echo"]]) {
      const { out } = await machine.run(argv);
      expect(out).not.toContain("\u001b");
      expect(out).not.toContain("\u202e");
    }
  });

  test("colours on a terminal only", async () => {
    const machine = await createMachine();
    await store(machine.project, "echo.yoi-plugin");
    const coloured = await machine.run(["list"], { isTerminal: true });
    expect(coloured.out).toContain("\u001b[2mdisabled\u001b[22m");
    expect((await machine.run(["list"])).out).not.toContain("\u001b");
  });

  test("listedPackages: 128 are shown and the others counted; listedProblems: three of each", async () => {
    const machine = await createMachine();
    for (let index = 0; index < 65; index += 1) {
      await store(machine.project, `${index}.yoi-plugin`, Buffer.from("x"));
      await store(machine.user, `${index}.yoi-plugin`, Buffer.from("x"));
    }
    const { out } = await machine.run(["list"]);
    expect(out.match(/^rejected /gmu)).toHaveLength(128);
    expect(out).toContain("and 2 more; --json has them all");

    const other = await createMachine();
    const defects = [1, 2, 3, 4].map(
      (n) => `[[tools]]\nname = "t${n}"\ndescription = ""\ninput_schema = {}\n`,
    );
    await store(other.project, "three.yoi-plugin", { tools: defects.slice(1).join("") });
    const three = await other.run(["list"]);
    expect(three.out).not.toContain("more");
    await store(other.project, "three.yoi-plugin", { tools: defects.join("") });
    const four = await other.run(["list"]);
    expect(four.out).toContain("and 1 more; `show` has them");
  });

  test("listedTextBytes: a text of a package takes at most 240 bytes", async () => {
    const machine = await createMachine();
    await store(machine.project, "a.yoi-plugin", { version: "9".repeat(219) });
    const at = await machine.run(["list"]);
    expect(at.out.match(/9/gu)).toHaveLength(219);
    await store(machine.project, "a.yoi-plugin", { version: "9".repeat(220) });
    expect((await machine.run(["list"])).out).toContain("…");
  });

  test("refuses a records file that is broken, and arguments that it does not take", async () => {
    const machine = await createMachine();
    const broken = await store(machine.root, "broken.toml", Buffer.from("enabled = 1"));
    const { code, err } = await machine.run(["list", "--enablement", broken]);
    expect([code, err]).toEqual([1, expect.stringContaining("broken.toml")]);
    expect((await machine.run(["list", "x"])).code).toBe(2);
  });

  test("without a home asks for the file of the records", async () => {
    const machine = await createMachine();
    const { code, err } = await machine.run(["list"], { environment: { HOME: "" } });
    expect([code, err]).toEqual([1, expect.stringContaining("--enablement")]);
  });
});

const twoTools = `${echoTool}
[[tools]]
name = "unasked"
description = "Nobody asked for it."
input_schema = { type = "object" }
`;
