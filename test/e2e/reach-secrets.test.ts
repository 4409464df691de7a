import type { IncomingMessage, RequestListener } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { grantRequested, inspect, type SecretProvider } from "yoi-plugin-sdk";
import {
  builtRelay,
  type GuestKind,
  type Relay,
  type RelayOptions,
  relayGuest,
} from "./reach-guest.ts";
import { type LocalServers, publicNetwork, startServers } from "./reach-servers.ts";

let servers: LocalServers;
beforeAll(async () => {
  servers = await startServers();
  await builtRelay();
});
afterAll(() => servers[Symbol.asyncDispose]());

const value = "tok/S3cr3t+V4lue&x=9";
const bound = { authorization: { secret: "weather-token", prefix: "Bearer " } };
const target = { host: "api.example.com", methods: ["GET"], path_prefixes: ["/v1"] };
const url = "https://api.example.com/v1/x";
const secrets: SecretProvider = (name) => (name === "weather-token" ? value : "another-one");

const guest = (options: Partial<RelayOptions> = {}) =>
  relayGuest({
    kind: "raw",
    asks: "https.request",
    network: publicNetwork(servers),
    secrets,
    targets: {
      https: [
        { ...target, headers: bound },
        { ...target, path_prefixes: ["/open"] },
      ],
      request: [{ ...target, scheme: "https", headers: bound }],
    },
    ...options,
  });

const answer = (respond: RequestListener, path = "/v1/x") => servers.paths.set(path, respond);
const authorization = ({ headers }: IncomingMessage) => headers.authorization ?? "none";

/** Everything that left the host: results, events, decisions, the status, the report. */
async function everything(relay: Relay, said: unknown): Promise<string> {
  const grants = grantRequested(relay.pkg, { https: [{ ...target, headers: bound }] });
  const report = await inspect(relay.pkg, { grants });
  expect(report.targets.map(({ label }) => label).join()).toContain("the secret weather-token");
  return JSON.stringify([said, relay.heard, relay.instance.status(), report]);
}

function expectUnseen(text: string): void {
  for (const part of ["S3cr3t", "s3cr3t", "V4lue"]) expect(text).not.toContain(part);
  for (const spelled of [btoa(value).slice(4, 20), Buffer.from("S3cr3t+V4").toString("hex")]) {
    expect(text).not.toContain(spelled);
  }
}

describe("[secrets/unseen] a secret that a grant binds", () => {
  it.each<[GuestKind, "https" | "request"]>([
    ["component", "https"],
    ["raw", "request"],
    ["typescript", "https"],
    ["typescript", "request"],
  ])("reaches the server, and no %s guest through %s, though it is echoed", async (kind, api) => {
    const received: string[] = [];
    const options = { kind, asks: `${api}.request` } as const;
    await using relay = await guest(options);
    const said: unknown[] = [];
    const echoes: readonly ((given: string) => string)[] = [
      (given) => given,
      (given) => given.toUpperCase(),
      (given) => `${given}${given}`,
      encodeURIComponent,
      (given) => encodeURIComponent(encodeURIComponent(given)),
      (given) => new URLSearchParams({ given }).toString(),
      (given) => JSON.stringify({ headers: { authorization: given } }),
      (given) => given.replaceAll("&", "&amp;"),
      btoa,
      (given) => btoa(`{"a":"${given}"}`),
      (given) => btoa(`{"ab":"${given}"}`),
      (given) => Buffer.from(`x${given}`).toString("base64url"),
      (given) => Buffer.from(given).toString("hex"),
      (given) => `${"x".repeat(65_536 - 12)}${given}`,
    ];
    for (const echo of echoes) {
      answer((request, response) => {
        received.push(authorization(request));
        const echoed = echo(authorization(request));
        const header = echoed.slice(-200);
        response.writeHead(500, "Internal", {
          "x-echo": header,
          location: `https://api.example.com/login?token=${header}`,
          "www-authenticate": `Bearer error="${header.replaceAll('"', "'")}"`,
        });
        response.write(echoed.slice(0, 9));
        response.end(echoed.slice(9));
      });
      const got = await relay.ask([api, { method: "GET", url }]);
      expect(got).toMatchObject({ status: 500 });
      expect(JSON.stringify(got)).toContain("<redacted>");
      said.push(got);
    }
    expect(new Set(received)).toEqual(new Set([`Bearer ${value}`]));
    expectUnseen(await everything(relay, said));
  });

  it("is in no error, whatever goes wrong on the way", async () => {
    await using relay = await guest();
    const said: unknown[] = [];
    const failures: readonly RequestListener[] = [
      (request, response) => response.socket?.destroy(new Error(authorization(request))),
      (request, response) =>
        response.writeHead(200, { "content-encoding": "gzip" }).end(authorization(request)),
      (request, response) => response.socket?.end(`${authorization(request)}\r\n\r\n`),
      (request, response) =>
        response.writeHead(200, { "x-fat": authorization(request).repeat(2_000) }).end(),
    ];
    for (const failure of failures) {
      answer(failure);
      const got = await relay.ask(["https", { method: "GET", url }]);
      expect(got.error?.code).toMatch(/^host\/[a-z-]+$/u);
      said.push(got);
    }
    answer(() => {});
    said.push(await relay.run([["https", { method: "GET", url }]], { timeoutMs: 200 }));
    expectUnseen(await everything(relay, said));
  });

  it("goes to its own target, method and host only", async () => {
    const received: string[] = [];
    const listen: RequestListener = (request, response) => {
      received.push(`${request.url} ${authorization(request)}`);
      response.end();
    };
    answer(listen);
    answer(listen, "/open/x");
    await using relay = await guest();
    await relay.ask(["https", { method: "GET", url: "https://api.example.com/open/x" }]);
    await relay.ask(["https", { method: "GET", url }]);
    for (const other of ["/v1/..%2fopen", "/v1evil", "/"]) {
      await relay.ask(["https", { method: "GET", url: `https://api.example.com${other}` }]);
    }
    expect(received).toEqual(["/open/x none", `/v1/x Bearer ${value}`]);
  });

  it("does not follow a redirect", async () => {
    const received: string[] = [];
    answer((_, response) =>
      response.writeHead(302, { location: "https://api.example.com/open/x" }).end(),
    );
    answer((request, response) => {
      received.push(authorization(request));
      response.end();
    }, "/open/x");
    await using relay = await guest();
    expect(await relay.ask(["https", { method: "GET", url }])).toMatchObject({ status: 302 });
    expect(received).toEqual([]);
  });

  it("can't be pushed aside, doubled or guessed at by a guest's own header", async () => {
    let rawHeaders: readonly string[] = [];
    answer((request, response) => {
      rawHeaders = request.rawHeaders;
      response.end();
    });
    await using relay = await guest({
      targets: {
        https: [{ ...target, headers: { "X-Client-Token": { secret: "weather-token" } } }],
      },
    });
    for (const name of ["x-client-token", "X-CLIENT-TOKEN", "x_client_token", "x-client_token"]) {
      await relay.ask(["https", { method: "GET", url, headers: [{ name, value: "mine" }] }]);
      expect(
        rawHeaders.filter((_, at) => /^x.client.token$/iu.test(rawHeaders[at - 1] ?? "")),
      ).toEqual([value]);
      expect(rawHeaders).not.toContain("mine");
    }
  });

  it.each<[string, SecretProvider | undefined]>([
    ["no provider", undefined],
    [
      "a provider that throws",
      () => {
        throw new Error(`the vault at 10.0.0.9 has ${value}`);
      },
    ],
    ["a provider that has it with a line break", () => `${value}\r\nhost: evil.example`],
    ["a provider that has too little of it", () => "abc"],
    ["a provider that has something else", () => 7 as never],
  ])("that is not to be had, for %s, stops the request", async (_, provider) => {
    const before = servers.seen.length;
    await using relay = await guest({ secrets: provider as SecretProvider });
    const got = await relay.ask(["https", { method: "GET", url }]);
    expect(got.error).toMatchObject({ code: "host/secret" });
    expect(got.error?.message).toContain('"weather-token"');
    expect(servers.seen).toHaveLength(before);
    expectUnseen(await everything(relay, got));
    expect(got.error?.message).not.toContain("10.0.0.9");
  });

  it("is asked for anew at each exchange, for this very plugin", async () => {
    const asked: string[] = [];
    const received: string[] = [];
    answer((request, response) => {
      received.push(authorization(request));
      response.end();
    });
    await using relay = await guest({
      secrets: (name, { plugin }) => {
        asked.push(`${plugin.ref} ${name}`);
        return `rotated-${asked.length}`;
      },
    });
    await relay.ask(["https", { method: "GET", url }]);
    await relay.ask(["https", { method: "GET", url }]);
    expect(received).toEqual(["Bearer rotated-1", "Bearer rotated-2"]);
    expect(asked).toEqual(new Array(2).fill("project:test.reach weather-token"));
  });
});
