import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBuildTool } from "../../src/build/build-tool.ts";
import { bundleGuest } from "../../src/build/bundle.ts";
import { buildComponent } from "../../src/build.ts";
import { utf8Length } from "../../src/diagnostic.ts";
import { wasiInterfaces } from "../../src/host-api/wasi/wasi.ts";
import { runComponent, worldOf } from "./run-component.ts";

const guest = (name: string) => new URL(`guests/${name}.ts`, import.meta.url);
const callExport = "export call: func(tool-name: string, input-json: string) -> string";

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "yoi-build-test-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function entryOf(source: string): Promise<string> {
  const file = join(directory, "guest.ts");
  await writeFile(file, source);
  return file;
}

/** What building throws; never the component, which a failed assertion would print byte by byte. */
const failureOf = (entry: string) =>
  buildComponent({ entry }).then(
    () => "it was built",
    (error: unknown) => error,
  );

const fail = () => {
  throw new Error("the guest called what its source does not");
};

describe("buildComponent on QuickJS", () => {
  const greeter = buildComponent({ entry: guest("greeter") });

  it("makes a component whose tools run, and that imports nothing", async () => {
    const component = await greeter;
    expect((await worldOf(component)).filter((item) => !item.includes("init"))).toEqual([
      callExport,
    ]);
    const call = await runComponent(component);
    expect(call("greet", '{"name":"Zoë"}')).toBe('{"summary":"Hello, Zoë."}');
    expect(JSON.parse(call("refuse", "{}"))).toEqual({
      summary: "tool error: denied",
      content: '{"error":{"code":"denied","message":"Not today.","details":{"until":"tomorrow"}}}',
    });
    expect(JSON.parse(call("greet", "null")).summary).toBe("tool error: invalid_input");
    expect(utf8Length(call("cut", "{}"))).toBeLessThanOrEqual(65_536);
    expect(JSON.parse(call("cut", "{}")).summary).toBe(`${"🌧".repeat(255)}…`);
  });

  it("leaves nothing of one instance to the next", async () => {
    const component = await greeter;
    const first = await runComponent(component);
    first("pollute", "{}");
    expect(first("polluted", "{}")).toBe('{"summary":"true"}');
    expect((await runComponent(component))("polluted", "{}")).toBe('{"summary":"undefined"}');
  });

  it("imports the host interfaces that the source uses, and no other", async () => {
    const component = await buildComponent({ entry: guest("reader") });
    const world = await worldOf(component);
    expect(world.filter((item) => item.startsWith("import"))).toEqual(["import yoi:host/fs@1.0.0"]);
    const call = await runComponent(component, {
      // The whole interface comes in, also what the guest does not call.
      "yoi:host/fs": { read: (request: string) => `host got ${request}`, list: fail, write: fail },
    });
    expect(JSON.parse(call("read", '{"path":"a"}')).content).toBe('host got {"path":"a"}');
  });

  it("[custom/build] imports a host's own interface, log and WebSocket 1.1 as well", async () => {
    const entry = await entryOf(`
      import { findAll } from "acme:crm/list@1.0.0";
      import { log } from "yoi:host/log@1.0.0";
      import { sendBinary } from "yoi:host/websocket@1.1.0";
      export const call = (name) => {
        log("info", name);
        return findAll("Ada", 3) + sendBinary(1, "AAEC");
      };`);
    const wit = [
      `package acme:crm@1.0.0;
       interface %list { find-all: func(name: string, %from: u32) -> string; }
       interface unused { nothing: func() -> string; }`,
    ];
    const component = await buildComponent({ entry, wit });
    const world = await worldOf(component);
    expect(world.filter((item) => item.startsWith("import"))).toEqual([
      "import acme:crm/%list@1.0.0",
      "import yoi:host/log@1.0.0",
      "import yoi:host/websocket@1.1.0",
    ]);
    const asked: unknown[] = [];
    const call = await runComponent(component, {
      "acme:crm/list": { findAll: (name: string, from: number) => `${name} from ${from}` },
      "yoi:host/log": { log: (...line: string[]) => `{"logged":${asked.push(line) > 0}}` },
      "yoi:host/websocket": {
        ...{ open: fail, sendText: fail, recv: fail, close: fail },
        sendBinary: (handle: number, base64: string) => `; ${handle} ${base64}`,
      },
    });
    expect(call("run", "{}")).toBe("Ada from 3; 1 AAEC");
    expect(asked).toEqual([["info", "run"]]);
  });

  it("builds guests of the instance world", async () => {
    const component = await buildComponent({
      entry: guest("instance"),
      world: "yoi:plugin/instance@1.0.0",
    });
    expect(await worldOf(component)).toEqual(
      expect.arrayContaining([
        "export start: func(config-json: string) -> string",
        "export handle-tool: func(name: string, input-json: string) -> string",
        "export handle-ingress: func(name: string, event-json: string) -> string",
        "export status: func() -> string",
        "export stop: func() -> string",
      ]),
    );
  });

  it("imports only WASI interfaces that have a stand-in, when it may import WASI", async () => {
    const component = await buildComponent({ entry: guest("greeter"), wasi: true });
    const imports = (await worldOf(component)).filter((item) => item.startsWith("import"));
    expect(imports.length).toBeGreaterThan(5);
    for (const item of imports) {
      const name = item.replace(/^import /, "").replace(/@0\.2\.\d+$/, "");
      expect(wasiInterfaces).toContain(name);
    }
  });

  it("carries no path of the machine that built it", async () => {
    const entry = await entryOf("export const call = () => '{}';");
    const component = Buffer.from(await buildComponent({ entry }));
    expect(component.includes(directory)).toBe(false);
    expect(component.includes("src/pdk")).toBe(false);
  });
});

describe("a guest that can't be built", () => {
  it.each([
    [
      "imports a host interface that does not exist",
      'import { x } from "yoi:host/shell@1.0.0"; export const call = () => x();',
      /No host interface is named "yoi:host\/shell@1\.0\.0"/,
    ],
    [
      "imports a host's own interface without its WIT",
      'import { x } from "acme:crm/contacts@1.0.0"; export const call = () => x();',
      /No host interface is named "acme:crm\/contacts@1\.0\.0".*option wit/,
    ],
    [
      "imports a host interface without its version",
      'import { read } from "yoi:host/fs"; export const call = () => read("");',
      /No host interface is named "yoi:host\/fs"/,
    ],
    [
      "imports a module of Node",
      'import { readFileSync } from "node:fs"; export const call = () => readFileSync("/etc/passwd");',
      /guest\.ts:1: Could not resolve "node:fs"/,
    ],
    ["has a syntax error", "export const call = (;", /guest\.ts:1: Unexpected ";"/],
    [
      "throws when it is loaded",
      'throw new Error("broken"); export const call = 1;',
      /componentize-qjs failed/,
    ],
    [
      "lacks the world's export",
      "export const other = 1;",
      /does not export call, which yoi:plugin\/tool@1\.0\.0 needs/,
    ],
  ])("%s: build/failed says why", async (_what, source, message) => {
    expect(await failureOf(await entryOf(source))).toMatchObject({
      code: "build/failed",
      phase: "build",
      message: expect.stringMatching(message),
    });
  });

  it("lacks its entry file: build/failed names it", async () => {
    expect(await failureOf(join(directory, "absent.ts"))).toMatchObject({
      code: "build/failed",
      message: expect.stringContaining("absent.ts"),
    });
  });
});

describe("a tool that is not installed", () => {
  it("gives build/missing-tool with the command that installs it", async () => {
    const tool = {
      name: "a-package-that-nobody-installed",
      purpose: "build a guest",
      install: "a-package-that-nobody-installed@1",
    };
    await expect(loadBuildTool(tool)).rejects.toMatchObject({
      code: "build/missing-tool",
      details: { tool: "a-package-that-nobody-installed" },
      message:
        "a-package-that-nobody-installed is needed to build a guest, and could not be loaded. " +
        "Install it: npm install --save-dev a-package-that-nobody-installed@1",
    });
  });
});

describe("the PDK in a bundle", () => {
  it("is small and has nothing of the host", async () => {
    const { code, hostInterfaces } = await bundleGuest(
      await entryOf(
        'import { defineTools, toolOutput } from "yoi-plugin-sdk/pdk"; export const { call } = defineTools({ a: () => toolOutput("a") });',
      ),
      new Set(["yoi:host/fs@1.0.0"]),
    );
    expect(code.length).toBeLessThan(6_000);
    expect(code).not.toMatch(/\b(?:process|require|Buffer|TextEncoder|fetch|PluginError)\b/);
    expect([...hostInterfaces]).toEqual([]);
  });
});
