import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type WebSocket as Peer, WebSocketServer } from "ws";
import { createWebSocketDriver } from "../../src/drivers/websocket-driver.ts";
import { createAuthority, grantRequested, revocable } from "../../src/grants/plan.ts";
import { createNodeNetwork } from "../../src/host-api/network.node.ts";
import type { DriverContext, DriverSession } from "../../src/instance/ingress.types.ts";
import { permit, stubPackage } from "../grants/stub-package.ts";
import { type Certificates, makeCertificates } from "../host-api/http/certificates.ts";
import { driverHost, queueFull, type Take, until } from "./driver-host.ts";

let certificates: Certificates;
let server: HttpsServer;
let sockets: WebSocketServer;
let port: number;
let onPeer: (peer: Peer) => void = () => {};

beforeAll(async () => {
  certificates = makeCertificates();
  server = createHttpsServer({ key: certificates.key, cert: certificates.cert });
  sockets = new WebSocketServer({ server });
  sockets.on("connection", (peer) => {
    peer.on("error", () => {});
    onPeer(peer);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  port = (server.address() as AddressInfo).port;
});

afterAll(async () => {
  for (const peer of sockets.clients) peer.terminate();
  sockets.close();
  await new Promise((done) => server.close(done));
});

beforeEach(() => {
  onPeer = () => {};
});

const address = (path = "/room?token=1") => `wss://api.example.com:${port}${path}`;
const shown = () => address("/room");

type Options = Partial<Parameters<typeof createWebSocketDriver>[0]>;

interface Setting {
  readonly source?: string;
  readonly take?: Take;
  readonly eventKinds?: readonly string[];
  readonly options?: Options;
  readonly at?: number;
  readonly granted?: boolean;
}

/** Opens a source for a plugin that may reach the local server under a name. */
async function openSource({ source, take, eventKinds, options, at, granted = true }: Setting = {}) {
  const target = {
    scheme: "wss",
    host: "api.example.com",
    port: at ?? port,
    path_prefixes: ["/room"],
  };
  const pkg = stubPackage({ permissions: [permit.hostApi("websocket")], websocket: [target] });
  const grants = grantRequested(pkg, { websocket: [{ ...target, allow_private: true }] });
  const policy = revocable(granted ? grants : { ...grants, websocket: [] });
  const host = driverHost(source ?? `websocket:${address()}`, {
    authority: createAuthority(pkg, policy),
    ...(take !== undefined && { take }),
    ...(eventKinds !== undefined && { eventKinds }),
  } satisfies Partial<DriverContext> & { take?: Take });
  const network = createNodeNetwork({ ca: certificates.ca });
  const driver = createWebSocketDriver({
    network: { ...network, resolve: async () => ["127.0.0.1"] },
    firstReconnectMs: 5,
    lastReconnectMs: 20,
    ...options,
  });
  const session: DriverSession = await driver.open(host.context);
  return {
    ...host,
    session,
    revoke: () => policy.revoke(),
    is: (state: string) => until(() => session.status().state === state, `state ${state}`),
    kinds: () => host.events.map(({ kind }) => kind),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

describe("a source that is granted", () => {
  test("passes on text in its order, with a URL that shows no query", async () => {
    onPeer = (peer) => {
      for (let at = 0; at < 50; at += 1) peer.send(`${at}`);
    };
    await using source = await openSource();
    await until(() => source.events.length === 50);
    expect(source.events.map(({ payload }) => payload)).toEqual(
      Array.from({ length: 50 }, (_, at) => ({ url: shown(), text: `${at}` })),
    );
    expect(new Set(source.kinds())).toEqual(new Set(["websocket_text"]));
    expect(source.session.status()).toMatchObject({
      driver: "websocket",
      ingress: "inbox",
      source: shown(),
      state: "connected",
      received: 50,
      dropped: 0,
    });
    expect(JSON.stringify(source.session.status())).not.toContain("token");
  });
});
void queueFull;
