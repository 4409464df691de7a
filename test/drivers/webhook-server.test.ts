import { createServer, request as httpRequest, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createNodeListener } from "../../src/drivers/webhook-listener.node.ts";
import { webhookLimits } from "../../src/limits.ts";
import { until } from "./driver-host.ts";
import { hmac, openWebhook } from "./webhook-sender.ts";

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers) server.closeAllConnections();
  await Promise.all(servers.splice(0).map((one) => new Promise((done) => one.close(done))));
});

/** A webhook in a server of node:http, as a host mounts it. */
async function serve(options: Parameters<typeof openWebhook>[0] = {}) {
  const webhook = await openWebhook(options);
  const server = createServer(createNodeListener((request) => webhook.driver.handle(request)));
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  let connections = 0;
  server.on("connection", (socket) => {
    connections += 1;
    socket.on("close", () => {
      connections -= 1;
    });
  });
  return { ...webhook, port, connections: () => connections };
}

const path = "/hooks/project:example.echo/github";
const signed = (body: string) => ({
  "content-type": "application/json",
  "x-hub-signature-256": `sha256=${hmac(body).digest("hex")}`,
});

/** Sends a request by hand; `write` says what goes out. */
function exchange(
  port: number,
  headers: Readonly<Record<string, string>>,
  write: (send: ReturnType<typeof httpRequest>) => void,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sending = httpRequest({ port, path, method: "POST", headers, agent: false }, (answer) => {
      answer.resume();
      resolve(answer);
    });
    sending.on("error", reject);
    write(sending);
  });
}

/** Speaks HTTP byte by byte. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    let heard = "";
    socket.on("data", (data) => {
      heard += data;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(heard));
  });
}

describe("[webhook/server] a webhook in a real server", () => {
  test("takes what fetch sends, in one piece or many", async () => {
    const { port, events } = await serve();
    const body = JSON.stringify({ text: "é".repeat(5_000) });
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: "POST",
      headers: signed(body),
      body,
    });
    expect([answer.status, await answer.text()]).toEqual([202, ""]);
    const chunked = await exchange(port, signed(body), (sending) => {
      for (const byte of Buffer.from(body)) sending.write(Uint8Array.of(byte));
      sending.end();
    });
    expect(chunked.statusCode).toBe(202);
    expect(events.map(({ payload }) => (payload as { body: unknown }).body)).toEqual([
      JSON.parse(body),
      JSON.parse(body),
    ]);
  });

  test("answers an endless body with 413 and cuts it off, reading little of it", async () => {
    const { port, connections } = await serve();
    let written = 0;
    const answer = await exchange(port, signed("x"), (sending) => {
      sending.on("error", () => {});
      const piece = new Uint8Array(64 * 1024);
      const more = () => {
        if (sending.destroyed) return;
        written += piece.length;
        if (sending.write(piece)) setImmediate(more);
        else sending.once("drain", more);
      };
      more();
    });
    expect(answer.statusCode).toBe(413);
    expect(answer.headers.connection).toBe("close");
    await until(() => connections() === 0, "the sender is cut off");
    expect(written).toBeGreaterThan(webhookLimits.webhookBytes.default);
  });

  test("reads no faster than the body is asked for", async () => {
    const server = createServer(
      createNodeListener(async (request) => {
        await request.body?.getReader().read();
        return new Promise<never>(() => {});
      }),
    );
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const sending = httpRequest({ port, path, method: "POST", agent: false });
    sending.on("error", () => {});
    const piece = new Uint8Array(1024 * 1024);
    for (let at = 0; at < 64; at += 1) sending.write(piece);
    let last = -1;
    await until(() => {
      const left = sending.writableLength + (sending.socket?.writableLength ?? 0);
      const isStill = left === last;
      last = left;
      return isStill && (sending.socket?.bytesWritten ?? 0) > 0;
    }, "the sender can send no more");
    // What the systems buffer on both sides is a few MiB of the 64.
    expect(last).toBeGreaterThan(32 * 1024 * 1024);
    sending.destroy();
  });

  test("answers a body that says it is huge before any of it comes", async () => {
    const { port } = await serve();
    const headers = { ...signed("x"), "content-length": `${10 ** 12}` };
    const answer = await exchange(port, headers, (sending) => {
      sending.on("error", () => {});
      sending.flushHeaders();
    });
    expect(answer.statusCode).toBe(413);
  });

  test("gives up a body that drips, and cuts it off", async () => {
    const { port, connections } = await serve({ bodyMs: 40 });
    const answer = await exchange(port, signed("x"), (sending) => {
      sending.on("error", () => {});
      const drip = setInterval(() => sending.write(" "), 5);
      sending.on("close", () => clearInterval(drip));
    });
    expect(answer.statusCode).toBe(408);
    await until(() => connections() === 0, "the sender is cut off");
  });

  test("forgets a sender that leaves in mid body", async () => {
    const { port, events, connections } = await serve();
    const socket = connect(port, "127.0.0.1");
    const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\ncontent-type: application/json\r\nx-hub-signature-256: sha256=${"0".repeat(64)}\r\n\r\n123`;
    await new Promise<void>((done) => socket.write(head, () => done()));
    await until(() => connections() === 1);
    socket.destroy();
    await until(() => connections() === 0);
    expect(events).toEqual([]);
  });

  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n`;
  const signature = `x-hub-signature-256: sha256=${hmac("{}").digest("hex")}\r\n`;
  test.each([
    [
      "a length and chunks at once",
      "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ],
    [
      "a chunk that lies about its length",
      "transfer-encoding: chunked\r\n\r\n3\r\n{}\r\n0\r\n\r\n",
    ],
    ["a chunk whose length is none", "transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"],
    ["two lengths", "content-length: 2\r\ncontent-length: 3\r\n\r\n{}x"],
    ["an encoding that is none", "transfer-encoding: xchunked\r\n\r\n{}"],
  ])("is not taken in by %s", async (_, rest) => {
    const { port, events } = await serve();
    expect(await raw(port, `${head}${signature}${rest}`)).toMatch(/^HTTP\/1\.1 400 /u);
    expect(events).toEqual([]);
  });

  test("takes no more than the length says: what follows is another request", async () => {
    const { port, events } = await serve();
    const next = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    const first = head.replace("connection: close\r\n", "");
    const answer = await raw(port, `${first}${signature}content-length: 2\r\n\r\n{}${next}`);
    expect(answer).toMatch(/^HTTP\/1\.1 202 .*HTTP\/1\.1 404 /su);
    expect(events.map(({ payload }) => (payload as { body: unknown }).body)).toEqual([{}]);
  });

  test("refuses two signatures, of which one is right", async () => {
    const { port } = await serve();
    const wrong = `x-hub-signature-256: sha256=${"0".repeat(64)}\r\n`;
    const answer = await raw(port, `${head}${signature}${wrong}content-length: 2\r\n\r\n{}`);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /u);
  });

  test.each([
    ["*", 400],
    ["http://elsewhere.example/hooks/project:example.echo/github", 400],
    ["//elsewhere.example/project:example.echo/github", 415],
    ["/%", 404],
  ])("answers the odd target %s with %d", async (target, status) => {
    const { port } = await serve();
    const text = `POST ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;
    expect(await raw(port, text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `, "u"));
  });

  test("answers odd methods, and its own handler's defects, without falling over", async () => {
    const { port } = await serve();
    for (const method of ["TRACE", "PROPFIND", "HEAD", "GET"]) {
      const text = `${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`;
      expect(await raw(port, text)).toMatch(/^HTTP\/1\.1 4\d\d /u);
    }
    const server = createServer(
      createNodeListener(async () => {
        throw new Error("a secret of the host");
      }),
    );
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    expect([answer.status, await answer.text()]).toEqual([500, ""]);
  });

  test("keeps a connection for the next request when the body was read", async () => {
    const { port, connections } = await serve();
    const sendOne = () =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method: "POST",
        headers: signed("{}"),
        body: "{}",
      });
    for (let at = 0; at < 20; at += 1) {
      const answer = await sendOne();
      await answer.arrayBuffer();
      expect(answer.status).toBe(202);
    }
    expect(connections()).toBeLessThan(5);
  });
});
