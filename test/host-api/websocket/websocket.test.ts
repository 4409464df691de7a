import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type WebSocket as Peer, WebSocketServer } from "ws";
import type { GrantRecord } from "../../../src/grants/grants.types.ts";
import { createAuthority, grantRequested, record, revocable } from "../../../src/grants/plan.ts";
import type { HostValue } from "../../../src/host-api/host-api.ts";
import {
  createWebSocketApi,
  type WebSocketApiOptions,
} from "../../../src/host-api/websocket/websocket-api.ts";
import { createWsSockets } from "../../../src/host-api/websocket/ws-socket.node.ts";
import { webSocketLimits } from "../../../src/limits.ts";
import { permit, stubPackage } from "../../grants/stub-package.ts";
import { type Certificates, makeCertificates } from "../http/certificates.ts";

let certificates: Certificates;
let server: HttpsServer;
let sockets: WebSocketServer;
let port: number;
/** What a peer does once it is connected. */
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
  onPeer = (peer) => peer.on("message", (data, isBinary) => peer.send(data, { binary: isBinary }));
});

interface Options extends Partial<WebSocketApiOptions> {
  readonly granted?: object;
  readonly requested?: object;
  readonly policy?: (grants: GrantRecord) => Parameters<typeof createAuthority>[1];
}

/** Opens the API for a plugin that may reach the local server under a name. */
function openApi({ granted = {}, requested = {}, policy, ...options }: Options = {}) {
  const target = { scheme: "wss", host: "api.example.com", port, path_prefixes: ["/socket"] };
  const pkg = stubPackage({
    permissions: [permit.hostApi("websocket")],
    websocket: [{ ...target, ...requested }],
  });
  const grants = grantRequested(pkg, {
    websocket: [{ ...target, allow_private: true, ...granted }],
  });
  const api = createWebSocketApi({
    network: {
      resolve: async () => ["127.0.0.1"],
      webSocket: createWsSockets({ ca: certificates.ca }),
    },
    ...options,
  });
  const authority = createAuthority(pkg, policy?.(grants) ?? grants);
  const session = api.open({ plugin: pkg.identity, authority });
  const call =
    (name: string) =>
    async (
      args: readonly HostValue[],
      { signal = new AbortController().signal, remainingMs = 10_000 } = {},
    ) => {
      const found = session.functions.get(name);
      if (found === undefined) throw new Error(`the API has no function ${name}`);
      return JSON.parse(await found(args, { signal, remainingMs: () => remainingMs }));
    };
  return {
    api,
    functions: [...session.functions.keys()],
    open: (request: unknown = { url: address() }, bounds = {}) =>
      call("open")([JSON.stringify(request)], bounds),
    sendText: (handle: number, text: string) => call("send-text")([handle, text]),
    sendBinary: (handle: number, base64: string) => call("send-binary")([handle, base64]),
    recv: (handle: number, timeoutMs = 0, bounds = {}) => call("recv")([handle, timeoutMs], bounds),
    close: (handle: number) => call("close")([handle]),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

const address = (path = "/socket?token=1") => `wss://api.example.com:${port}${path}`;
const failure = (code: string) => ({ error: expect.objectContaining({ code }) });

describe("a granted connection", () => {
  test("opens, sends, receives and closes, each with its exact answer", async () => {
    await using api = openApi();
    expect(api.functions).toEqual(["open", "send-text", "recv", "close"]);
    expect(await api.open()).toEqual({ handle: 1, url: address("/socket") });
    expect(await api.sendText(1, "héllo")).toEqual({ sent: true, bytes: 6 });
    expect(await api.recv(1)).toEqual({ type: "text", text: "héllo" });
    expect(await api.close(1)).toEqual({ closed: true });
    expect(await api.close(1)).toEqual({ closed: false });
    expect(await api.recv(1)).toEqual(failure("host/closed"));
    expect(await api.sendText(1, "x")).toEqual(failure("host/closed"));
    expect(await api.open()).toMatchObject({ handle: 2 });
  });

  test("gives messages in their order, those that came with the handshake too, then the close", async () => {
    onPeer = (peer) => {
      for (let at = 0; at < 100; at += 1) peer.send(`${at}`);
      peer.close();
    };
    await using api = openApi();
    await api.open();
    for (let at = 0; at < 100; at += 1) {
      expect(await api.recv(1)).toEqual({ type: "text", text: `${at}` });
    }
    expect(await api.recv(1)).toEqual({ type: "closed" });
    expect(await api.recv(1)).toEqual(failure("host/closed"));
  });

  test("can be waited on for a time, and goes on after it", async () => {
    await using api = openApi();
    await api.open();
    expect(await api.recv(1, 30)).toEqual(failure("host/timeout"));
    await api.sendText(1, "still here");
    expect(await api.recv(1)).toEqual({ type: "text", text: "still here" });
  });

  test("takes one receive at a time", async () => {
    await using api = openApi();
    await api.open();
    const first = api.recv(1);
    expect(await api.recv(1)).toEqual(failure("host/busy"));
    await api.sendText(1, "x");
    expect(await first).toEqual({ type: "text", text: "x" });
  });

  test("does not read from its peer while the guest does not wait", async () => {
    let buffered = () => 0;
    onPeer = (peer) => {
      for (let at = 0; at < 500; at += 1)
        peer.send("x".repeat(webSocketLimits.messageBytes.default));
      buffered = () => peer.bufferedAmount;
    };
    await using api = openApi();
    await api.open();
    await api.recv(1);
    expect(await api.recv(1)).toMatchObject({ type: "text" });
    // 32 MB were sent: what was not read waits at the peer.
    expect(buffered()).toBeGreaterThan(8 * 1024 * 1024);
  });
});

describe("what is not allowed is refused before dialing", () => {
  async function refusal(request: unknown, options: Options = {}) {
    let reached = 0;
    const network = {
      resolve: async () => {
        reached += 1;
        return ["93.184.215.14"];
      },
      webSocket: {
        pinsAddresses: true,
        open: async () => {
          reached += 1;
          throw new Error("reached");
        },
      },
    };
    await using api = openApi({ network, ...options });
    const { error } = await api.open(request);
    expect(reached).toBe(0);
    return error.code;
  }

  test.each([
    ["https://api.example.com/socket"],
    ["ws://api.example.com/socket"],
    ["wss://api.example.com/socket"],
    ["wss://other.example.com/socket"],
    ["wss://user:pass@api.example.com/socket"],
    ["wss://127.0.0.1/socket"],
    ["wss://localhost/socket"],
    ["/socket"],
  ])("%s", async (url) => {
    expect(await refusal({ url })).toMatch(/^(?:grant\/denied|host\/invalid-url)$/u);
  });

  test("headers, subprotocols and unknown keys", async () => {
    const url = address();
    const header = { name: "authorization", value: "x" };
    expect(await refusal({ url, headers: [header] })).toBe("host/invalid-request");
    expect(await refusal({ url, protocols: ["graphql-ws"] })).toBe("host/invalid-request");
    expect(await refusal({ url, origin: "x" })).toBe("host/invalid-request");
    expect(await refusal({ url, headers: {} })).toBe("host/invalid-request");
    expect(await refusal(null)).toBe("host/invalid-request");
  });

  test("what either the manifest or the grant does not name", async () => {
    expect(await refusal({ url: address() }, { requested: { host: "x.example" } })).toBe(
      "grant/denied",
    );
    expect(await refusal({ url: address() }, { granted: { host: "x.example" } })).toBe(
      "grant/denied",
    );
  });

  test("a platform that can't check addresses, unless the host accepts that", async () => {
    const webSocket = { pinsAddresses: false, open: async () => Promise.reject(new Error()) };
    await using strict = openApi({ network: { webSocket } });
    expect(await strict.open()).toEqual(failure("host/unsupported"));
    await using lax = openApi({ network: { webSocket }, acceptsUncheckedAddresses: true });
    expect(await lax.open()).toEqual(failure("host/connect"));
  });

  test("an open of more than descriptorBytes", async () => {
    await using api = openApi();
    const padded = (bytes: number) => {
      const query = bytes - JSON.stringify({ url: address("/socket?") }).length;
      return { url: address(`/socket?${"q".repeat(query)}`) };
    };
    const most = webSocketLimits.descriptorBytes.default;
    expect(await api.open(padded(most))).toMatchObject({ handle: 1 });
    expect(await api.open(padded(most + 1))).toEqual(failure("host/too-large"));
  });
});

describe("a private peer", () => {
  test("needs allow_private and its own name on both sides", async () => {
    const outcome = async (options: Options) => {
      await using api = openApi(options);
      return await api.open();
    };
    expect(await outcome({})).toMatchObject({ handle: 1 });
    expect(await outcome({ granted: { allow_private: false } })).toEqual(failure("grant/denied"));
    expect(await outcome({ granted: { host: "*" } })).toEqual(failure("grant/denied"));
    expect(await outcome({ requested: { host: "*" } })).toEqual(failure("grant/denied"));
  });

  test("by address works where that very address is named", async () => {
    const named = { host: "127.0.0.1" };
    await using api = openApi({ granted: named, requested: named });
    expect(await api.open({ url: `wss://127.0.0.1:${port}/socket` })).toMatchObject({ handle: 1 });
  });
});

describe("every use asks again", () => {
  test.each(["sendText", "recv"] as const)(
    "%s after a revocation is denied and closes",
    async (use) => {
      let revoke = () => {};
      const policy = (grants: GrantRecord) => {
        const granted = revocable(record(grants));
        revoke = () => granted.revoke();
        return granted;
      };
      const closed = new Promise((done) => {
        onPeer = (peer) => peer.on("close", done);
      });
      await using api = openApi({ policy });
      await api.open();
      revoke();
      const answer = use === "recv" ? await api.recv(1) : await api.sendText(1, "x");
      expect(answer.error.code).toMatch(/^grant\//u);
      await closed;
      expect(await api.recv(1)).toEqual(failure("host/closed"));
    },
  );
});

describe("openHandles", () => {
  const most = webSocketLimits.openHandles.default;

  test("are the most, and closing one makes room", async () => {
    await using api = openApi();
    for (let at = 1; at <= most; at += 1) expect(await api.open()).toMatchObject({ handle: at });
    expect(await api.open()).toEqual(failure("host/busy"));
    await api.close(2);
    expect(await api.open()).toMatchObject({ handle: most + 1 });
  });

  test("count connections that are still opening", async () => {
    await using api = openApi();
    const answers = await Promise.all(Array.from({ length: most + 2 }, () => api.open()));
    expect(answers.filter((answer) => "handle" in answer)).toHaveLength(most);
    expect(answers.filter((answer) => answer.error?.code === "host/busy")).toHaveLength(2);
  });

  test("are not used up by opens that fail, or by peers that went", async () => {
    const granted = { port: undefined };
    await using failing = openApi({ granted, requested: granted, openTimeoutMs: 200 });
    const nowhere = { url: "wss://api.example.com/socket" };
    for (let at = 0; at < most + 1; at += 1) {
      expect((await failing.open(nowhere)).error.code).toMatch(/^host\/(?:connect|timeout)$/u);
    }
    onPeer = (peer) => peer.close();
    await using api = openApi();
    for (let at = 1; at <= most + 1; at += 1) {
      expect(await api.open()).toMatchObject({ handle: at });
      expect(await api.recv(at)).toEqual({ type: "closed" });
    }
  });
});

describe("messages are bounded", () => {
  test("sentBytes", async () => {
    const most = webSocketLimits.sentBytes.default;
    await using api = openApi();
    await api.open();
    expect(await api.sendText(1, "x".repeat(most))).toEqual({ sent: true, bytes: most });
    expect(await api.sendText(1, "x".repeat(most + 1))).toEqual(failure("host/too-large"));
    expect(await api.sendText(1, `é${"x".repeat(most - 1)}`)).toEqual(failure("host/too-large"));
    expect(await api.sendText(1, "\ud800")).toEqual(failure("host/invalid-request"));
    expect((await api.recv(1)).text).toHaveLength(most);
  });

  test.each([1, 4])("messageBytes, in %i frames", async (frames) => {
    const most = webSocketLimits.messageBytes.default;
    onPeer = (peer) => {
      for (const size of [most, most + frames]) {
        const part = "x".repeat(size / frames);
        for (let at = 1; at <= frames; at += 1) peer.send(part, { fin: at === frames });
      }
    };
    await using api = openApi();
    await api.open();
    expect((await api.recv(1)).text).toHaveLength(most);
    expect(await api.recv(1)).toEqual(failure("host/too-large"));
    expect(await api.recv(1)).toEqual(failure("host/closed"));
  });

  test("queuedBytes, of a platform that can't pause", async () => {
    const most = webSocketLimits.queuedBytes.default / webSocketLimits.messageBytes.default;
    const flood = (count: number): WebSocketApiOptions["network"]["webSocket"] => ({
      pinsAddresses: true,
      open: async (_, listener) => {
        const message = "x".repeat(webSocketLimits.messageBytes.default - 16);
        for (let at = 0; at < count; at += 1) listener.message(message);
        return { send: async () => {}, resume() {}, pause() {}, close: async () => {} };
      },
    });
    const ends = async (count: number) => {
      await using api = openApi({
        network: { resolve: async () => ["127.0.0.1"], webSocket: flood(count) },
      });
      await api.open();
      for (let at = 0; at < most; at += 1)
        expect(await api.recv(1)).toMatchObject({ type: "text" });
      return await api.recv(1, 20);
    };
    expect(await ends(most)).toEqual(failure("host/timeout"));
    expect(await ends(most + 1)).toEqual(failure("host/too-large"));
  });

  test("a text that is no UTF-8 ends the connection", async () => {
    onPeer = (peer) => peer.send(new Uint8Array([0xff, 0xfe]), { binary: false });
    await using api = openApi();
    await api.open();
    expect(await api.recv(1)).toEqual(failure("host/protocol"));
  });

  test("controlFrames of one receive", async () => {
    const most = webSocketLimits.controlFrames.default;
    const pings = (count: number) => {
      onPeer = (peer) => {
        for (let at = 0; at < count; at += 1) peer.ping();
        peer.send("after");
      };
    };
    pings(most);
    await using api = openApi();
    await api.open();
    expect(await api.recv(1)).toEqual({ type: "text", text: "after" });
    pings(most + 1);
    await api.open();
    expect(await api.recv(2)).toEqual(failure("host/protocol"));
  });
});

describe("binary messages", () => {
  test("are an error in 1.0.0, and the connection goes on", async () => {
    onPeer = (peer) => {
      peer.send(new Uint8Array([1, 2, 3]));
      peer.send("text");
    };
    await using api = openApi();
    expect(api.api.interface).toBe("yoi:host/websocket@1.0.0");
    await api.open();
    expect(await api.recv(1)).toEqual(failure("host/protocol"));
    expect(await api.recv(1)).toEqual({ type: "text", text: "text" });
  });

  test("travel in base64 in 1.1.0", async () => {
    await using api = openApi({ version: "1.1.0" });
    expect(api.api.interface).toBe("yoi:host/websocket@1.1.0");
    await api.open();
    expect(await api.sendBinary(1, "AP8Q")).toEqual({ sent: true, bytes: 3 });
    expect(await api.recv(1)).toEqual({ type: "binary", base64: "AP8Q" });
    expect(await api.sendText(1, "text")).toEqual({ sent: true, bytes: 4 });
    expect(await api.recv(1)).toEqual({ type: "text", text: "text" });
    expect(await api.sendBinary(1, "")).toEqual({ sent: true, bytes: 0 });
    for (const text of ["A", "AP8", "AP8=\n", "AP-_", "AR==", "A===", "AP8Q===="]) {
      expect(await api.sendBinary(1, text), text).toEqual(failure("host/invalid-request"));
    }
    const most = webSocketLimits.sentBytes.default;
    const base64 = (size: number) => Buffer.alloc(size).toString("base64");
    expect(await api.sendBinary(1, base64(most))).toEqual({ sent: true, bytes: most });
    expect(await api.sendBinary(1, base64(most + 1))).toEqual(failure("host/too-large"));
  });
});

describe("a connection ends", () => {
  const closing = () =>
    new Promise<number>((done) => {
      onPeer = (peer) => peer.on("close", done);
    });

  test("with its instance, whoever waits on it", async () => {
    const closed = closing();
    const api = openApi();
    await api.open();
    const waiting = api.recv(1);
    await api[Symbol.asyncDispose]();
    expect(await waiting).toEqual(failure("host/aborted"));
    await closed;
    expect(await api.open()).toEqual(failure("host/closed"));
  });

  test("with its instance while it still opens", async () => {
    const api = openApi({
      network: {
        resolve: () => new Promise(() => {}),
        webSocket: createWsSockets(),
      },
    });
    const opening = api.open();
    await api[Symbol.asyncDispose]();
    expect(await opening).toEqual(failure("host/aborted"));
  });

  test("after handleAgeMs", async () => {
    const closed = closing();
    await using api = openApi({ handleAgeMs: 50 });
    await api.open();
    expect(await api.recv(1, 5_000)).toEqual({ type: "closed" });
    await closed;
    expect(await api.recv(1)).toEqual(failure("host/closed"));
  });

  test("though its peer does not answer the goodbye, after closeGraceMs", async () => {
    const cut = new Promise((done) => {
      onPeer = (peer) => {
        peer.pause();
        (peer as unknown as { _socket: NodeJS.EventEmitter })._socket.once("close", done);
      };
    });
    const before = performance.now();
    {
      await using api = openApi();
      await api.open();
    }
    expect(performance.now() - before).toBeGreaterThanOrEqual(
      webSocketLimits.closeGraceMs.default - 5,
    );
    for (const peer of sockets.clients) peer.terminate();
    await cut;
  });

  test("not with an aborted receive", async () => {
    await using api = openApi();
    await api.open();
    const stop = new AbortController();
    const waiting = api.recv(1, 0, { signal: stop.signal });
    stop.abort();
    expect(await waiting).toEqual(failure("host/aborted"));
    await api.sendText(1, "x");
    expect(await api.recv(1)).toEqual({ type: "text", text: "x" });
  });
});

describe("a peer that is none", () => {
  async function openTo(bytes: string, options: Options = {}) {
    const raw = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => void (bytes === "" || socket.end(bytes)));
    });
    await new Promise<void>((done) => raw.listen(0, "127.0.0.1", done));
    const target = { scheme: "ws", port: (raw.address() as AddressInfo).port };
    const api = openApi({ granted: target, requested: target, ...options });
    const answer = await api.open({ url: `ws://api.example.com:${target.port}/socket` });
    await api[Symbol.asyncDispose]();
    await new Promise((done) => raw.close(done));
    return answer.error.code;
  }

  test.each([
    ["HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"],
    ["HTTP/1.1 302 Found\r\nlocation: ws://127.0.0.1/\r\n\r\n"],
    ["HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"],
    ["nonsense\r\n\r\n"],
  ])("%j is an error", async (bytes) => {
    expect(await openTo(bytes)).toMatch(/^host\/(?:protocol|connect)$/u);
  });

  test("and says nothing is given up after openTimeoutMs", async () => {
    expect(await openTo("", { openTimeoutMs: 100 })).toBe("host/timeout");
  });

  test("an unknown certificate authority is refused", async () => {
    await using api = openApi({
      network: { resolve: async () => ["127.0.0.1"], webSocket: createWsSockets() },
    });
    expect(await api.open()).toEqual(failure("host/tls"));
  });
});
