import { afterAll, beforeAll, expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { type RevocablePolicy, revocable } from "yoi-plugin-sdk";
import { createNodeNetwork } from "yoi-plugin-sdk/node";
import { webSocketLimits } from "../../src/limits.ts";
import { builtRelay, type RelayOptions, relayGuest, type Step } from "./reach-guest.ts";
import { startNameServer } from "./reach-servers.ts";

let server: WebSocketServer;
let port = 0;
beforeAll(async () => {
  await builtRelay();
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((done) => server.once("listening", done));
  port = (server.address() as { port: number }).port;
});
afterAll(() => new Promise((done) => server.close(done)));

const target = (host: string) => ({ scheme: "ws", host, port, path_prefixes: ["/chat"] });

/** A guest that opens, sends and receives within one call. */
const guest = (options: Partial<RelayOptions> = {}) =>
  relayGuest({
    kind: "typescript",
    network: createNodeNetwork(),
    targets: { websocket: [{ ...target("127.0.0.1"), allow_private: true }] },
    ...options,
  });

const open = (url: string): Step => ["websocket.open", { url }];
const peer = () => new Promise<WebSocket>((joined) => server.once("connection", joined));
const gone = (socket: WebSocket) => new Promise((done) => socket.once("close", done));

it("[websocket/guest] a granted peer is talked to, and only on its own path, port and scheme", async () => {
  void peer().then((socket) => socket.on("message", (data) => socket.send(`you said ${data}`)));
  await using relay = await guest();
  const { content } = await relay.run([
    open(`ws://127.0.0.1:${port}/chat/room?key=1`),
    ["websocket.send-text", 1, "grüße"],
    ["websocket.recv", 1, 2_000],
    ["websocket.close", 1],
    open(`ws://127.0.0.1:${port}/other`),
    open(`ws://127.0.0.1:${port}/chat/../other`),
    open(`ws://127.0.0.1:${port + 1}/chat`),
    open(`wss://127.0.0.1:${port}/chat`),
    open(`http://127.0.0.1:${port}/chat`),
    open(`ws://user@127.0.0.1:${port}/chat`),
  ]);
  expect(JSON.parse(content ?? "")).toMatchObject([
    { handle: 1, url: `ws://127.0.0.1:${port}/chat/room` },
    { sent: true, bytes: 7 },
    { type: "text", text: "you said grüße" },
    { closed: true },
    { error: { code: "grant/denied" } },
    { error: { code: "grant/denied" } },
    { error: { code: "grant/denied" } },
    { error: { code: "grant/denied" } },
    { error: { code: "host/invalid-url" } },
    { error: { code: "host/invalid-url" } },
  ]);
});

it("[https/private] a private peer is reached neither without allow_private nor by a name that leads to it", async () => {
  await using names = await startNameServer((_, type) => (type === "A" ? [[127, 0, 0, 1]] : []));
  const network = createNodeNetwork({ nameServers: [names.address] });
  let connections = 0;
  server.on("connection", () => (connections += 1));
  await using strict = await guest({ targets: { websocket: [target("127.0.0.1")] } });
  expect((await strict.ask(open(`ws://127.0.0.1:${port}/chat`))).error?.code).toBe("grant/denied");
  await using anyHost = await guest({ network, targets: { websocket: [target("*")] } });
  for (const host of ["peer.example", "127.1", "2130706433", "localhost", "[::ffff:127.0.0.1]"]) {
    const { error } = await anyHost.ask(open(`ws://${host}:${port}/chat`));
    expect(error?.code, host).toBe("grant/denied");
  }
  expect(connections).toBe(0);
});

it("[websocket/guest] as many connections as openHandles are taken, and one more is not", async () => {
  const most = webSocketLimits.openHandles.default;
  await using relay = await guest();
  const steps = Array.from({ length: most + 1 }, () => open(`ws://127.0.0.1:${port}/chat`));
  const answers = JSON.parse((await relay.run(steps)).content ?? "[]");
  expect(answers.slice(0, most).map(({ handle }: { handle: number }) => handle)).toEqual([
    1, 2, 3, 4,
  ]);
  expect(answers[most]).toMatchObject({ error: { code: "host/busy" } });
});

it("[websocket/guest] a grant that is taken back ends a receive that waits, and its connection", async () => {
  let policy: RevocablePolicy | undefined;
  await using relay = await guest({
    grants(record) {
      policy = revocable(record);
      return policy;
    },
  });
  const joined = peer();
  const call = relay.run([
    open(`ws://127.0.0.1:${port}/chat`),
    ["websocket.recv", 1, 10_000],
    ["websocket.recv", 1, 10_000],
  ]);
  const socket = await joined;
  const closed = gone(socket);
  // The guest waits by now, or will: both ends the same.
  policy?.revoke();
  await closed;
  const [opened, received, again] = JSON.parse((await call).content ?? "[]");
  expect(opened.handle).toBe(1);
  expect(received.error.code).toBe("grant/denied");
  expect(again.error.code).toMatch(/^(?:grant\/denied|host\/closed)$/u);
});

it("[websocket/guest] a deadline and a stop close what is open at the peer", async () => {
  await using relay = await guest();
  for (const end of ["deadline", "stop"]) {
    const joined = peer();
    const steps: readonly Step[] = [
      open(`ws://127.0.0.1:${port}/chat`),
      ["websocket.recv", 1, 20_000],
    ];
    const call = relay.run(steps, end === "deadline" ? { timeoutMs: 1_000 } : {});
    const closed = gone(await joined);
    if (end === "stop") await relay.instance.stop();
    expect((await call).isError).toBe(true);
    await closed;
  }
});
