import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import {
  createInstance,
  grantRequested,
  type InstanceEvent,
  type PluginPackage,
} from "yoi-plugin-sdk";
import { buildComponent } from "yoi-plugin-sdk/build";
import { webSocketLimits } from "../../src/limits.ts";
import { guestPackage, toolManifest } from "./guest-package.ts";
import { rawManifest, rawPackage } from "./raw-package.ts";

let component: Uint8Array;
let server: WebSocketServer;
let port = 0;

beforeAll(async () => {
  component = await buildComponent({ entry: new URL("guests/sockets.ts", import.meta.url) });
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((done) => server.once("listening", done));
  port = (server.address() as { port: number }).port;
  server.on("connection", (socket, { url = "/" }) => {
    const bytes = /^\/bytes\/(\d+)$/u.exec(url)?.[1];
    if (bytes !== undefined) socket.send(new Uint8Array(Number(bytes)).fill(0xfb));
    socket.on("message", (data: Buffer, isBinary) =>
      socket.send(isBinary ? data.toReversed() : data.toString().toUpperCase()),
    );
  });
});
afterAll(() => new Promise((done) => server.close(done)));

const target = () => ({ scheme: "ws", host: "127.0.0.1", port, path_prefixes: ["/"] });
const asking = (manifest: string) => `${manifest}
[[permissions]]
kind = "host_api"
api = "websocket"

[[websocket]]
scheme = "ws"
host = "127.0.0.1"
port = ${port}
path_prefixes = ["/"]
`;
const granted = (pkg: PluginPackage) =>
  grantRequested(pkg, { websocket: [{ ...target(), allow_private: true }] });

async function talk(asked: {
  readonly path?: string;
  readonly texts?: readonly string[];
  readonly binaries?: readonly string[];
  readonly receives?: number;
}) {
  const { path = "/", texts = [], binaries = [], receives = 0 } = asked;
  const events: InstanceEvent[] = [];
  const pkg = await guestPackage(component, asking(toolManifest));
  await using guest = await createInstance(pkg, {
    grants: granted(pkg),
    onEvent: (event) => events.push(event),
  });
  const url = `ws://127.0.0.1:${port}${path}`;
  const result = await guest.callTool("run", { url, texts, binaries, receives });
  expect(result.error).toBeUndefined();
  return { answers: JSON.parse(result.content ?? "[]") as unknown[], events };
}

const base64 = (size: number) => Buffer.alloc(size, 1).toString("base64");

describe("[websocket/binary] a component that imports yoi:host/websocket@1.1.0", () => {
  it("sends and receives texts and bytes, in their order, and logs as it goes", async () => {
    const { answers, events } = await talk({ texts: ["hi"], binaries: ["AAEC/w=="], receives: 2 });
    expect(answers).toEqual([
      { sent: true, bytes: 2 },
      { sent: true, bytes: 4 },
      { type: "text", text: "HI" },
      { type: "binary", base64: "/wIBAA==" },
      { closed: true },
    ]);
    expect(events.filter(({ type }) => type === "log")).toEqual(
      ["text", "binary"].map((text) => ({ type: "log", stream: "log", level: "debug", text })),
    );
  });

  it("sends as many bytes as a message may have, and no more; nothing that is not base64", async () => {
    const most = webSocketLimits.sentBytes.default;
    const full = await talk({ binaries: [base64(most)], receives: 1 });
    expect(full.answers).toEqual([
      { sent: true, bytes: most },
      { type: "binary", length: 4 * Math.ceil(most / 3) },
      { closed: true },
    ]);
    const { answers } = await talk({
      binaries: [base64(most + 1), "AAE", "AA==AA==", "A-_=", ""],
      receives: 1,
    });
    expect(answers).toMatchObject([
      { error: { code: "host/too-large" } },
      { error: { code: "host/invalid-request" } },
      { error: { code: "host/invalid-request" } },
      { error: { code: "host/invalid-request" } },
      { sent: true, bytes: 0 },
      { type: "binary", base64: "" },
      { closed: true },
    ]);
  });

  it("receives as many bytes as a message may have, and the connection ends beyond", async () => {
    const most = webSocketLimits.messageBytes.default;
    const { answers } = await talk({ path: `/bytes/${most}`, receives: 1 });
    expect(answers[0]).toEqual({ type: "binary", length: 4 * Math.ceil(most / 3) });
    const beyond = await talk({ path: `/bytes/${most + 1}`, receives: 2 });
    expect(beyond.answers).toMatchObject([
      { error: { code: "host/too-large" } },
      { error: { code: "host/closed" } },
      { closed: false },
    ]);
  });

  it("[websocket/ends-with-guest] leaves nothing open behind a call, and begins each with handle 1", async () => {
    const closed: number[] = [];
    server.on("connection", (socket) => socket.on("close", (code) => closed.push(code)));
    const pkg = await guestPackage(component, asking(toolManifest));
    await using guest = await createInstance(pkg, { grants: granted(pkg) });
    const url = `ws://127.0.0.1:${port}/`;
    const asked = { url, texts: ["hi"], binaries: [], receives: 1, staysOpen: true };
    // More calls than an instance may have connections.
    for (let calls = 0; calls < webSocketLimits.openHandles.default + 2; calls += 1) {
      const { content } = await guest.callTool("run", asked);
      expect(JSON.parse(content ?? "")).toEqual([
        1,
        { sent: true, bytes: 2 },
        { type: "text", text: "HI" },
      ]);
      // All that came before are closed by the time that the next is opened.
      expect(closed.length).toBeGreaterThanOrEqual(calls);
    }
    await guest.stop();
    await expect
      .poll(() => closed)
      .toEqual(Array(webSocketLimits.openHandles.default + 2).fill(1000));
  });

  it("is refused without a grant, under the permission of 1.0.0", async () => {
    const pkg = await guestPackage(component, asking(toolManifest));
    const { permissions, ...record } = granted(pkg);
    const rest = permissions.filter(({ kind }) => kind !== "host_api");
    await expect(
      createInstance(pkg, { grants: { ...record, permissions: rest } }),
    ).rejects.toMatchObject({
      code: "grant/denied",
      message: expect.stringMatching(
        /^The guest imports "yoi:host\/websocket@1\.1\.0"\. .*host_api\.websocket/u,
      ),
    });
  });
});

/** A raw guest that opens the URL of its input, and logs what it receives. */
const rawListener = (module: string) =>
  parse(`(module
    (import "${module}" "open" (func $open (param i32 i32) (result i32)))
    (import "${module}" "recv" (func $recv (param i32 i32) (result i32)))
    (import "${module}" "response_read" (func $copy (param i32 i32) (result i32)))
    (import "yoi:log" "log" (func $log (param i32 i32 i32 i32) (result i32)))
    (import "yoi:tool" "input_len" (func $input-len (result i32)))
    (import "yoi:tool" "input_read" (func $input-read (param i32 i32) (result i32)))
    (import "yoi:tool" "output_write" (func $write (param i32 i32) (result i32)))
    (memory (export "memory") 2)
    (data (i32.const 64) "info")
    (data (i32.const 128) "{\\"summary\\":\\"done\\"}")
    (func (export "yoi_tool_call") (local $length i32)
      (drop (call $input-read (i32.const 1024) (call $input-len)))
      (drop (call $open (i32.const 1024) (call $input-len)))
      (local.set $length (call $recv (i32.const 1) (i32.const 2000)))
      (drop (call $copy (i32.const 4096) (local.get $length)))
      (drop (call $log (i32.const 64) (i32.const 4) (i32.const 4096) (local.get $length)))
      (drop (call $write (i32.const 128) (i32.const 18)))))`);

describe("[websocket/raw] a raw guest that receives bytes", () => {
  it.each([
    ["yoi:websocket", { error: { code: "host/protocol" } }],
    ["yoi:host/websocket@1.1.0", { type: "binary", base64: "+/s=" }],
  ])("through %s is told %j", async (module, told) => {
    const lines: string[] = [];
    const pkg = await rawPackage(await rawListener(module), asking(rawManifest));
    await using guest = await createInstance(pkg, {
      grants: granted(pkg),
      limits: { timeoutMs: 5_000 },
      onEvent: (event) => event.type === "log" && lines.push(event.text),
    });
    const url = `ws://127.0.0.1:${port}/bytes/2`;
    expect((await guest.callTool("run", { url })).summary).toBe("done");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([told]);
  });
});
