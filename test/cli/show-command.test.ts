import { describe, expect, test } from "vitest";
import type { ListedPlugin } from "../../src/cli/listed-item.ts";
import { utf8Length } from "../../src/diagnostic.ts";
import { createMachine, store } from "./workspace-machine.ts";

const hostApis = `
[[permissions]]
kind = "host_api"
api = "request"

[[request]]
scheme = "https"
host = "api.example.com"
methods = ["GET", "POST"]
path_prefixes = ["/v1"]

[[request]]
scheme = "https"
host = "*"
methods = ["GET"]
`;

describe("show", () => {
  test("takes a reference, an id that one source has, or a file name", async () => {
    const machine = await createMachine();
    await store(machine.project, "echo.yoi-plugin");
    for (const ref of ["project:example.echo", "example.echo", "echo.yoi-plugin"]) {
      const { code, value } = await machine.json<ListedPlugin>(["show", ref]);
      expect([code, value.reference]).toEqual([0, "project:example.echo"]);
    }
    const { out } = await machine.run(["show", "example.echo"]);
    expect(out).toMatch(/^disabled {2}project:example\.echo 1\.0\.0$/mu);
    expect(out).toContain("not enabled");
    expect(out).toContain("Asks for");
  });

  test("a reference that nothing or several things answer to is a short error", async () => {
    const machine = await createMachine();
    await store(machine.project, "echo.yoi-plugin");
    await store(machine.user, "echo.yoi-plugin");
    const long = `example.${"x".repeat(5000)}\u001b[31m`;
    for (const [ref, code] of [
      ["example.echo", "package/ambiguous"],
      ["example.none", "package/missing"],
      ["builtin:example.echo", "package/missing"],
      [long, "package/missing"],
    ] as const) {
      const { code: ended, out, err } = await machine.run(["show", ref]);
      expect([ended, out]).toEqual([1, ""]);
      expect(err).toContain(`error ${code}`);
      expect(utf8Length(err)).toBeLessThan(1000);
      const { value } = await machine.json<{ error: { code: string } }>(["show", ref]);
      expect(value.error.code).toBe(code);
    }
    expect((await machine.run(["show", "user:example.echo"])).code).toBe(0);
  });

  test("two packages of one reference are told apart by their file names", async () => {
    const machine = await createMachine();
    await store(machine.project, "a.yoi-plugin");
    await store(machine.project, "b.yoi-plugin", { version: "2.0.0" });
    const { code, err } = await machine.run(["show", "example.echo"]);
    expect([code, err]).toEqual([1, expect.stringContaining("package/duplicate")]);
    const { value } = await machine.json<ListedPlugin>(["show", "b.yoi-plugin"]);
    expect(value.version).toBe("2.0.0");
  });

  test("says of a file that is no package why", async () => {
    const machine = await createMachine();
    await store(machine.project, "bad.yoi-plugin", Buffer.from("x"));
    const { code, out } = await machine.run(["show", "bad.yoi-plugin"]);
    expect([code, out]).toEqual([0, expect.stringContaining("archive/malformed")]);
    expect(out).toMatch(/^rejected {2}bad\.yoi-plugin$/mu);
  });

  test("says of an enabled package that is gone that it is missing", async () => {
    const machine = await createMachine();
    await store(machine.project, "echo.yoi-plugin");
    await machine.run(["enable", "example.echo", "--grant-requested", "--yes"]);
    await store(machine.project, "echo.yoi-plugin", { id: "example.other" });
    const { out } = await machine.run(["show", "example.echo"]);
    expect(out).toMatch(/^missing {2}project:example\.echo 1\.0\.0$/mu);
    expect(out).toContain("grants: surfaces.tool; tool.echo");
  });

  test("tells request targets that are granted, partly covered and broad apart", async () => {
    const machine = await createMachine();
    await store(machine.project, "echo.yoi-plugin", { more: "", tools: echoWith(hostApis) });
    const grants = JSON.stringify({
      permissions: [
        { kind: "surface", surface: "tool" },
        { kind: "tool", name: "echo" },
        { kind: "host_api", api: "request" },
      ],
      request: [
        { scheme: "https", host: "api.example.com", methods: ["GET"], path_prefixes: ["/v1"] },
        { scheme: "wss", host: "elsewhere.example", methods: ["GET"] },
      ],
    });
    const { code } = await machine.run(
      ["enable", "example.echo", "--grants", "grants.json", "--yes"],
      { files: { "grants.json": grants } },
    );
    expect(code).toBe(0);
    const { value } = await machine.json<ListedPlugin>(["show", "example.echo"]);
    const labels = value.static_runtime?.host_apis.map(({ permission, eligible, diagnostic }) => [
      permission.split(" ").slice(0, 2).join(" "),
      eligible,
      diagnostic?.includes("broad") ?? false,
    ]);
    expect(labels).toEqual(
      expect.arrayContaining([
        ["host_api.request target", true, false],
        ["host_api.request target", true, true],
        ["host_api.request grant-only", false, false],
      ]),
    );
    expect(value.configured_request_grants).toHaveLength(2);
    const { out } = await machine.run(["show", "example.echo"]);
    expect(out).toContain("Partially covered");
    expect(out).toContain("[broad-request]");
  });

  test("a service that is enabled alone is judged without the tools that are not", async () => {
    const machine = await createMachine();
    await store(machine.project, "echo.yoi-plugin");
    await machine.run([
      ...["enable", "example.echo", "--grant-requested", "--yes"],
      ...["--surfaces", "wasm"],
    ]);
    const { value } = await machine.json<ListedPlugin>(["show", "example.echo"]);
    expect(value).toMatchObject({ status: "active", enabled_surfaces: ["wasm"], tools: [] });
  });
});

function echoWith(more: string): string {
  return `[[tools]]\nname = "echo"\ndescription = "x"\ninput_schema = { type = "object" }\n${more}`;
}
