import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { createFetchHttp } from "../../../src/host-api/http/fetch-http.browser.ts";
import { createBrowserSockets } from "../../../src/host-api/websocket/web-socket.browser.ts";
import type { Message } from "../../../src/host-api/websocket/websocket.types.ts";
import { httpLimits, webSocketLimits } from "../../../src/limits.ts";
import { openHttp } from "./http-host.ts";

let server: Server;
let peers: WebSocketServer;
let port: number;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === "/endless") {
      const more = () => {
        while (response.write("x".repeat(16_384)));
      };
      response.on("drain", more);
      more();
    } else if (request.url === "/silent") {
      response.flushHeaders();
    } else {
      request
        .resume()
        .on("end", () => response.end(`${request.method} ${request.headers["x-kind"]}`));
    }
  });
  peers = new WebSocketServer({ server });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  port = (server.address() as AddressInfo).port;
});

afterEach(() => void vi.unstubAllGlobals());

afterAll(async () => {
  peers.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

describe("the fetch port", () => {
  function open(timeoutMs?: number) {
    const target = { scheme: "http", host: "127.0.0.1", port, methods: ["GET", "POST"] };
    const granted = { request: [{ ...target, path_prefixes: [], allow_private: true }] };
    return openHttp("request", { network: { http: createFetchHttp() }, granted, timeoutMs });
  }
  const url = (path: string) => `http://127.0.0.1:${port}${path}`;

  test("gives what a server answers", async () => {
    await using host = open();
    const headers = [{ name: "x-kind", value: "test" }];
    const answer = await host.request({ method: "POST", url: url("/"), headers, body: "x" });
    expect(answer).toMatchObject({ status: 200, body: "POST test", truncated: false });
  });

  test("reads no further than the bound", async () => {
    await using host = open();
    const { body, truncated } = await host.request({ method: "GET", url: url("/endless") });
    expect(body).toHaveLength(httpLimits.responseBytes.default);
    expect(truncated).toBe(true);
  });

  test("ends with its time", async () => {
    await using host = open(50);
    const { error } = await host.request({ method: "GET", url: url("/silent") });
    expect(error?.code).toBe("host/timeout");
  });

  test("says of a redirect that the browser hides it", async () => {
    const hidden = { type: "opaqueredirect", status: 0, headers: new Headers(), body: null };
    vi.stubGlobal("fetch", async () => hidden);
    await using host = open();
    const { error } = await host.request({ method: "GET", url: url("/") });
    expect(error?.code).toBe("host/redirect");
  });
});

describe("the browser's WebSocket port", () => {
  async function open() {
    vi.stubGlobal("WebSocket", WebSocket);
    const messages: Message[] = [];
    let arrived = () => {};
    let over: (failure: string | undefined) => void = () => {};
    const closed = new Promise<string | undefined>((resolve) => {
      over = resolve;
    });
    const controller = new AbortController();
    const socket = await createBrowserSockets().open(
      { url: new URL(`ws://127.0.0.1:${port}/`), addresses: undefined, signal: controller.signal },
      {
        message: (message) => {
          messages.push(message);
          arrived();
        },
        control() {},
        closed: over,
      },
    );
    const next = () =>
      new Promise<void>((resolve) => {
        arrived = resolve;
      });
    return { socket, messages, closed, controller, next };
  }

  test("exchanges text and bytes, outlives the signal of its opening, and closes", async () => {
    peers.once("connection", (peer) =>
      peer.on("message", (data, binary) => peer.send(data, { binary })),
    );
    const { socket, messages, closed, controller, next } = await open();
    controller.abort();
    for (const message of ["text", new Uint8Array([1, 2])]) {
      const came = next();
      await socket.send(message);
      await came;
    }
    expect(messages).toEqual(["text", new Uint8Array([1, 2])]);
    await socket.close();
    expect(await closed).toBeUndefined();
  });

  test("passes on no message over messageBytes", async () => {
    const most = webSocketLimits.messageBytes.default;
    peers.once("connection", (peer) => {
      peer.send("x".repeat(most));
      peer.send("x".repeat(most + 1));
    });
    const { messages, closed } = await open();
    expect(await closed).toBe("too-large");
    expect(messages.map((message) => message.length)).toEqual([most]);
  });
});
