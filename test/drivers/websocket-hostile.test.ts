import { createHash } from "node:crypto";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { webSocketLimits } from "../../src/limits.ts";
import { makeCertificates } from "../host-api/http/certificates.ts";
import { until } from "./driver-host.ts";
import { openSourceAt, type SourceSetting } from "./websocket-room.ts";

const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.splice(0).map((one) => new Promise((done) => one.close(done))));
});

/** A peer at the level of TCP, which can do what no library lets it. */
async function listen(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    onSocket(socket);
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return (server.address() as AddressInfo).port;
}

/** Shakes hands properly; what follows is the test's own. */
function shakeHands(socket: Socket, then: () => void): void {
  socket.once("data", (head) => {
    const key = /^sec-websocket-key: (.*)$/imu.exec(String(head))?.[1]?.trim() ?? "";
    const accept = createHash("sha1")
      .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    );
    then();
  });
}

/** A frame as a server sends it: unmasked, its length in the form that it has. */
function frame(first: number, payload: Uint8Array): Uint8Array {
  const head =
    payload.length < 126
      ? [first, payload.length]
      : [first, 126, payload.length >> 8, payload.length & 0xff];
  return Buffer.concat([Uint8Array.from(head), payload]);
}

const open = (port: number, setting: SourceSetting = {}) =>
  openSourceAt(port, "", { scheme: "ws", ...setting });

describe("[drivers/ws-hostile] a peer that is up to no good", () => {
  test("with a frame of 1 GB is cut off before it comes", async () => {
    const port = await listen((socket) => {
      shakeHands(socket, () => {
        const head = Buffer.alloc(10);
        head.set([0x81, 127]);
        head.writeBigUInt64BE(1n << 30n, 2);
        socket.write(head);
      });
    });
    await using source = await open(port);
    await until(() => source.session.status().reconnects > 0);
    expect(source.events[0]).toMatchObject({
      kind: "websocket_error",
      payload: { error: expect.stringContaining("than may wait") },
    });
  });

  test("with a message of endless frames is cut off at its bound", async () => {
    let written = 0;
    const port = await listen((socket) => {
      shakeHands(socket, () => {
        const piece = new Uint8Array(60_000);
        const more = (isFirst: boolean) => {
          written += piece.length;
          if (socket.write(frame(isFirst ? 0x01 : 0x00, piece))) setImmediate(more, false);
          else socket.once("drain", () => more(false));
        };
        more(true);
      });
    });
    await using source = await open(port, { options: { firstReconnectMs: 10_000 } });
    await until(() => source.events.length > 0);
    expect(source.events[0]?.kind).toBe("websocket_error");
    // What the systems had buffered by then.
    expect(written).toBeLessThan(64 * 1024 * 1024);
  });

  test("with a flood of pings is cut off", async () => {
    const port = await listen((socket) => {
      shakeHands(socket, () => {
        for (let at = 0; at < 1_000; at += 1) socket.write(frame(0x89, new Uint8Array()));
      });
    });
    await using source = await open(port);
    await until(() => source.session.status().reconnects > 0);
    expect(source.events[0]).toMatchObject({
      kind: "websocket_error",
      payload: { error: expect.stringContaining("too many pings") },
    });
  });

  test.each([
    ["text that is no UTF-8", frame(0x81, Uint8Array.of(0xff, 0xfe))],
    ["a masked frame", Uint8Array.of(0x81, 0x81, 1, 2, 3, 4, 5)],
    ["a frame of an unknown kind", frame(0x83, new Uint8Array(1))],
    ["a compressed frame that nobody agreed on", frame(0xc1, new Uint8Array(1))],
    ["not the protocol at all", new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n")],
  ])("with %s is cut off", async (_, bytes) => {
    const port = await listen((socket) => shakeHands(socket, () => socket.write(bytes)));
    await using source = await open(port);
    await until(() => source.session.status().reconnects > 0);
    expect(source.events[0]?.kind).toBe("websocket_error");
  });

  test("that vanished without a word is given up after keepAliveMs and pongMs", async () => {
    let comings = 0;
    const port = await listen((socket) => {
      comings += 1;
      shakeHands(socket, () => {});
    });
    await using source = await open(port, { options: { keepAliveMs: 20, pongMs: 20 } });
    await until(() => comings > 1);
    expect(source.events[0]).toMatchObject({
      kind: "websocket_error",
      payload: { error: "The peer gave no sign of life." },
    });
  });

  test("that has nothing to say but answers pings is kept", async () => {
    let pings = 0;
    const port = await listen((socket) => {
      shakeHands(socket, () => {
        socket.on("data", (data) => {
          if ((data[0] ?? 0) !== 0x89) return;
          pings += 1;
          socket.write(frame(0x8a, new Uint8Array()));
        });
      });
    });
    await using source = await open(port, { options: { keepAliveMs: 10, pongMs: 500 } });
    await until(() => pings > 3);
    expect(source.session.status()).toMatchObject({ state: "connected", reconnects: 0 });
  });

  test("that answers pings with nothing but talk is kept as well", async () => {
    let pings = 0;
    const port = await listen((socket) => {
      shakeHands(socket, () => {
        socket.on("data", (data) => {
          if ((data[0] ?? 0) !== 0x89) return;
          pings += 1;
          socket.write(frame(0x81, new TextEncoder().encode("what?")));
        });
      });
    });
    await using source = await open(port, { options: { keepAliveMs: 10, pongMs: 500 } });
    await until(() => pings > 3);
    expect(source.session.status()).toMatchObject({ state: "connected", reconnects: 0 });
  });

  test("that never answers a goodbye is cut off after closeGraceMs", async () => {
    const port = await listen((socket) => shakeHands(socket, () => {}));
    const source = await open(port);
    await source.is("connected");
    const startedAt = performance.now();
    await source.session[Symbol.asyncDispose]();
    expect(performance.now() - startedAt).toBeLessThan(webSocketLimits.closeGraceMs.default * 4);
    await until(() => sockets.size === 0);
  });

  test("that accepts and never shakes hands is given up after openTimeoutMs", async () => {
    let comings = 0;
    const port = await listen(() => {
      comings += 1;
    });
    await using source = await open(port, { options: { openTimeoutMs: 30 } });
    await until(() => comings > 2);
    expect(source.events).toEqual([]);
    expect(source.diagnostics.map(({ code }) => code)).toEqual(["host/timeout"]);
    expect(source.session.status().lastError).toContain("30 ms");
  });

  test("that drips its handshake byte by byte is given up as well", async () => {
    const port = await listen((socket) => {
      const drip = setInterval(() => socket.write("H"), 5);
      socket.on("close", () => clearInterval(drip));
    });
    await using source = await open(port, { options: { openTimeoutMs: 60 } });
    await until(() => source.session.status().reconnects > 0);
    expect(source.diagnostics).toHaveLength(1);
  });

  test("is left at once when the source is disposed in mid handshake", async () => {
    const port = await listen((socket) => socket.resume());
    const source = await open(port);
    await until(() => sockets.size === 1);
    await source.session[Symbol.asyncDispose]();
    await until(() => sockets.size === 0);
    expect(source.diagnostics).toEqual([]);
  });

  test.each([
    ["redirects", "HTTP/1.1 302 Found\r\nlocation: ws://127.0.0.1:1/room\r\n\r\n"],
    ["answers as a web server", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"],
    [
      "agrees on another key",
      "HTTP/1.1 101 x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: x\r\n\r\n",
    ],
    ["answers with an endless head", `HTTP/1.1 101 x\r\nx: ${"y".repeat(100_000)}`],
  ])("that %s is not followed, only tried again", async (_, answer) => {
    const port = await listen((socket) => socket.once("data", () => socket.end(answer)));
    await using source = await open(port);
    await until(() => source.session.status().reconnects > 1);
    expect(source.events).toEqual([]);
    expect(source.diagnostics.map(({ code }) => code)).toEqual(["host/protocol"]);
    expect(source.diagnostics[0]?.message).not.toContain("token");
  });

  test("with a certificate that nobody vouches for is not connected to", async () => {
    const { key, cert } = makeCertificates();
    const server = createHttpsServer({ key, cert });
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const { ca } = makeCertificates();
    await using source = await openSourceAt(port, ca, {});
    await until(() => source.session.status().reconnects > 0);
    expect(source.diagnostics.map(({ code }) => code)).toEqual(["host/tls"]);
  });
});

test("[drivers/ws-hostile] whatever bytes a peer sends, the source goes on and gives only text", async () => {
  const framed = fc
    .tuple(fc.constantFrom(0x81, 0x01, 0x80, 0x82, 0x88, 0x89, 0x8a, 0xc1), fc.uint8Array())
    .map(([first, payload]) => frame(first, payload));
  const samples = fc.sample(
    fc.array(fc.oneof(fc.uint8Array({ maxLength: 64 }), framed), { maxLength: 6 }),
    { numRuns: 150, seed: 7 },
  );
  let comings = 0;
  const port = await listen((socket) => {
    const sample = samples[comings] ?? [];
    comings += 1;
    shakeHands(socket, () => {
      for (const bytes of sample) socket.write(bytes);
      socket.end();
    });
  });
  await using source = await open(port, { options: { firstReconnectMs: 1, lastReconnectMs: 1 } });
  await until(() => comings > samples.length);
  for (const { kind, payload } of source.events) {
    expect(["websocket_text", "websocket_close", "websocket_error"]).toContain(kind);
    expect(JSON.stringify(payload)).not.toMatch(/\p{Surrogate}/u);
  }
  expect(source.events.some(({ kind }) => kind === "websocket_text")).toBe(true);
  expect(source.session.status().state).not.toBe("failed");
});
