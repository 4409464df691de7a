import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type WebSocket as Peer, WebSocketServer } from "ws";
import type { IngressReport } from "../../src/instance/ingress.types.ts";
import { driverLimits, webSocketLimits } from "../../src/limits.ts";
import { type Certificates, makeCertificates } from "../host-api/http/certificates.ts";
import { queueFull, until } from "./driver-host.ts";
import { openSourceAt, type SourceSetting } from "./websocket-room.ts";

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
const openSource = (setting: SourceSetting = {}) => openSourceAt(port, certificates.ca, setting);

/** Resolves when the server has no connection left. */
const deserted = () => until(() => sockets.clients.size === 0, "no connection is left");

describe("[drivers/ws-feeds] a source that is granted", () => {
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
    expect(source.session.status()).toEqual({
      driver: "websocket",
      ingress: "inbox",
      source: `websocket:${shown()}`,
      state: "connected",
      received: 50,
      sent: 0,
      dropped: 0,
      sendFailures: 0,
      reconnects: 0,
      lastEventAt: expect.stringMatching(/^\d{4}-.*Z$/u),
    });
  });

  test.each([
    ["websocket:wss", true],
    ["WSS", true],
    ["ws", true],
    ["https", false],
    ["timer:wss", false],
  ])("%s:// is its own: %s", async (scheme, isServed) => {
    await using source = await openSource();
    expect(source.driver.serves(`${scheme}://x/`)).toBe(isServed);
  });

  test("is opened by its bare URL as well", async () => {
    onPeer = (peer) => peer.send("hello");
    await using source = await openSource({ source: address() });
    await until(() => source.events.length === 1);
  });

  test("tells of a connection only where the ingress lists that kind", async () => {
    onPeer = (peer) => {
      peer.send("hello");
      peer.close();
    };
    await using plain = await openSource();
    await until(() => plain.session.status().reconnects > 1);
    expect(plain.kinds()).not.toContain("websocket_open");

    await using told = await openSource({ eventKinds: ["websocket_open", "websocket_text"] });
    await until(() => told.session.status().reconnects > 1);
    const open = told.events.filter(({ kind }) => kind === "websocket_open");
    expect(open.slice(0, 2).map(({ payload }) => payload)).toEqual([
      { url: shown(), reconnects: 0 },
      { url: shown(), reconnects: 1 },
    ]);
    expect(told.kinds()[0]).toBe("websocket_open");
  });

  test("tells of a goodbye with its code and reason, and comes back", async () => {
    onPeer = (peer) => peer.close(4001, "see you \u202e later");
    await using source = await openSource();
    await until(() => source.events.length > 1);
    expect(source.events[0]).toEqual({
      kind: "websocket_close",
      payload: { url: shown(), code: 4001, reason: "see you   later" },
    });
  });

  test("tells of a connection that broke, and comes back", async () => {
    let comings = 0;
    onPeer = (peer) => {
      comings += 1;
      if (comings === 1) peer.terminate();
      else peer.send("back");
    };
    await using source = await openSource();
    await until(() => source.kinds().includes("websocket_text"));
    expect(source.events[0]?.payload).toEqual({ url: shown(), reason: "" });
    expect(source.session.status()).toMatchObject({ state: "connected", reconnects: 1 });
  });
});

describe("[drivers/ws-sends] text that a guest asks to send", () => {
  const heard: string[] = [];
  beforeEach(() => {
    heard.length = 0;
    onPeer = (peer) => peer.on("message", (data) => heard.push(String(data)));
  });

  test("goes over the connection, by the URL with or without its query", async () => {
    await using source = await openSource();
    await source.is("connected");
    for (const url of [address(), shown(), `WSS://API.example.com.:${port}/room#x`]) {
      expect(await source.session.send?.(url, url)).toEqual({
        sent: true,
        message: "The message was sent.",
      });
    }
    await until(() => heard.length === 3);
    expect(source.session.status()).toMatchObject({ sent: 3, sendFailures: 0 });
  });

  test("is not this source's when the URL is another", async () => {
    await using source = await openSource();
    for (const url of [address("/room?token=2"), address("/"), "wss://x/", "", "%"]) {
      expect(source.session.send?.(url, "x")).toBeUndefined();
    }
    expect(source.session.status().sendFailures).toBe(0);
  });

  test("has at most sentBytes and is Unicode", async () => {
    await using source = await openSource();
    await source.is("connected");
    const most = webSocketLimits.sentBytes.default;
    const send = async (text: string) => (await source.session.send?.(shown(), text))?.sent;
    expect(await send("x".repeat(most))).toBe(true);
    expect(await send("x".repeat(most + 1))).toBe(false);
    expect(await send("é".repeat(most / 2))).toBe(true);
    expect(await send(`é${"x".repeat(most - 1)}`)).toBe(false);
    expect(await send("\ud800")).toBe(false);
    expect(source.session.status()).toMatchObject({ sent: 2, sendFailures: 3, state: "connected" });
  });

  test("fails while there is no connection", async () => {
    await using source = await openSource({ at: 1 });
    expect(await source.session.send?.(source.url, "x")).toEqual({
      sent: false,
      message: "The connection is not open now.",
    });
  });

  test("waits for the peer with at most waitingSends others, while the peer is not read", async () => {
    let give = (_: Partial<IngressReport>) => {};
    onPeer = (peer) => peer.send("hello");
    await using source = await openSource({
      take: () => new Promise<Partial<IngressReport>>((resolve) => (give = resolve)),
    });
    await until(() => source.events.length === 1);
    const most = driverLimits.waitingSends.default;
    const sends = Array.from({ length: most + 1 }, () => source.session.send?.(shown(), "x"));
    const sent = (await Promise.all(sends)).map((result) => result?.sent);
    expect(sent).toEqual([...Array.from({ length: most }, () => true), false]);
    give({});
  });
});

describe("[drivers/ws-grants] a source without its grant", () => {
  test("is refused at once, before the network is touched", async () => {
    await expect(openSource({ isGranted: false })).rejects.toThrow(
      expect.objectContaining({ code: "grant/denied" }),
    );
  });

  test.each(["websocket:", "websocket:https://x/", "wss://user:pass@x/", "websocket:wss:// x"])(
    "%j is refused as no URL",
    async (source) => {
      await expect(openSource({ source })).rejects.toThrow(
        expect.objectContaining({ code: "ingress/invalid-source" }),
      );
    },
  );

  test("closes within grantCheckMs while it is idle, and stays closed", async () => {
    await using source = await openSource();
    await source.is("connected");
    source.revoke();
    await source.is("failed");
    await deserted();
    expect(source.events).toEqual([]);
    expect(source.diagnostics.map(({ code }) => code)).toEqual(["grant/denied"]);
    expect(source.session.status().lastError).toBe("The grant was revoked.");
    expect((await source.session.send?.(shown(), "x"))?.sent).toBe(false);
  });

  test("passes on nothing that comes after its grant is gone", async () => {
    let peer: Peer | undefined;
    onPeer = (one) => {
      peer = one;
    };
    await using source = await openSource();
    await source.is("connected");
    source.revoke();
    peer?.send("late");
    await source.is("failed");
    expect(source.events).toEqual([]);
  });

  test("sends nothing, though only a policy knows of it", async () => {
    let mayGoOn = true;
    const heard: string[] = [];
    onPeer = (peer) => peer.on("message", (data) => heard.push(String(data)));
    await using source = await openSource({ decide: () => mayGoOn });
    await source.is("connected");
    expect((await source.session.send?.(shown(), "first"))?.sent).toBe(true);
    mayGoOn = false;
    expect((await source.session.send?.(shown(), "second"))?.sent).toBe(false);
    await source.is("failed");
    await deserted();
    expect(heard).toEqual(["first"]);
  });

  test("is not connected anew, and the policy is asked once more, not for ever", async () => {
    let asked = 0;
    onPeer = (peer) => peer.close();
    await using source = await openSource({
      decide: () => {
        asked += 1;
        return asked < 3;
      },
    });
    await source.is("failed");
    expect(asked).toBe(3);
  });
});

describe("[drivers/ws-pressure] a peer that sends more than the guest takes", () => {
  test("is not read while an event is on its way", async () => {
    let buffered = () => 0;
    onPeer = (peer) => {
      for (let at = 0; at < 500; at += 1) {
        peer.send("x".repeat(webSocketLimits.messageBytes.default));
      }
      buffered = () => peer.bufferedAmount;
    };
    let take = (_: Partial<IngressReport>) => {};
    await using source = await openSource({
      take: () => new Promise<Partial<IngressReport>>((resolve) => (take = resolve)),
    });
    await until(() => source.events.length === 1);
    let last = -1;
    await until(() => {
      const isStill = buffered() === last;
      last = buffered();
      return isStill;
    }, "the peer can send no more");
    expect(source.events).toHaveLength(1);
    // What the systems buffer on both sides is a few MiB of the 32.
    expect(buffered()).toBeGreaterThan(16 * 1024 * 1024);
    for (let at = 0; at < 20; at += 1) {
      take({});
      await until(() => source.events.length === at + 2);
    }
  });

  test("waits roomWaitMs for a full queue, then loses events that are counted and told of once", async () => {
    const waits: (number | undefined)[] = [];
    onPeer = (peer) => {
      for (let at = 0; at < 10; at += 1) peer.send(`${at}`);
    };
    await using source = await openSource({
      take: (_, options) => {
        waits.push(options?.waitMs);
        return queueFull;
      },
    });
    await until(() => source.session.status().dropped === 10);
    expect(source.diagnostics.map(({ code }) => code)).toEqual(["ingress/queue-full"]);
    expect(new Set(waits)).toEqual(new Set([driverLimits.roomWaitMs.default]));
    expect(source.session.status()).toMatchObject({
      state: "connected",
      received: 10,
      lastError: "The queue is full.",
    });
  });

  test("loses binary messages, which are counted and told of once", async () => {
    onPeer = (peer) => {
      for (let at = 0; at < 5; at += 1) peer.send(new Uint8Array(8));
      peer.send("text");
    };
    await using source = await openSource();
    await until(() => source.events.length === 1);
    expect(source.kinds()).toEqual(["websocket_text"]);
    expect(source.session.status().dropped).toBe(5);
    expect(source.diagnostics).toHaveLength(1);
  });
});

describe("[drivers/ws-ends] a source that is over", () => {
  test.each(["dispose", "stop"])("by %s leaves no connection behind", async (how) => {
    const source = await openSource();
    await source.is("connected");
    if (how === "stop") source.stop();
    await source.session[Symbol.asyncDispose]();
    await deserted();
    expect(source.session.status().state).toBe("closed");
    expect(source.events).toEqual([]);
  });

  test.each(["instance/failed", "instance/stopped"] as const)(
    "because of %s for good does not go on reading",
    async (code) => {
      onPeer = (peer) => {
        for (let at = 0; at < 5; at += 1) peer.send(`${at}`);
      };
      const error = { code, message: "It is over.", isRetryable: false };
      await using source = await openSource({ take: () => ({ error }) });
      await source.is("failed");
      await deserted();
      expect(source.events).toHaveLength(1);
      expect(source.session.status()).toMatchObject({ dropped: 1, lastError: "It is over." });
    },
  );

  test("is not while the instance may recover, or failed at one event", async () => {
    onPeer = (peer) => {
      for (let at = 0; at < 5; at += 1) peer.send(`${at}`);
    };
    const error = { code: "instance/failed", message: "x", isRetryable: false } as const;
    const reports = [{ error: { ...error, isRetryable: true } }, { error, attempts: 1 }];
    await using source = await openSource({ take: () => reports.shift() ?? {} });
    await until(() => source.events.length === 5);
    expect(source.session.status()).toMatchObject({ state: "connected", dropped: 2 });
  });

  test("while its event is on its way does not wait for it", async () => {
    onPeer = (peer) => peer.send("hello");
    const source = await openSource({ take: () => new Promise(() => {}) });
    await until(() => source.events.length === 1);
    await source.session[Symbol.asyncDispose]();
    await deserted();
  });

  test("before it began connects nowhere", async () => {
    let comings = 0;
    onPeer = () => {
      comings += 1;
    };
    const source = await openSource({ isStopped: true });
    await source.session[Symbol.asyncDispose]();
    expect(comings).toBe(0);
  });

  test("is disposed twice without harm", async () => {
    const source = await openSource();
    await source.is("connected");
    await Promise.all([
      source.session[Symbol.asyncDispose](),
      source.session[Symbol.asyncDispose](),
    ]);
    await source.session[Symbol.asyncDispose]();
    await deserted();
  });
});
