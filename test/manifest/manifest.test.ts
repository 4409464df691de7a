import { describe, expect, it } from "vitest";
import { utf8Length } from "../../src/diagnostic.ts";
import { declaredSurfaces } from "../../src/manifest/manifest.ts";
import { minimal, read, refusal } from "./manifest-text.ts";

const everything = `${minimal}description = "All of it"
surfaces = ["hook"]

[runtime]
kind = "wasm-component"
world = "yoi:plugin/instance@1.0.0"
component = "plugin.wasm"

[[hooks]]
id = "start"
file = "hooks/start.js"

[[tools]]
name = "any name, checked later"
description = "Echoes"
external_write = true
input_schema = { type = "object", properties = { text = { type = "string", enum = ["a", 1, 2.5, true] } } }

[[services]]
name = "feed"
description = "Feeds"
lifecycle = "host-managed"
side_effects = ["posts"]
[services.status_schema]
type = "object"

[[ingresses]]
name = "events"
description = "Takes events"
event_kinds = ["message"]
sources = ["websocket:wss://example.com/socket"]
side_effects = []
input_schema = true

[[permissions]]
kind = "surface"
surface = "tool"
[[permissions]]
kind = "tool"
name = "echo"
[[permissions]]
kind = "tool_namespace"
namespace = "example"
[[permissions]]
kind = "service"
name = "feed"
[[permissions]]
kind = "ingress"
name = "events"
[[permissions]]
kind = "external_write"
[[permissions]]
kind = "host_api"
api = "request"
[[permissions]]
kind = "host_api"
api = "websocket"

[[request]]
scheme = "https"
host = "api.example.com"
port = 8443
methods = ["GET"]
path_prefixes = ["/v1/"]

[[websocket]]
scheme = "wss"
host = "example.com"
`;

describe("a manifest that is accepted", () => {
  it("has its defaults filled in", () => {
    expect(read(minimal)).toEqual({
      schema_version: 1,
      id: "example.echo",
      name: "Echo",
      version: "1.0.0",
      surfaces: [],
      hooks: [],
      tools: [],
      services: [],
      ingresses: [],
      permissions: [],
      request: [],
      websocket: [],
    });
  });

  it("keeps every field", () => {
    const manifest = read(everything);
    expect(manifest.runtime).toEqual({
      kind: "wasm-component",
      world: "yoi:plugin/instance@1.0.0",
      component: "plugin.wasm",
    });
    expect(manifest.tools).toEqual([
      {
        name: "any name, checked later",
        description: "Echoes",
        external_write: true,
        input_schema: {
          type: "object",
          properties: { text: { type: "string", enum: ["a", 1, 2.5, true] } },
        },
      },
    ]);
    expect(manifest.services[0]).toEqual({
      name: "feed",
      description: "Feeds",
      lifecycle: "host-managed",
      status_schema: { type: "object" },
      side_effects: ["posts"],
    });
    expect(manifest.ingresses[0]?.input_schema).toBe(true);
    expect(manifest.permissions.map((permission) => permission.kind)).toEqual([
      ...["surface", "tool", "tool_namespace", "service", "ingress"],
      ...["external_write", "host_api", "host_api"],
    ]);
    expect(manifest.request).toEqual([
      {
        scheme: "https",
        host: "api.example.com",
        port: 8443,
        methods: ["GET"],
        path_prefixes: ["/v1/"],
      },
    ]);
    // Its own list, without the methods that a request has.
    expect(manifest.websocket).toEqual([{ scheme: "wss", host: "example.com", path_prefixes: [] }]);
  });

  it("can't be changed, however deep", () => {
    const manifest = read(everything);
    expect(Object.isFrozen(manifest.tools)).toBe(true);
    expect(() =>
      Object.assign(manifest.tools[0]?.input_schema as object, { type: "string" }),
    ).toThrow(TypeError);
    expect(() => Object.assign(manifest.request[0]?.methods as object, ["DELETE"])).toThrow(
      TypeError,
    );
  });

  it("may hold nothing but a hook", () => {
    const hook = `${minimal}[[hooks]]\nid = "start"\nfile = "hooks/start.js"\n`;
    expect(declaredSurfaces(read(hook))).toEqual(["hook"]);
  });

  it("declares the surfaces it lists and those the rest implies, in one order", () => {
    expect(declaredSurfaces(read(minimal))).toEqual([]);
    expect(declaredSurfaces(read(everything))).toEqual([
      ...["hook", "tool", "service", "ingress", "wasm"],
    ]);
    const listed = `${minimal}surfaces = ["wasm", "tool", "wasm"]\n`;
    expect(declaredSurfaces(read(listed))).toEqual(["tool", "wasm"]);
  });

  it("may be raw WebAssembly", () => {
    const raw = `${minimal}[runtime]\nkind="wasm"\nabi="yoi-plugin-wasm-1"\nentry="plugin.wasm"\n`;
    expect(read(raw).runtime).toEqual({
      kind: "wasm",
      abi: "yoi-plugin-wasm-1",
      entry: "plugin.wasm",
    });
  });

  it("may use what TOML 1.1 added", () => {
    const text = `${minimal}description = "\\e[0m \\x41"\nruntime = {
  kind = "wasm-component", # a comment
  world = "yoi:plugin/tool@1.0.0",
  component = "plugin.wasm",
}\n`;
    expect(read(text).runtime?.kind).toBe("wasm-component");
  });

  it("may have a byte-order mark, Windows line ends and a name in any script", () => {
    const text = `\ufeff${minimal.replaceAll("\n", "\r\n").replace("Echo", "こだま")}`;
    expect(read(text).name).toBe("こだま");
  });

  it("takes tools as they are: those are checked when they are registered", () => {
    const tool = `[[tools]]\nname = ""\ndescription = ""\ninput_schema = "no schema"\n`;
    expect(read(`${minimal}${tool}${tool}`).tools).toHaveLength(2);
  });
});

describe("[manifest/strict] keys that mean something to JavaScript mean nothing here", () => {
  it.each(["__proto__", "constructor", "prototype", "toString"])("%s is unknown", (key) => {
    for (const text of [
      `${key} = 1\n${minimal}`,
      `${minimal}[${key}]\nx = 1\n`,
      `${minimal}[[request]]\n${key} = "x"\n`,
    ]) {
      const { code, message } = refusal(text);
      expect([code, message.endsWith(`has the unknown key "${key}".`)]).toEqual([
        "manifest/malformed",
        true,
      ]);
    }
  });

  it("constructor is data inside of a schema, and __proto__ is refused there", () => {
    const tool = `${minimal}[[tools]]\nname = "a"\ndescription = "b"\n`;
    const manifest = read(`${tool}[tools.input_schema.properties.constructor]\ntype = "string"\n`);
    expect(manifest.tools[0]?.input_schema).toEqual({
      properties: { constructor: { type: "string" } },
    });
    const refused = refusal(`${tool}[tools.input_schema.a.__proto__]\npolluted = true\n`);
    expect(refused.message).toBe("In plugin.toml, tools[0].input_schema has the key __proto__.");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe("[manifest/strict] a refusal", () => {
  it("says the line and column of bad TOML and shows none of it", () => {
    const { message, code } = refusal(`${minimal}description = "sekrit-${"秘密".repeat(300)}`);
    expect(code).toBe("manifest/malformed");
    expect(message).toBe("In plugin.toml, line 5, column 15: unfinished string.");
    expect(utf8Length(message)).toBeLessThanOrEqual(241);
  });

  it("names an unknown key, inert and bounded", () => {
    const key = `\\u001b[31m${"k".repeat(1000)}`;
    const { message } = refusal(`${minimal}"${key}" = 1\n`);
    expect(message).toMatch(/^In plugin\.toml, the top level has the unknown key " \[31mk+…"\.$/u);
    expect(utf8Length(message)).toBeLessThanOrEqual(160);
  });

  it("names an unknown permission kind", () => {
    const { message } = refusal(`${minimal}[[permissions]]\nkind = "network"\n`);
    expect(message).toContain('permissions[0].kind "network" must be one of surface, tool,');
  });

  it("says the key path of a value that does not fit", () => {
    const tool = `${minimal}[[tools]]\nname = "a"\ndescription = 7\ninput_schema = {}\n`;
    expect(refusal(tool).message).toBe("In plugin.toml, tools[0].description must be a string.");
    const late = `${minimal}[[request]]\nmethods = ["GET", ["POST"]]\n`;
    expect(refusal(late).message).toBe("In plugin.toml, request[0].methods[1] must be a string.");
  });

  it("carries the id once it is known to be one", () => {
    expect(refusal(minimal.replace("1.0.0", " ")).details).toEqual({ id: "example.echo" });
    expect(refusal(minimal.replace("echo", "e/o")).details).toEqual({});
  });
});
