import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/bytes.ts";
import { utf8Length } from "../../src/diagnostic.ts";
import { isPluginError, type PluginError } from "../../src/errors.ts";
import { defaultLimits, packageLimits } from "../../src/limits.ts";
import { declaredSurfaces, readManifest } from "../../src/manifest/manifest.ts";

const limits = defaultLimits(packageLimits);
const files = new Set(["plugin.wasm", "hooks/start.js"]);

function read(text: string) {
  return readManifest(encodeUtf8(text), files, limits);
}

function refusal(text: string): PluginError {
  try {
    read(text);
  } catch (error) {
    if (isPluginError(error)) return error;
    throw error;
  }
  throw new Error("the manifest was accepted");
}

const minimal = `schema_version = 1
id = "example.echo"
name = "Echo"
version = "1.0.0"
`;

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

describe("keys that mean something to JavaScript mean nothing here", () => {
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

describe("a refusal", () => {
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

describe("the first failure wins, in the reference's order", () => {
  const instance = `[runtime]\nkind = "wasm-component"\nworld = "yoi:plugin/tool@1.0.0"\n`;
  const defects: [what: RegExp, change: (text: string) => string][] = [
    [/line \d+/u, (text) => `${text}= no TOML\n`],
    [/unknown key/u, (text) => `unknown = 1\n${text}`],
    [/schema_version is 999/u, (text) => text.replace("= 1", "= 999")],
    [/, id must/u, (text) => text.replace("example.echo", "a b")],
    [/name is blank/u, (text) => text.replace("Echo", " ")],
    [/version is blank/u, (text) => text.replace("1.0.0", " ")],
    [/runtime\.abi does not/u, (text) => text.replace("kind", 'abi = "x"\nkind')],
    [/runtime\.world must/u, (text) => text.replace("yoi:plugin", "other:plugin")],
    [/runtime\.component is missing/u, (text) => text.replace("component = ", "#")],
    [/path in runtime\.component/u, (text) => text.replace("plugin.wasm", "../plugin.wasm")],
    [/"other/u, (text) => text.replace("plugin.wasm", "other.wasm")],
    [/services need/u, (text) => text.replace("plugin/instance", "plugin/tool")],
    [/services\[0\]\.name/u, (text) => text.replace('"feed"', '"a feed"')],
    [/services\[1\]\.name is/u, (text) => text.replace('"second"', '"feed"')],
    [/ingresses\[0\]\.name/u, (text) => text.replace('"events"', '"."')],
    [/hooks\[0\]\.id/u, (text) => text.replace('"start"', '""')],
    [/path in hooks/u, (text) => text.replace("hooks/start.js", "/hooks/start.js")],
  ];
  const base = `${minimal}${instance.replace("tool@", "instance@")}component = "plugin.wasm"
[[services]]\nname = "feed"\ndescription = ""
[[services]]\nname = "second"\ndescription = ""
[[ingresses]]\nname = "events"\ndescription = ""
[[hooks]]\nid = "start"\nfile = "hooks/start.js"\n`;

  it("the base has no defect", () => {
    expect(read(base).services).toHaveLength(2);
  });

  it.each(defects.map(([what], index) => [String(what), index]))("%s", (_, index) => {
    const [what, change] = defects[index] as (typeof defects)[number];
    expect(refusal(change(base)).message).toMatch(what);
    for (const [, later] of defects.slice(index + 1)) {
      // A later change may undo the place of an earlier one; applied first, it can't.
      const both = change(later(base));
      if (both !== later(base)) expect(refusal(both).message).toMatch(what);
    }
  });
});

describe("bounds", () => {
  it("the file has at most manifestBytes", () => {
    const atBound = minimal.padEnd(limits.manifestBytes, "#");
    expect(read(atBound).id).toBe("example.echo");
    expect(refusal(`${atBound}#`).code).toBe("manifest/bounds");
    expect(() => readManifest(encodeUtf8(minimal), files, { manifestBytes: 70 })).toThrow(
      /has 71 bytes and at most 70/u,
    );
  });

  it.each([
    ["arrays", (n: number) => `x = ${"[".repeat(n)}${"]".repeat(n)}`],
    ["inline tables", (n: number) => `x = ${"{a=".repeat(n)}1${"}".repeat(n)}`],
    ["dotted keys", (n: number) => `x${".a".repeat(n)} = 1`],
    ["table headers", (n: number) => `[x${".a".repeat(n - 1)}]`],
    ["arrays of tables", (n: number) => `[[x${".a".repeat(n - 2)}]]`],
  ])("nesting by %s ends at 64 levels", (_, nest) => {
    // The document itself is one level.
    expect(refusal(nest(63)).code).toBe("manifest/malformed");
    expect(refusal(nest(64)).code).toBe("manifest/bounds");
  });

  it("an integer fits in 32 bits for the schema version and 16 for a port", () => {
    expect(refusal(minimal.replace("= 1", "= 4294967295")).code).toBe("manifest/api");
    expect(refusal(minimal.replace("= 1", "= 4294967296")).code).toBe("manifest/malformed");
    expect(read(`${minimal}[[websocket]]\nport = 65535\n`).websocket[0]?.port).toBe(65535);
    expect(refusal(`${minimal}[[websocket]]\nport = 65536\n`).code).toBe("manifest/malformed");
    expect(refusal(`${minimal}[[websocket]]\nport = -1\n`).code).toBe("manifest/malformed");
    expect(refusal(`${minimal}[[websocket]]\nport = 443.0\n`).code).toBe("manifest/malformed");
  });

  it("an integer in a schema is one that JSON holds exactly", () => {
    const tool = (value: string) =>
      `${minimal}[[tools]]\nname = "a"\ndescription = "b"\ninput_schema = { max = ${value} }\n`;
    expect(read(tool("9007199254740991")).tools[0]?.input_schema).toEqual({
      max: Number.MAX_SAFE_INTEGER,
    });
    expect(refusal(tool("9007199254740992")).code).toBe("manifest/malformed");
    expect(refusal(tool("-9007199254740992")).code).toBe("manifest/malformed");
  });

  it("an id and a name have 1 to 128 bytes", () => {
    const withId = (length: number) => minimal.replace("example.echo", "x".repeat(length));
    expect(read(withId(128)).id).toHaveLength(128);
    expect(refusal(withId(129)).code).toBe("manifest/malformed");
    expect(refusal(withId(0)).code).toBe("manifest/malformed");
  });
});
