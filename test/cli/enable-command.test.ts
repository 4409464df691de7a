import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readEnablement } from "../../src/store/store.ts";
import { guest } from "../inspect/packages.ts";
import { createMachine, type Machine, store } from "./workspace-machine.ts";

interface Enabled {
  readonly status: string;
  readonly reference: string;
  readonly digest: string;
  readonly file: string;
  readonly replaced: boolean;
  readonly error?: { readonly code: string };
}

const granting = ["enable", "example.echo", "--grant-requested"];

async function machineWithEcho(): Promise<Machine> {
  const machine = await createMachine();
  await store(machine.project, "echo.yoi-plugin");
  return machine;
}

describe("enable", () => {
  test("shows what is asked, then writes a record with pins and grants, in the user's configuration", async () => {
    const machine = await machineWithEcho();
    const { code, value } = await machine.json<Enabled>([...granting, "--yes"]);
    expect(code).toBe(0);
    expect(value).toMatchObject({
      command: "enable",
      status: "active",
      reference: "project:example.echo",
      version: "1.0.0",
      configured_grants: ["surfaces.tool", "tool.echo"],
      replaced: false,
      diagnostics: [],
    });
    expect(value.file.startsWith(join(machine.root, "home"))).toBe(true);
    expect((await stat(value.file)).mode & 0o777).toBe(0o600);
    const { enabled } = readEnablement(await readFile(value.file, "utf8"));
    const bound = { id: value.reference, version: "1.0.0", digest: value.digest };
    expect(enabled).toMatchObject([{ ...bound, surfaces: [], grants: bound }]);
    const { out } = await machine.run([...granting, "--yes"]);
    expect(out).toContain("Asks for");
    expect(out).toContain("Enabled anew: project:example.echo 1.0.0");
    expect(out).toContain("  in ~/.config/yoi/workspaces/");
  });

  test("[cli/consent] asks on a terminal, and only a yes enables", async () => {
    const machine = await machineWithEcho();
    const no = await machine.run(granting, { isTerminal: true, answer: false });
    expect([no.code, no.asked]).toEqual([1, ["Enable project:example.echo 1.0.0 as shown?"]]);
    expect(no.out).toContain("Nothing was changed.");
    expect((await machine.run(["disable", "example.echo"])).code).toBe(1);
    const yes = await machine.run(granting, { isTerminal: true, answer: true });
    expect([yes.code, yes.asked.length]).toEqual([0, 1]);
    expect((await machine.run(["disable", "example.echo"])).code).toBe(0);
  });

  test("without a terminal and without --yes enables nothing", async () => {
    const machine = await machineWithEcho();
    const { code, err } = await machine.run(granting);
    expect([code, err]).toEqual([2, expect.stringContaining("--yes")]);
    expect((await machine.run(["disable", "example.echo"])).code).toBe(1);
  });

  test("in JSON on a terminal asks beside it", async () => {
    const machine = await machineWithEcho();
    const { out, err, asked } = await machine.run([...granting, "--json"], { answer: false });
    expect(JSON.parse(out)).toEqual({ command: "enable", status: "declined" });
    expect(err).toContain("Asks for");
    expect(asked).toHaveLength(1);
  });

  test("must be told what to grant when something is asked for", async () => {
    const machine = await machineWithEcho();
    const { code, out, err } = await machine.run(["enable", "example.echo", "--yes"]);
    expect([code, err]).toEqual([2, expect.stringContaining("--grant-requested")]);
    expect(out).toContain("surfaces.tool");
    const both = await machine.run([...granting, "--grants", "x", "--yes"]);
    expect([both.code, both.err]).toEqual([2, expect.stringContaining("exclude each other")]);
  });

  test("grants what a file says, bound to the package where the file is not bound", async () => {
    const machine = await machineWithEcho();
    const grants = 'permissions = [{ kind = "surface", surface = "tool" }]\n';
    const argv = ["enable", "example.echo", "--grants", "g.toml", "--yes"];
    const { value } = await machine.json<Enabled>(argv, { files: { "g.toml": grants } });
    expect(value).toMatchObject({ configured_grants: ["surfaces.tool"], status: "rejected" });
    const { enabled } = readEnablement(await readFile(value.file, "utf8"));
    expect(enabled[0]?.grants).toMatchObject({ id: value.reference, digest: value.digest });
  });

  test("refuses grants that are bound to another package", async () => {
    const machine = await machineWithEcho();
    for (const binding of ['id = "user:example.echo"', 'version = "2"', 'digest = "sha256:00"']) {
      const grants = `${binding}\npermissions = [{ kind = "tool", name = "echo" }]\n`;
      const argv = ["enable", "example.echo", "--grants", "g.toml", "--yes"];
      const { code, err } = await machine.run(argv, { files: { "g.toml": grants } });
      expect([code, err]).toEqual([1, expect.stringContaining("grant/binding")]);
    }
    expect((await machine.run(["disable", "example.echo"])).code).toBe(1);
  });

  test("refuses a package that no grant can mend", async () => {
    const machine = await createMachine();
    await store(machine.project, "echo.yoi-plugin", { artifact: guest("import-unknown") });
    const { code, err } = await machine.run([...granting, "--yes"]);
    expect([code, err]).toEqual([1, expect.stringContaining("artifact/unknown-import")]);
    const { value } = await machine.json<Enabled>([...granting, "--yes"]);
    expect(value.error?.code).toBe("artifact/unknown-import");
  });

  test("pins: changed bytes are not used until they are enabled again", async () => {
    const machine = await machineWithEcho();
    await machine.run([...granting, "--yes"]);
    await store(machine.project, "echo.yoi-plugin", { more: 'description = "new"\n' });
    expect((await machine.run(["list"])).out).toMatch(/^rejected/mu);
    const { value } = await machine.json<Enabled>([...granting, "--yes"]);
    expect(value.replaced).toBe(true);
    expect((await machine.run(["list"])).out).toMatch(/^active/mu);
  });

  test("keeps what else the file says, and the record's config and surfaces", async () => {
    const machine = await machineWithEcho();
    const file = join(machine.root, "mine.toml");
    await writeFile(
      file,
      '# mine\n[[enabled]]\nid = "user:other" # theirs\n\n[[enabled]]\nid = "project:example.echo"\nsurfaces = ["tool"]\nconfig = { city = "Kyoto" }\n',
    );
    const argv = [...granting, "--yes", "--enablement", file];
    expect((await machine.run(argv)).code).toBe(0);
    const text = await readFile(file, "utf8");
    expect(text).toContain('# mine\n[[enabled]]\nid = "user:other" # theirs\n');
    expect(readEnablement(text).enabled[1]).toMatchObject({
      surfaces: ["tool"],
      config: { city: "Kyoto" },
      version: "1.0.0",
    });
    await machine.run([...argv, "--surfaces", "tool,wasm"]);
    const { enabled } = readEnablement(await readFile(file, "utf8"));
    expect(enabled[1]?.surfaces).toEqual(["tool", "wasm"]);
  });

  test("refuses surfaces that there are not, or that the package does not declare", async () => {
    const machine = await machineWithEcho();
    for (const list of ["", "tool,root", "tool,"]) {
      const { code } = await machine.run([...granting, "--yes", "--surfaces", list]);
      expect(code).toBe(2);
    }
    const { code, err } = await machine.run([...granting, "--yes", "--surfaces", "service"]);
    expect([code, err]).toEqual([1, expect.stringContaining("manifest/surface")]);
  });

  test("a reference that nothing or several things answer to enables nothing", async () => {
    const machine = await machineWithEcho();
    await store(machine.user, "echo.yoi-plugin");
    await store(machine.project, "bad.yoi-plugin", Buffer.from("x"));
    for (const [ref, code] of [
      ["example.echo", "package/ambiguous"],
      ["example.none", "package/missing"],
    ] as const) {
      const { code: ended, err } = await machine.run(["enable", ref, "--grant-requested", "--yes"]);
      expect([ended, err]).toEqual([1, expect.stringContaining(code)]);
    }
    await store(machine.project, "two.yoi-plugin", { version: "2" });
    const twice = await machine.run([
      "enable",
      "project:example.echo",
      "--grant-requested",
      "--yes",
    ]);
    expect([twice.code, twice.err]).toEqual([1, expect.stringContaining("package/duplicate")]);
    expect((await machine.run(["enable"])).code).toBe(2);
  });

  test("a version full of escapes reaches neither terminal nor prompt", async () => {
    const machine = await createMachine();
    await store(machine.project, "echo.yoi-plugin", { version: "1\\u001b[2J\\u202e" });
    const { out, asked } = await machine.run(granting, { answer: false });
    for (const text of [out, ...asked]) expect(text).not.toMatch(/\p{Cf}|\p{Cc}(?<!\n)/u);
  });
});

describe("disable", () => {
  test("takes the record and its grants away, and says where", async () => {
    const machine = await machineWithEcho();
    const { value } = await machine.json<Enabled>([...granting, "--yes"]);
    const disabled = await machine.json<Enabled>(["disable", "example.echo"]);
    expect(disabled.value).toEqual({
      command: "disable",
      status: "disabled",
      reference: "project:example.echo",
      file: value.file,
    });
    expect(readEnablement(await readFile(value.file, "utf8")).enabled).toEqual([]);
    const { code, err } = await machine.run(["disable", "example.echo"]);
    expect([code, err]).toEqual([1, expect.stringContaining("package/missing")]);
  });

  test("works for a package that is no longer there, and for an id that is none", async () => {
    const machine = await createMachine();
    const file = join(machine.root, "mine.toml");
    await writeFile(file, '[[enabled]]\nid = "project:gone"\n[[enabled]]\nid = "nonsense"\n');
    for (const ref of ["gone", "nonsense"]) {
      expect((await machine.run(["disable", ref, "--enablement", file])).code).toBe(0);
    }
    expect(await readFile(file, "utf8")).toBe("");
  });

  test("an id that several records have must be said in full", async () => {
    const machine = await createMachine();
    const file = join(machine.root, "mine.toml");
    await writeFile(file, '[[enabled]]\nid = "project:a"\n[[enabled]]\nid = "user:a"\n');
    const { code, err } = await machine.run(["disable", "a", "--enablement", file]);
    expect([code, err]).toEqual([1, expect.stringContaining("package/ambiguous")]);
    expect((await machine.run(["disable", "user:a", "--enablement", file])).code).toBe(0);
  });
});
