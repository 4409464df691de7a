import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, it } from "vitest";
import {
  createInstance,
  createLogApi,
  defineHostApi,
  grantRequested,
  type HostApi,
  type HostFunction,
  type InstanceEvent,
  type Parameters,
} from "yoi-plugin-sdk";
import { logLimits } from "../../src/limits.ts";
import { rawManifest, rawPackage } from "./raw-package.ts";

const contacts = "acme:crm/contacts@1.0.0";
const asking = (api: string) => `${rawManifest}
[[permissions]]
kind = "host_api"
api = "${api}"
`;

/** A raw guest that asks once and gives the response, or the summary `bad pointer`, as its output. */
async function asker(module: string, field: string, args: readonly number[]) {
  const types = args.map(() => "i32").join(" ");
  const values = args.map((value) => `(i32.const ${value})`).join(" ");
  return parse(`(module
    (import "${module}" "${field}" (func $ask (param ${types}) (result i32)))
    (import "${module}" "response_len" (func $len (result i32)))
    (import "${module}" "response_read" (func $copy (param i32 i32) (result i32)))
    (import "yoi:tool" "output_write" (func $write (param i32 i32) (result i32)))
    (memory (export "memory") 2)
    (data (i32.const 64) "Ada")
    (data (i32.const 96) "{\\"limit\\":2}")
    (data (i32.const 128) "{\\"summary\\":\\"bad pointer\\"}")
    (func (export "yoi_tool_call")
      (if (i32.lt_s (call $ask ${values}) (i32.const 0))
        (then (drop (call $write (i32.const 128) (i32.const 25))))
        (else
          (drop (call $copy (i32.const 1024) (call $len)))
          (drop (call $write (i32.const 1024) (call $len)))))))`);
}

function contactsApi(params: Parameters, heard: unknown[]): HostApi {
  return defineHostApi({
    interface: contacts,
    functions: {
      "find-all": {
        params,
        handler(args, call) {
          heard.push({ ...args });
          return { summary: `${call.function} answered ${call.plugin.id}` };
        },
      },
    },
  });
}

async function callContacts(args: readonly number[], params: Parameters) {
  const heard: unknown[] = [];
  const pkg = await rawPackage(await asker(contacts, "find_all", args), asking(contacts));
  await using guest = await createInstance(pkg, {
    grants: grantRequested(pkg),
    hostApis: [contactsApi(params, heard)],
  });
  return { result: await guest.callTool("run", {}), heard };
}

describe("[custom/raw] a raw guest that imports a host's own interface", () => {
  it("is answered, its numbers read as the interface's parameters", async () => {
    const { result, heard } = await callContacts([64, 3, -1, 96, 11], {
      name: "string",
      from: "u32",
      options: "json",
    });
    expect(result).toMatchObject({ isError: false, summary: "find-all answered test.raw" });
    expect(heard).toEqual([{ name: "Ada", from: 0xffff_ffff, options: { limit: 2 } }]);
  });

  it("is answered by each host's own parameters, though its bytes fit several", async () => {
    const asText = await callContacts([64, 3], { name: "string" });
    const asNumbers = await callContacts([64, 3], { from: "u32", to: "u32" });
    expect(asText.heard).toEqual([{ name: "Ada" }]);
    expect(asNumbers.heard).toEqual([{ from: 64, to: 3 }]);
  });

  it.each([
    ["before the memory", [-1, 3]],
    ["behind it", [131_071, 2]],
    ["of more than a question may have", [0, 524_289]],
    ["that is not UTF-8", [130_000, 0x7fff_ffff]],
  ])("reaches no handler with a text %s, and the call fails", async (_, args) => {
    const { result, heard } = await callContacts(args, { name: "string" });
    expect(result.error?.code).toBe("output/malformed");
    expect(heard).toEqual([]);
  });

  it("is refused with other parameters than the host's, before it runs", async () => {
    await expect(callContacts([64, 3, 1], { name: "string" })).rejects.toMatchObject({
      code: "artifact/unknown-import",
      message: expect.stringContaining("(i32, i32) -> (i32)"),
    });
  });

  it("[custom/refusals] is refused without a grant, before it runs", async () => {
    const pkg = await rawPackage(await asker(contacts, "find_all", [64, 3]), asking(contacts));
    const grants = grantRequested(pkg);
    const permissions = grants.permissions.filter(({ kind }) => kind !== "host_api");
    const hostApis = [contactsApi({ name: "string" }, [])];
    await expect(
      createInstance(pkg, { grants: { ...grants, permissions }, hostApis }),
    ).rejects.toMatchObject({ code: "grant/denied" });
  });
});

/** A WebSocket API of the test's own that answers with what it was asked. */
function echoingSockets(version: "1.0.0" | "1.1.0"): HostApi {
  const echo =
    (name: string): HostFunction =>
    async (args) =>
      JSON.stringify({ summary: JSON.stringify([name, ...args]) });
  return {
    name: "websocket",
    interface: `yoi:host/websocket@${version}`,
    open: () => ({
      functions: new Map(
        ["open", "send-text", "send-binary", "recv", "close"].map((name) => [name, echo(name)]),
      ),
      [Symbol.asyncDispose]: async () => {},
    }),
  };
}

const websocket = [{ scheme: "wss", host: "example.com", path_prefixes: ["/"] }];
const socketManifest = `${asking("websocket")}
[[websocket]]
scheme = "wss"
host = "example.com"
`;

describe("[websocket/raw] a raw guest's WebSocket calls", () => {
  it.each([
    ["yoi:websocket", "open", [64, 3], ["open", "Ada"]],
    ["yoi:websocket", "send_text", [7, 64, 3], ["send-text", 7, "Ada"]],
    ["yoi:websocket", "recv", [7, -5], ["recv", 7, 0]],
    ["yoi:websocket", "close", [7], ["close", 7]],
    ["yoi:host/websocket@1.1.0", "send_binary", [7, 64, 3], ["send-binary", 7, "Ada"]],
    ["yoi:host/websocket@1.1.0", "recv", [7, 250], ["recv", 7, 250]],
  ] as const)("%s %s%j ask the host %j", async (module, field, args, asked) => {
    const pkg = await rawPackage(await asker(module, field, args), socketManifest);
    const version = module.endsWith("1.1.0") ? "1.1.0" : "1.0.0";
    await using guest = await createInstance(pkg, {
      grants: grantRequested(pkg, { websocket }),
      hostApis: [echoingSockets(version)],
    });
    expect(JSON.parse((await guest.callTool("run", {})).summary)).toEqual(asked);
  });

  it("never reach ours when the host brought its own in another version", async () => {
    const guest = await asker("yoi:host/websocket@1.1.0", "close", [1]);
    const pkg = await rawPackage(guest, socketManifest);
    await expect(
      createInstance(pkg, {
        grants: grantRequested(pkg, { websocket }),
        hostApis: [echoingSockets("1.0.0")],
      }),
    ).rejects.toMatchObject({ code: "artifact/unknown-import" });
  });
});

/** A raw guest that logs a line, so many times, and then says that it is done. */
const logger = (level: string, message: string, times = 1) =>
  parse(`(module
    (import "yoi:log" "log" (func $log (param i32 i32 i32 i32) (result i32)))
    (import "yoi:tool" "output_write" (func $write (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 64) "${level}")
    (data (i32.const 128) "${message}")
    (data (i32.const 512) "{\\"summary\\":\\"done\\"}")
    (func (export "yoi_tool_call") (local $left i32)
      (local.set $left (i32.const ${times}))
      (loop $next
        (drop (call $log (i32.const 64) (i32.const ${level.length})
                         (i32.const 128) (i32.const ${message.length})))
        (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (drop (call $write (i32.const 512) (i32.const 18)))))`);

describe("[log/wired] a raw guest's lines", () => {
  it.each([
    ["warn", "the shelf is empty", [{ level: "warn", text: "the shelf is empty" }]],
    ["info", "token=abc", [{ level: "info", text: "token=<redacted>" }]],
    ["shout", "nobody hears this", []],
  ])(
    "at the level %s are the instance's log events, without a grant",
    async (level, text, told) => {
      const events: InstanceEvent[] = [];
      const pkg = await rawPackage(await logger(level, text));
      await using guest = await createInstance(pkg, {
        grants: grantRequested(pkg),
        onEvent: (event) => events.push(event),
      });
      expect(await guest.callTool("run", {})).toMatchObject({ isError: false, summary: "done" });
      expect(events.filter(({ type }) => type === "log")).toEqual(
        told.map((line) => ({ type: "log", stream: "log", ...line })),
      );
    },
  );

  it("go to the host's own log API where it passes one, and nowhere else", async () => {
    const events: InstanceEvent[] = [];
    const lines: string[] = [];
    const pkg = await rawPackage(await logger("warn", "the shelf is empty"));
    await using guest = await createInstance(pkg, {
      grants: grantRequested(pkg),
      hostApis: [createLogApi({ onLine: ({ level, message }) => lines.push(level, message) })],
      onEvent: (event) => events.push(event),
    });
    await guest.callTool("run", {});
    expect(lines).toEqual(["warn", "the shelf is empty"]);
    expect(events.filter(({ type }) => type === "log")).toEqual([]);
  });

  it("that flood are dropped and counted, and a stopped instance says how many", async () => {
    const counted: { readonly text: string; readonly dropped: number }[] = [];
    const pkg = await rawPackage(await logger("info", "again", 300));
    const guest = await createInstance(pkg, {
      grants: grantRequested(pkg),
      onEvent: (event) =>
        event.type === "log" && counted.push({ text: event.text, dropped: event.dropped ?? 0 }),
    });
    expect((await guest.callTool("run", {})).summary).toBe("done");
    await guest.stop();
    const dropped = counted.reduce((total, line) => total + line.dropped, 0);
    const told = counted.filter(({ text }) => text === "again").length;
    expect(told).toBeGreaterThanOrEqual(logLimits.burstLines.default);
    expect(told + dropped).toBe(300);
    expect(counted.at(-1)).toMatchObject({ text: "The plugin's last lines were dropped." });
  });
});
