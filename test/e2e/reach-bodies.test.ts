import type { ServerResponse } from "node:http";
import { brotliCompressSync, constants, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { revocable } from "yoi-plugin-sdk";
import { httpLimits } from "../../src/limits.ts";
import { guestKinds, type Relay, type RelayOptions, relayGuest } from "./reach-guest.ts";
import { type LocalServers, publicNetwork, startServers } from "./reach-servers.ts";

let servers: LocalServers;
beforeAll(async () => {
  servers = await startServers();
});
afterAll(() => servers[Symbol.asyncDispose]());

const url = "https://api.example.com/x";
const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
const most = httpLimits.responseBytes.default;

const guest = (options: Partial<RelayOptions> = {}) =>
  relayGuest({
    kind: "raw",
    asks: "https.request",
    network: publicNetwork(servers),
    targets: { https: [{ host: "api.example.com", methods: ["GET"], path_prefixes: [] }] },
    ...options,
  });

/** Lets the server answer, and gives what the guest got. */
async function answered(respond: (response: ServerResponse) => unknown, relay?: Relay) {
  servers.paths.set("/x", (_, response) => void respond(response));
  if (relay !== undefined) return await relay.ask(["https", { method: "GET", url }]);
  await using own = await guest();
  return await own.ask(["https", { method: "GET", url }]);
}

/** Writes for as long as the other side reads. */
function endless(response: ServerResponse, chunk: Uint8Array | string): void {
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on("drain", more);
  more();
}

describe("[https/bounds] a body", () => {
  it.each([
    [most, false],
    [most + 1, true],
  ])("of %i bytes is cut: %s, to the bound", async (size, truncated) => {
    const answer = await answered((response) => response.end("x".repeat(size)));
    expect(answer).toMatchObject({ status: 200, truncated });
    expect(answer.body).toHaveLength(most);
  });

  it.each(guestKinds)(
    "without an end is cut for a %s guest, and its socket closed",
    async (kind) => {
      await using relay = await guest({ kind });
      const answer = await answered((response) => endless(response, "x".repeat(16_384)), relay);
      expect(answer).toMatchObject({ status: 200, truncated: true });
      expect(answer.body).toHaveLength(most);
      await servers.allClosed();
    },
  );

  it.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", (bytes: Uint8Array) => brotliCompressSync(bytes, quick)],
  ] as const)("that is a bomb in %s is cut, and its socket closed", async (encoding, compress) => {
    const bomb = compress(new Uint8Array(16 * 1024 * 1024));
    const answer = await answered((response) =>
      response.writeHead(200, { "content-encoding": encoding }).end(bomb),
    );
    expect(answer).toMatchObject({ status: 200, truncated: true });
    expect(answer.body).toHaveLength(most);
    await servers.allClosed();
  });

  it.each(["gzip, gzip", "gzip,br", "br, identity, gzip", "deflate;q=1", "zstd", "x-unknown"])(
    "in %j is refused before it is decoded",
    async (encoding) => {
      const inner = gzipSync(gzipSync(new Uint8Array(1024 * 1024)));
      const { error } = await answered((response) =>
        response.writeHead(200, { "content-encoding": encoding }).end(inner),
      );
      expect(error?.code).toBe("host/encoding");
      await servers.allClosed();
    },
  );

  it("in two layers over two header lines is refused as well", async () => {
    const { error } = await answered((response) =>
      response
        .writeHead(200, ["content-encoding", "gzip", "Content-Encoding", "gzip"])
        .end(gzipSync(gzipSync("x"))),
    );
    expect(error?.code).toBe("host/encoding");
  });

  it("of empty gzip members without end is refused at wireBytes", async () => {
    const members = Buffer.concat(Array.from({ length: 1000 }, () => gzipSync("")));
    const { error } = await answered((response) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      endless(response, members);
    });
    expect(error?.code).toBe("host/too-large");
    await servers.allClosed();
  });

  it("whose head is over responseHeadBytes is refused", async () => {
    const fat = "v".repeat(httpLimits.responseHeadBytes.default);
    const { error } = await answered((response) => response.writeHead(200, { fat }).end());
    expect(error?.code).toBe("host/too-large");
  });

  it("of a HEAD-like answer without a body is empty", async () => {
    for (const status of [204, 304]) {
      const answer = await answered((response) => response.writeHead(status).end());
      expect(answer).toMatchObject({ status, body: "", truncated: false });
    }
  });

  it("is the final answer's, not that of an early hint", async () => {
    const answer = await answered((response) => {
      response.writeEarlyHints({ link: "</style.css>; rel=preload" });
      response.end("final");
    });
    expect(answer).toMatchObject({ status: 200, body: "final" });
  });
});

describe("[https/stopped] a server that takes its time", () => {
  const slow: readonly (readonly [string, (response: ServerResponse) => unknown])[] = [
    ["never sends a head", () => {}],
    ["never ends its body", (response) => response.write("a")],
    ["sends a byte at a time", (response) => trickle(response)],
    [
      "never ends its compressed body",
      (response) =>
        response
          .writeHead(200, { "content-encoding": "gzip" })
          .write(gzipSync("x").subarray(0, 10)),
    ],
  ];

  function trickle(response: ServerResponse): void {
    const timer = setInterval(() => response.write("a"), 5);
    response.on("close", () => clearInterval(timer));
  }

  it.each(slow)("and %s loses its socket when the guest's deadline passes", async (_, respond) => {
    await using relay = await guest();
    servers.paths.set("/x", (_request, response) => void respond(response));
    const result = await relay.run([["https", { method: "GET", url }]], { timeoutMs: 300 });
    expect(result.error?.code).toBe("runtime/timeout");
    await servers.allClosed();
    // The guest is a new one, and works.
    expect(await answered((response) => response.end("fine"), relay)).toMatchObject({
      body: "fine",
    });
  });

  it.each(slow)("and %s loses its socket when the caller gives up", async (_, respond) => {
    await using relay = await guest({ kind: "component" });
    const stop = new AbortController();
    servers.paths.set("/x", (_request, response) => {
      respond(response);
      setTimeout(() => stop.abort(), 50);
    });
    const result = await relay.run([["https", { method: "GET", url }]], { signal: stop.signal });
    expect(result.error?.code).toBe("runtime/aborted");
    await servers.allClosed();
  });

  it("loses its socket when the instance stops", async () => {
    const relay = await guest();
    const arrived = new Promise<void>((done) => {
      servers.paths.set("/x", (_request, response) => {
        response.write("a");
        done();
      });
    });
    const call = relay.run([["https", { method: "GET", url }]]);
    await arrived;
    await relay.instance.stop();
    await servers.allClosed();
    expect((await call).isError).toBe(true);
  });

  it.each(slow)("and %s loses its socket when the grant is taken back", async (_, respond) => {
    let revoke = () => {};
    await using relay = await guest({
      grants(record) {
        const policy = revocable(record);
        revoke = () => policy.revoke();
        return policy;
      },
    });
    const secondsBefore = performance.now();
    const answer = await answered((response) => {
      respond(response);
      setTimeout(revoke, 20);
    }, relay);
    expect(answer).toMatchObject({
      error: { code: "grant/denied", message: "The grant was revoked." },
    });
    expect(performance.now() - secondsBefore).toBeLessThan(httpLimits.timeoutMs.default);
    await servers.allClosed();
    const [allowed, refused] = relay.heard.decisions.filter(({ at }) => at === "host-call");
    expect(allowed).toMatchObject({ decision: { allowed: true } });
    expect(refused).toMatchObject({ decision: { allowed: false }, subject: allowed?.subject });
  });

  it("has said nothing that a guest is told once its grant is gone, revocationMs or not", async () => {
    let revoke = () => {};
    await using relay = await guest({
      grants(record) {
        const policy = revocable(record);
        revoke = () => policy.revoke();
        return policy;
      },
    });
    const answer = await answered((response) => {
      revoke();
      response.end("too late");
    }, relay);
    expect(answer).toEqual({ error: { code: "grant/denied", message: "The grant was revoked." } });
  });
});
