import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { builtRelay, type GuestKind, type RelayOptions, relayGuest } from "./reach-guest.ts";
import { type LocalServers, publicNetwork, startServers } from "./reach-servers.ts";

let servers: LocalServers;
beforeAll(async () => {
  servers = await startServers();
  await builtRelay();
});
afterAll(() => servers[Symbol.asyncDispose]());

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const target = { host: "api.example.com", methods, path_prefixes: ["/v1"] };

/** A guest that may reach `api.example.com` below `/v1` through one of the two APIs. */
const guest = (kind: GuestKind, api: "https" | "request", options: Partial<RelayOptions> = {}) =>
  relayGuest({
    kind,
    asks: `${api}.request`,
    network: publicNetwork(servers),
    targets: {
      https: [target],
      request: [
        { ...target, scheme: "https" },
        { ...target, scheme: "http" },
      ],
    },
    ...options,
  });

const everyGuest = (["component", "raw", "typescript"] as const).flatMap((kind) => [
  [kind, "https"] as const,
  [kind, "request"] as const,
]);

describe.each(everyGuest)("[https/works] a %s guest, through %s", (kind, api) => {
  it("reaches a real HTTPS server and is given what it answers", async () => {
    servers.paths.set("/v1/echo", (_, response) =>
      response.writeHead(201, { "content-type": "text/plain", "x-kind": "test" }).end("grüße 京都"),
    );
    await using relay = await guest(kind, api);
    const answer = await relay.ask([
      api,
      {
        method: "POST",
        url: "https://API.Example.com./v1/echo?q=1#part",
        headers: [{ name: "X-Kind", value: "a test" }],
        body: "päyload",
      },
    ]);
    expect(answer).toMatchObject({ status: 201, body: "grüße 京都", truncated: false });
    expect(answer.headers).toContainEqual({ name: "x-kind", value: "test" });
    const seen = servers.seen.at(-1);
    expect(seen).toMatchObject({ method: "POST", url: "/v1/echo?q=1", body: "päyload" });
    expect(seen?.rawHeaders.join("|").toLowerCase()).toContain("x-kind|a test");
    expect(relay.heard.decisions.filter(({ at }) => at === "host-call")).toMatchObject([
      {
        subject: `host_api.${api} POST https://api.example.com/v1/echo`,
        decision: { allowed: true },
      },
    ]);
  });
});

const get = (url: string, headers: readonly (readonly [string, string])[] = []) => ({
  method: "GET",
  url,
  headers: headers.map(([name, value]) => ({ name, value })),
});

/** What a broad grant leaves open: any host, below any path. */
const anywhere = { scheme: "*", host: "*", methods: ["GET"], path_prefixes: [] };

describe("[https/private] a private address, however it is written", () => {
  const hosts = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "127.0.0.1.",
    "127。0。0。1",
    "１２７.０.０.１",
    "⑫7.0.0.1",
    "0",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[::ffff:0:127.0.0.1]",
    "[fe80::1]",
    "[fc00::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[fe80::5efe:127.0.0.1]",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "ｌｏｃａｌｈｏｓｔ",
    "a.localhost",
    "localhost。",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "255.255.255.255",
    "[fd00:ec2::254]",
  ];

  it.each([
    ["component", "https"],
    ["component", "request"],
    ["raw", "request"],
  ] as const)("is reached by no %s guest through %s", async (kind, api) => {
    const anyHere = hosts.flatMap((host) => [{ host, methods: ["GET"], path_prefixes: [] }]);
    await using relay = await guest(kind, api, {
      targets: { https: anyHere, request: [anywhere] },
    });
    const before = servers.connections.count;
    const schemes = api === "https" ? ["https"] : ["https", "http"];
    for (const host of hosts) {
      for (const scheme of schemes) {
        for (const port of ["", `:${servers.httpPort}`]) {
          const { error } = await relay.ask([api, get(`${scheme}://${host}${port}/`)]);
          expect(error?.code, `${scheme}://${host}${port}/`).toMatch(
            /^(?:grant\/denied|host\/invalid-url)$/u,
          );
        }
      }
    }
    expect(servers.connections.count).toBe(before);
  });

  it.each(["[fe80::1%25lo]", "[::1%lo]", "[::1%25]", "127.0.0.1%00.example.com"])(
    "%s is no host at all",
    async (host) => {
      await using relay = await guest("raw", "request", { targets: { request: [anywhere] } });
      const { error } = await relay.ask(["request", get(`http://${host}/`)]);
      expect(error?.code).toBe("host/invalid-url");
    },
  );

  it("is reached where manifest and grant name that very host and the grant allows it", async () => {
    const { httpPort: port } = servers;
    const own = { scheme: "http", host: "127.0.0.1", port, methods: ["GET"], path_prefixes: [] };
    await using relay = await guest("component", "request", {
      targets: { request: [{ ...own, allow_private: true }] },
    });
    for (const host of ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "127.0.0.1."]) {
      const answer = await relay.ask(["request", get(`http://${host}:${port}/`)]);
      expect(answer, host).toMatchObject({ status: 200, body: "plain" });
    }
    for (const host of ["localhost", "127.0.0.2", "[::1]", "[::ffff:127.0.0.1]"]) {
      const { error } = await relay.ask(["request", get(`http://${host}:${port}/`)]);
      expect(error?.code, host).toBe("grant/denied");
    }
  });
});

describe("[https/private] a redirect to a private address", () => {
  it.each([301, 302, 303, 307, 308])(
    "%i is an answer like any other, and not followed",
    async (status) => {
      servers.paths.set("/v1/away", (_, response) =>
        response
          .writeHead(status, { location: `http://127.0.0.1:${servers.httpPort}/inside` })
          .end(),
      );
      await using relay = await guest("raw", "request");
      const answer = await relay.ask(["request", get("https://api.example.com/v1/away")]);
      expect(answer.status).toBe(status);
      expect(servers.seen.map(({ url }) => url)).not.toContain("/inside");
    },
  );
});

describe("[https/paths] a path that a server could read elsewhere", () => {
  it.each([
    "/v1/../admin",
    "/v1/..%2fadmin",
    "/v1/%2e%2e/admin",
    "/v1/%2e%2e%2fadmin",
    "/v1/.%2e/admin",
    "/v1/%252e%252e/admin",
    "/v1/..%5cadmin",
    "/v1/..\\admin",
    "/v1\\..\\admin",
    "/v1/..;/admin",
    "/v1/..;x=y/admin",
    "/v1/x/..%2f..%2fadmin",
    "/v1//../../admin",
    "/v1/%2f..%2f..%2fadmin",
    "/v1evil",
    "/v1%2fx",
    "//v1/x",
    "/%76%31evil",
    "/V1/x",
    "/v1.",
    "/v1;/x",
    "/",
    "",
  ])("%j is not below /v1", async (path) => {
    await using relay = await guest("raw", "https");
    const before = servers.seen.length;
    const { error } = await relay.ask(["https", get(`https://api.example.com${path}`)]);
    expect(error?.code).toMatch(/^(?:grant\/denied|host\/invalid-url)$/u);
    expect(servers.seen).toHaveLength(before);
  });

  it.each([
    "/v1",
    "/v1/",
    "/v1/x",
    "/v1/a%20b",
    "/v1/a%2Fb",
    "/v1//x",
    "/v1/./x",
    "/v1/x?../../admin",
  ])("%j is, and arrives", async (path) => {
    await using relay = await guest("raw", "https");
    const answer = await relay.ask(["https", get(`https://api.example.com${path}`)]);
    expect(answer).toMatchObject({ status: 200 });
    expect(servers.seen.at(-1)?.url).toMatch(/^\/v1(?:$|[/?])/u);
  });
});
