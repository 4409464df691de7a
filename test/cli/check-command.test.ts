import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { echoTool, guest } from "../inspect/packages.ts";
import { archiveOf, createMachine, packageFiles, store, unpacked } from "./workspace-machine.ts";

interface Check {
  readonly status: string;
  readonly input_kind: string;
  readonly package: { readonly reference: string } | null;
  readonly diagnostics: readonly { readonly code: string; readonly phase: string }[];
  readonly must_grant: readonly string[];
  readonly static_inspection: object | null;
}

const hostApi = (api: string) => `[[permissions]]\nkind = "host_api"\napi = "${api}"\n`;

describe("check", () => {
  test("of a good folder is active, and its JSON has every field", async () => {
    const machine = await createMachine();
    const folder = await unpacked(join(machine.root, "src"));
    const { code, value } = await machine.json<Check>(["check", folder]);
    expect(code).toBe(0);
    expect(value).toEqual({
      command: "check",
      status: "active",
      input_path: folder,
      input_kind: "directory",
      package: {
        reference: "project:example.echo",
        package: "Echo",
        source: "project",
        version: "1.0.0",
        schema_version: 1,
        digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        package_path: folder,
        entries: ["guest.wasm", "plugin.toml"],
        surfaces: ["tool", "wasm"],
        tools: ["echo"],
        permissions: ["surfaces.tool", "tool.echo"],
      },
      diagnostics: [],
      static_inspection: { status: "active", diagnostics: 0 },
      must_grant: ["surfaces.tool", "tool.echo"],
      safety: {
        no_network: true,
        no_plugin_execution: true,
        no_enablement_config_mutation: true,
        no_secrets_generated: true,
      },
      next_steps: [expect.stringContaining("yoi-plugin pack")],
    });
    const { out } = await machine.run(["check", folder]);
    expect(out).toMatch(/^active {2}project:example\.echo 1\.0\.0$/mu);
    expect(out).toContain("Must be granted");
  });

  test("takes a package as it takes its folder", async () => {
    const machine = await createMachine();
    const folder = await unpacked(join(machine.root, "src"));
    const file = await store(machine.root, "echo.yoi-plugin");
    const [one, other] = [
      await machine.json<Check>(["check", folder]),
      await machine.json<Check>(["check", file]),
    ];
    expect(other.value).toMatchObject({ input_kind: "package", status: "active" });
    expect(other.value.package).toMatchObject({ digest: digestOf(one.value) });
  });

  test("a package that uses host APIs passes, and says what must be granted", async () => {
    const machine = await createMachine();
    const file = await store(machine.root, "echo.yoi-plugin", {
      tools: `${echoTool}${["https", "request", "fs"].map(hostApi).join("")}[[request]]\nscheme = "https"\nhost = "example.com"\nmethods = ["GET"]\npath_prefixes = ["/v1"]\n`,
    });
    const { code, value } = await machine.json<Check>(["check", file]);
    expect([code, value.status, value.diagnostics]).toEqual([0, "active", []]);
    expect(value.must_grant).toEqual([
      "host_api.https",
      "host_api.request",
      "host_api.fs",
      "surfaces.tool",
      "tool.echo",
      expect.stringMatching(/^host_api\.request target https:\/\/example\.com GET/),
      "host_api.https targets that the host chooses",
      "host_api.fs folders that the host chooses",
    ]);
  });

  test("reads the artifact: one that is something else is rejected, as are bytes that are none", async () => {
    const machine = await createMachine();
    for (const [artifact, code] of [
      [guest("core-module"), "artifact/wrong-kind"],
      [guest("import-unknown"), "artifact/unknown-import"],
      [guest("export-missing"), "artifact/missing-export"],
      [Buffer.from("not wasm"), "artifact/malformed"],
    ] as const) {
      const file = await store(machine.root, "echo.yoi-plugin", { artifact });
      const { code: ended, value } = await machine.json<Check>(["check", file]);
      expect([ended, value.status]).toEqual([1, "rejected"]);
      expect(value.diagnostics.map((each) => each.code)).toContain(code);
    }
  });

  test("a tool that nobody can be granted makes it partial, and so does a target that matches nothing", async () => {
    const machine = await createMachine();
    const unasked = `${echoTool}[[tools]]\nname = "b"\ndescription = ""\ninput_schema = { type = "object" }\n`;
    const dead = `${echoTool}${hostApi("request")}[[request]]\nscheme = "https"\nhost = "example.com"\n`;
    for (const tools of [unasked, dead]) {
      const file = await store(machine.root, "echo.yoi-plugin", { tools });
      const { code, value } = await machine.json<Check>(["check", file]);
      expect([code, value.status]).toEqual([0, "partial"]);
      expect(value.diagnostics).not.toEqual([]);
      expect((await machine.run(["check", file])).out).toContain("Problems");
    }
  });

  test("an invalid manifest, a missing artifact and an unsafe archive are rejected, report first", async () => {
    const machine = await createMachine();
    const files = packageFiles();
    const cases = [
      [{ ...files, "plugin.toml": "schema_version = " }, "manifest/malformed", "manifest"],
      [{ "plugin.toml": String(files["plugin.toml"]) }, "manifest/missing", "manifest"],
      [{ ...files, "../evil": "x" }, "archive/traversal", "discovery"],
    ] as const;
    for (const [contents, code, phase] of cases) {
      const file = await store(machine.root, "bad.yoi-plugin", archiveOf(contents));
      const { code: ended, value } = await machine.json<Check>(["check", file]);
      expect(ended).toBe(1);
      expect(value).toMatchObject({
        status: "rejected",
        package: null,
        static_inspection: null,
        diagnostics: [{ code, phase }],
      });
      const { out, err } = await machine.run(["check", file]);
      expect([out, err]).toEqual([expect.stringContaining(code), ""]);
    }
  });

  test("a path that is not there is an error, not a verdict", async () => {
    const machine = await createMachine();
    const { code, out, err } = await machine.run(["check", join(machine.root, "none")]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain("archive/io");
    expect((await machine.run(["check"])).code).toBe(2);
  });

  test("shows names with escapes as they are, harmless", async () => {
    const machine = await createMachine();
    const folder = join(machine.root, "a\u001b[31mb");
    await mkdir(folder);
    await writeFile(join(folder, "plugin.toml"), "schema_version = 2");
    const { out } = await machine.run(["check", folder]);
    expect(out).not.toContain("\u001b");
  });

  test("listedItems: of what must be granted, 64 are shown and the others counted", async () => {
    const machine = await createMachine();
    const asked = (count: number) =>
      Array.from({ length: count }, (_, n) => `[[permissions]]\nkind = "tool"\nname = "t${n}"\n`);
    const at = await store(machine.root, "a.yoi-plugin", { tools: echoTool + asked(62).join("") });
    expect((await machine.run(["check", at])).out).not.toContain("more;");
    const over = await store(machine.root, "b.yoi-plugin", {
      tools: echoTool + asked(63).join(""),
    });
    expect((await machine.run(["check", over])).out).toContain("and 1 more; --json has them all");
  });
});

function digestOf({ package: pkg }: Check): unknown {
  return (pkg as { digest?: unknown } | null)?.digest;
}
