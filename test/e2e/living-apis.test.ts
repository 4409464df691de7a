import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import {
  createInstance,
  defineHostApi,
  grantRequested,
  hostApiWit,
  type InstanceEvent,
} from "yoi-plugin-sdk";
import { buildComponent } from "yoi-plugin-sdk/build";
import { guestPackage } from "./guest-package.ts";

const world = "yoi:plugin/instance@1.0.0";
const contacts = defineHostApi({
  interface: "acme:crm/contacts@1.0.0",
  functions: {
    find: {
      params: { name: "string", limit: "u32" },
      handler: async ({ name, limit }) => ({ name, limit }),
    },
  },
});

let component: Uint8Array;
let server: WebSocketServer;
const closed: number[] = [];

beforeAll(async () => {
  const entry = new URL("guests/living.ts", import.meta.url);
  component = await buildComponent({ entry, world, wit: [hostApiWit(contacts)] });
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((done) => server.once("listening", done));
  server.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => socket.send(data.toReversed()));
    socket.on("close", (code) => closed.push(code));
  });
});
afterAll(() => new Promise((done) => server.close(done)));

const manifest = (port: number) => `
schema_version = 1
id = "test.living"
name = "Living"
version = "1.0.0"

[runtime]
kind = "wasm-component"
component = "guest.wasm"
world = "${world}"

[[tools]]
name = "run"
description = "Sends bytes."
input_schema = { type = "object" }

[[permissions]]
kind = "surface"
surface = "tool"
[[permissions]]
kind = "tool"
name = "run"
[[permissions]]
kind = "host_api"
api = "acme:crm/contacts@1.0.0"
[[permissions]]
kind = "host_api"
api = "websocket"

[[websocket]]
scheme = "ws"
host = "127.0.0.1"
port = ${port}
path_prefixes = ["/"]
`;

it("[custom/works] [websocket/ends-with-guest] [log/wired] a guest that lives on keeps its connection from call to call, uses the host's API and logs, until it stops", async () => {
  const { port } = server.address() as { readonly port: number };
  const target = { scheme: "ws", host: "127.0.0.1", port, path_prefixes: ["/"] };
  const events: InstanceEvent[] = [];
  const pkg = await guestPackage(component, manifest(port));
  const guest = await createInstance(pkg, {
    grants: grantRequested(pkg, { websocket: [{ ...target, allow_private: true }] }),
    config: { url: `ws://127.0.0.1:${port}/` },
    hostApis: [contacts],
    onEvent: (event) => events.push(event),
  });
  for (const [base64, reversed] of [
    ["AAEC", "AgEA"],
    ["/w==", "/w=="],
  ] as const) {
    const { content, error } = await guest.callTool("run", { base64, name: "Ada" });
    expect(error).toBeUndefined();
    expect(JSON.parse(content ?? "")).toMatchObject([
      { sent: true },
      { type: "binary", base64: reversed },
      { name: "Ada", limit: 1 },
    ]);
  }
  expect(closed).toEqual([]);
  await guest.stop();
  await expect.poll(() => closed).toEqual([1000]);
  const lines = events.flatMap((event) => (event.type === "log" ? [event.text] : []));
  expect(lines).toEqual(["opened 1", "stopped"]);
});
