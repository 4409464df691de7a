import { createSocket } from "node:dgram";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import { brotliCompressSync, constants, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HttpPort, Network } from "../../../src/host-api/http/network.types.ts";
import { createDnsResolve, resolveWithSystem } from "../../../src/host-api/http/resolve.node.ts";
import { createUndiciHttp } from "../../../src/host-api/http/undici-http.node.ts";
import { httpLimits } from "../../../src/limits.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { openHttp } from "./http-host.ts";

let certificates: Certificates;
let https: Server;
let http: Server;
let httpPort: number;
let httpsPort: number;
const requests: { method: string; url: string; rawHeaders: readonly string[]; body: string }[] = [];
const sockets = new Set<Socket>();
/** What the server does for a path. */
type Respond = Parameters<typeof createHttpServer>[1] & object;
const paths = new Map<string, Respond>();

const respond: Respond = (request, response) => {
  const parts: Uint8Array[] = [];
  request.on("data", (part: Uint8Array) => parts.push(part));
  request.on("end", () => {
    requests.push({
      method: request.method ?? "",
      url: request.url ?? "",
      rawHeaders: request.rawHeaders,
      body: Buffer.concat(parts).toString(),
    });
    const handler = paths.get(new URL(request.url ?? "", "http://host").pathname);
    if (handler !== undefined) handler(request, response);
    else response.end("plain");
  });
};

beforeAll(async () => {
  certificates = makeCertificates();
  https = createHttpsServer({ key: certificates.key, cert: certificates.cert }, respond);
  http = createHttpServer(respond);
  for (const server of [https, http]) {
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  }
  httpsPort = (https.address() as AddressInfo).port;
  httpPort = (http.address() as AddressInfo).port;
});

afterAll(async () => {
  for (const server of [https, http]) await new Promise((done) => server.close(done));
});

const local = async () => ["127.0.0.1"];

/** A plugin that may reach the two servers under a name. */
function open(
  options: { readonly network?: Network; readonly timeoutMs?: number; readonly host?: string } = {},
) {
  const { host = "api.example.com", timeoutMs } = options;
  const target = { host, methods: ["GET", "POST", "PUT", "PATCH", "DELETE"], path_prefixes: [] };
  return openHttp("request", {
    network: options.network ?? { resolve: local, http: createUndiciHttp({ ca: certificates.ca }) },
    timeoutMs,
    granted: {
      request: [
        { ...target, scheme: "https", port: httpsPort, allow_private: true },
        { ...target, scheme: "http", port: httpPort, allow_private: true },
      ],
    },
  });
}

const secure = (path: string) => `https://api.example.com:${httpsPort}${path}`;
const plain = (path: string) => `http://api.example.com:${httpPort}${path}`;

async function get(path: string, options: Parameters<typeof open>[0] = {}) {
  await using host = open(options);
  return await host.request({ method: "GET", url: plain(path) });
}

describe("a granted request", () => {
  test("reaches a real HTTPS server by name and gives what it answers", async () => {
    paths.set("/echo", (_, response) => {
      response.writeHead(201, { "content-type": "text/plain", "x-token-count": "3" });
      response.end("grüße");
    });
    await using host = open();
    const answer = await host.request({
      method: "POST",
      url: secure("/echo?q=1#fragment"),
      headers: [{ name: "X-Kind", value: "test" }],
      body: "päyload",
    });
    expect(answer).toMatchObject({ status: 201, body: "grüße", truncated: false });
    expect(answer.headers).toContainEqual({ name: "content-type", value: "text/plain" });
    const seen = requests.at(-1);
    expect(seen).toMatchObject({ method: "POST", url: "/echo?q=1", body: "päyload" });
    const names = seen?.rawHeaders
      .filter((_, at) => at % 2 === 0)
      .map((name) => name.toLowerCase());
    expect(names?.sort()).toEqual(
      ["accept-encoding", "connection", "content-length", "host", "user-agent", "x-kind"].sort(),
    );
    expect(seen?.rawHeaders).toContain(`api.example.com:${httpsPort}`);
  });

  test.each(["GET", "POST", "PUT", "PATCH", "DELETE"])(
    "%s works, with a body and without",
    async (method) => {
      await using host = open();
      expect(await host.request({ method, url: plain("/any") })).toMatchObject({
        status: 200,
        body: "plain",
      });
      expect(await host.request({ method, url: plain("/any"), body: "x" })).toMatchObject({
        status: 200,
      });
      expect(requests.at(-1)).toMatchObject({ method, body: "x" });
    },
  );

  test("works by address and over IPv4 in any notation, where that address is granted", async () => {
    await using host = open({ host: "127.0.0.1" });
    for (const name of ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "127.0.0.1."]) {
      const url = `https://${name}:${httpsPort}/`;
      expect(await host.request({ method: "GET", url }), name).toMatchObject({ status: 200 });
    }
  });

  test("resolves localhost as the machine does, where that is granted", async () => {
    const network = { resolve: resolveWithSystem, http: createUndiciHttp({ ca: certificates.ca }) };
    await using host = open({ host: "localhost", network });
    const url = `https://localhost:${httpsPort}/`;
    expect(await host.request({ method: "GET", url })).toMatchObject({ status: 200 });
  });

  test("many at once go side by side, up to exchangesInFlight", async () => {
    const most = httpLimits.exchangesInFlight.default;
    let waiting: (() => void)[] = [];
    paths.set("/meet", (_, response) => {
      waiting.push(() => response.end("met"));
      if (waiting.length < most) return;
      for (const go of waiting) go();
      waiting = [];
    });
    await using host = open();
    const all = Array.from({ length: most + 1 }, () =>
      host.request({ method: "GET", url: plain("/meet") }),
    );
    const answers = await Promise.all(all);
    expect(answers.filter(({ body }) => body === "met")).toHaveLength(most);
    expect(answers.filter(({ error }) => error?.code === "host/busy")).toHaveLength(1);
    expect(await host.request({ method: "GET", url: plain("/after") })).toMatchObject({
      status: 200,
    });
  });
});

describe("a server is trusted only as far as its certificate", () => {
  test("an unknown authority is refused", async () => {
    await using host = open({ network: { resolve: local, http: createUndiciHttp() } });
    const { error } = await host.request({ method: "GET", url: secure("/") });
    expect(error?.code).toBe("host/tls");
  });

  test("a certificate for another name is refused", async () => {
    await using host = open({ host: "other.example.com" });
    const url = `https://other.example.com:${httpsPort}/`;
    expect((await host.request({ method: "GET", url })).error?.code).toBe("host/tls");
  });

  test("a server that speaks no TLS is refused", async () => {
    const target = { scheme: "https", host: "api.example.com", port: httpPort, methods: ["GET"] };
    await using host = openHttp("request", {
      network: { resolve: local, http: createUndiciHttp({ ca: certificates.ca }) },
      granted: { request: [{ ...target, allow_private: true }] },
    });
    const { error } = await host.request({
      method: "GET",
      url: `https://api.example.com:${httpPort}/`,
    });
    expect(error?.code).toMatch(/^host\/(?:tls|connect)$/u);
  });
});

describe("a redirect", () => {
  test.each([301, 302, 303, 307, 308])("%i is an ordinary response", async (status) => {
    const before = requests.length;
    paths.set("/redirect", (_, response) => {
      response.writeHead(status, { location: `http://127.0.0.1:${httpPort}/private?page=2` }).end();
    });
    const answer = await get("/redirect");
    expect(answer.status).toBe(status);
    expect(answer.headers).toContainEqual({
      name: "location",
      value: `http://127.0.0.1:${httpPort}/private?page=2`,
    });
    expect(requests.length).toBe(before + 1);
  });
});

describe("a response", () => {
  test("of responseBytes is whole, one byte more is cut", async () => {
    const most = httpLimits.responseBytes.default;
    for (const size of [most, most + 1, most * 3]) {
      paths.set("/size", (_, response) => response.end("x".repeat(size)));
      const answer = await get("/size");
      expect(answer).toMatchObject({ status: 200, truncated: size > most });
      expect(answer.body).toHaveLength(most);
    }
  });

  test("is cut between characters", async () => {
    const most = httpLimits.responseBytes.default;
    paths.set("/split", (_, response) => response.end(`${"x".repeat(most - 1)}é`));
    expect((await get("/split")).body).toBe("x".repeat(most - 1));
  });

  test("that is no UTF-8 is read with replacement characters", async () => {
    paths.set("/bytes", (_, response) => response.end(new Uint8Array([0x61, 0xff, 0x62])));
    expect((await get("/bytes")).body).toBe("a\ufffdb");
  });

  test("without end is cut, and its socket closed", async () => {
    const closed = new Promise<void>((done) => {
      paths.set("/endless", (_, response) => {
        const more = () => {
          while (response.write("x".repeat(16_384)));
        };
        response.on("drain", more).on("close", () => done());
        more();
      });
    });
    expect(await get("/endless")).toMatchObject({ truncated: true });
    await closed;
  });

  test("has no credentials in its headers and at most responseHeaders of them", async () => {
    paths.set("/headers", (_, response) => {
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      response.setHeader("x-api-key", "k");
      response.setHeader("x-debug", "token=abc123; ok");
      response.setHeader("x-long", "v".repeat(2000));
      for (let at = 0; at < 30; at += 1) response.setHeader(`x-many-${at}`, "1");
      response.end();
    });
    const { headers = [] } = await get("/headers");
    expect(headers).toHaveLength(httpLimits.responseHeaders.default);
    const names = headers.map(({ name }) => name);
    expect(names).not.toContain("set-cookie");
    expect(names).not.toContain("x-api-key");
    expect(headers).toContainEqual({ name: "x-debug", value: "token=<redacted>; ok" });
    expect(headers.find(({ name }) => name === "x-long")?.value).toHaveLength(
      httpLimits.headerValueBytes.default,
    );
  });

  test("with a head over responseHeadBytes is refused", async () => {
    const most = httpLimits.responseHeadBytes.default;
    for (const [size, code] of [
      [most / 2, undefined],
      [most + 1, "host/too-large"],
    ] as const) {
      paths.set("/head", (_, response) =>
        response.writeHead(200, { "x-fat": "v".repeat(size) }).end(),
      );
      expect((await get("/head")).error?.code).toBe(code);
    }
  });
});

describe("a compressed response", () => {
  const encoded = (encoding: string, bytes: Uint8Array) =>
    paths.set("/packed", (_, response) => {
      response.writeHead(200, { "content-encoding": encoding }).end(bytes);
    });

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
    ["GZIP", gzipSync],
  ] as const)("in %s is decoded, though none was asked for", async (encoding, compress) => {
    encoded(encoding, compress("hello ".repeat(100)));
    const answer = await get("/packed");
    expect(answer).toMatchObject({ body: "hello ".repeat(100), truncated: false });
    expect(answer.headers?.map(({ name }) => name)).not.toContain("content-encoding");
    expect(requests.at(-1)?.rawHeaders.join(" ")).toContain("accept-encoding identity");
  });

  const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
  test.each([
    ["gzip", gzipSync],
    ["br", (bytes: Uint8Array) => brotliCompressSync(bytes, quick)],
  ] as const)(
    "in %s that expands without measure is cut at its bound",
    async (encoding, compress) => {
      encoded(encoding, compress(new Uint8Array(64 * 1024 * 1024)));
      const answer = await get("/packed");
      expect(answer.truncated).toBe(true);
      expect(answer.body).toHaveLength(httpLimits.responseBytes.default);
    },
  );

  test("that holds nothing for more than wireBytes is refused", async () => {
    const empty = gzipSync("");
    const members = (bytes: number) => {
      const count = Math.floor(bytes / empty.length);
      return Buffer.concat(Array.from({ length: count }, () => empty));
    };
    encoded("gzip", members(httpLimits.wireBytes.default));
    expect(await get("/packed")).toMatchObject({ status: 200, body: "" });
    encoded("gzip", Buffer.concat([members(httpLimits.wireBytes.default), empty, empty]));
    expect((await get("/packed")).error?.code).toBe("host/too-large");
  });

  test.each([["zstd"], ["compress"], ["gzip, gzip"], ["nonsense"]])(
    "in %s is refused",
    async (encoding) => {
      encoded(encoding, gzipSync("x"));
      expect((await get("/packed")).error?.code).toBe("host/encoding");
    },
  );

  test("that is broken or ends early is refused", async () => {
    encoded("gzip", new TextEncoder().encode("not gzip"));
    expect((await get("/packed")).error?.code).toBe("host/encoding");
    encoded("gzip", gzipSync("x".repeat(1000)).subarray(0, 15));
    expect((await get("/packed")).error?.code).toBe("host/encoding");
  });
});

describe("an exchange ends", () => {
  const closing = () =>
    new Promise<void>((done) => {
      paths.set("/slow", (_, response) => {
        response.on("close", () => done());
        response.write("a");
      });
      paths.set("/silent", (_, response) => void response.on("close", () => done()));
    });

  test.each(["/slow", "/silent"])("with its time, and %s loses its socket", async (path) => {
    const closed = closing();
    expect((await get(path, { timeoutMs: 100 })).error?.code).toBe("host/timeout");
    await closed;
  });

  test("with the guest's own time, when that is shorter", async () => {
    const closed = closing();
    await using host = open();
    const { error } = await host.request(
      { method: "GET", url: plain("/slow") },
      { remainingMs: 100 },
    );
    expect(error?.code).toBe("host/timeout");
    await closed;
  });

  test("when the guest's call is aborted", async () => {
    const closed = closing();
    const stop = new AbortController();
    await using host = open();
    const answer = host.request({ method: "GET", url: plain("/slow") }, { signal: stop.signal });
    http.once("request", () => stop.abort());
    expect((await answer).error?.code).toBe("host/aborted");
    await closed;
  });

  test("when its session is disposed, which takes no further calls", async () => {
    const closed = closing();
    const host = open();
    const answer = host.request({ method: "GET", url: plain("/slow") });
    await new Promise((arrived) => http.once("request", arrived));
    await host[Symbol.asyncDispose]();
    expect((await answer).error?.code).toBe("host/aborted");
    await closed;
    expect((await host.request({ method: "GET", url: plain("/") })).error?.code).toBe(
      "host/closed",
    );
  });

  test("at once when the call was over before it began", async () => {
    await using host = open();
    const before = requests.length;
    const signal = AbortSignal.abort();
    expect((await host.request({ method: "GET", url: plain("/") }, { signal })).error?.code).toBe(
      "host/aborted",
    );
    expect(requests.length).toBe(before);
  });

  test("when the resolver does not answer", async () => {
    const resolve = () => new Promise<string[]>(() => {});
    const network = { resolve, http: createUndiciHttp() };
    expect((await get("/", { network, timeoutMs: 50 })).error?.code).toBe("host/timeout");
  });

  test("and leaves no connection behind", async () => {
    await get("/any");
    await Promise.all(
      [...sockets].map((socket) => new Promise((gone) => socket.once("close", gone))),
    );
    expect(sockets.size).toBe(0);
  });
});

describe("a server that does not speak HTTP", () => {
  test.each([
    ["HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!"],
    ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"],
    ["HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nshort"],
    ["HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"],
    ["\u0016\u0003\u0001 nonsense\r\n\r\n"],
    [""],
  ])("%j is an error", async (bytes) => {
    const server = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end(bytes));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const target = {
      scheme: "http",
      host: "raw.example",
      port,
      methods: ["GET"],
      path_prefixes: [],
    };
    await using host = openHttp("request", {
      network: { resolve: local, http: createUndiciHttp() },
      granted: { request: [{ ...target, allow_private: true }] },
    });
    const { error } = await host.request({ method: "GET", url: `http://raw.example:${port}/` });
    expect(error?.code).toMatch(/^host\/(?:protocol|connect)$/u);
    await new Promise((done) => server.close(done));
  });
});

describe("a name that changes its mind", () => {
  /** Sends every connection to the local server, so that only what was pinned can tell. */
  function recording(): { readonly http: HttpPort; readonly pinned: (readonly string[])[] } {
    const undici = createUndiciHttp({ ca: certificates.ca });
    const pinned: (readonly string[])[] = [];
    return {
      pinned,
      http: {
        pinsAddresses: true,
        exchange: (request) => {
          pinned.push(request.addresses ?? []);
          const url = new URL(request.url);
          url.port = String(httpsPort);
          return undici.exchange({ ...request, url, addresses: ["127.0.0.1"] });
        },
      },
    };
  }
  const granted = { https: [{ host: "api.example.com", methods: ["GET"], path_prefixes: [] }] };
  const rebound = { method: "GET", url: "https://api.example.com/" };

  test("is asked once an exchange, and what it said is what is connected to", async () => {
    const answers = [["93.184.215.14"], ["127.0.0.1"], ["93.184.215.14"]];
    const { http: recorded, pinned } = recording();
    await using host = openHttp("https", {
      network: { resolve: async () => answers.shift() ?? [], http: recorded },
      granted,
    });
    expect(await host.request(rebound)).toMatchObject({ status: 200 });
    expect((await host.request(rebound)).error?.code).toBe("grant/denied");
    expect(await host.request(rebound)).toMatchObject({ status: 200 });
    expect(pinned).toEqual([["93.184.215.14"], ["93.184.215.14"]]);
    expect(answers).toEqual([]);
  });

  test("is found out through a real DNS server as well", async () => {
    const socket = createSocket("udp4");
    let asked = 0;
    socket.on("message", (query, { port, address }) => {
      // The question starts after 12 bytes of header: labels, a zero, type and class.
      const end = query.indexOf(0, 12) + 5;
      const isA = query.readUInt16BE(end - 4) === 1;
      const header = Buffer.from(query.subarray(0, 12));
      header.writeUInt16BE(0x8180, 2);
      header.writeUInt16BE(isA ? 1 : 0, 6);
      header.writeUInt32BE(0, 8);
      const ip = asked === 0 ? [93, 184, 215, 14] : [127, 0, 0, 1];
      if (isA) asked += 1;
      const answer = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...ip]);
      socket.send(
        Buffer.concat([header, query.subarray(12, end), ...(isA ? [answer] : [])]),
        port,
        address,
      );
    });
    await new Promise<void>((done) => socket.bind(0, "127.0.0.1", done));
    const { http: recorded, pinned } = recording();
    const resolve = createDnsResolve({ servers: [`127.0.0.1:${socket.address().port}`] });
    await using host = openHttp("https", { network: { resolve, http: recorded }, granted });
    expect(await host.request(rebound)).toMatchObject({ status: 200 });
    expect((await host.request(rebound)).error?.code).toBe("grant/denied");
    expect(pinned).toEqual([["93.184.215.14"]]);
    socket.close();
  });
});
