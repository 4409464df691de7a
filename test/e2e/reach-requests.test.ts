import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RelayOptions, relayGuest } from "./reach-guest.ts";
import { type LocalServers, publicNetwork, startServers } from "./reach-servers.ts";

let servers: LocalServers;
beforeAll(async () => {
  servers = await startServers();
});
afterAll(() => servers[Symbol.asyncDispose]());

const target = { host: "api.example.com", methods: ["GET", "POST"], path_prefixes: [] };
const url = "https://api.example.com/";

/** What the server saw of one request of a guest, or the code it was refused with. */
async function sent(
  request: { readonly method?: string; readonly url?: string; readonly body?: string } & {
    readonly headers?: readonly { readonly name: string; readonly value: string }[];
  },
  options: Partial<RelayOptions> = {},
) {
  await using relay = await relayGuest({
    kind: "raw",
    asks: "request.request",
    network: publicNetwork(servers),
    targets: { request: [{ ...target, scheme: "https" }] },
    ...options,
  });
  const before = servers.seen.length;
  const { error, status } = await relay.ask(["request", { method: "GET", url, ...request }]);
  const seen = servers.seen.slice(before);
  // One request, or none: never a refusal with something sent, nor two in one.
  expect(seen).toHaveLength(status === undefined ? 0 : 1);
  return { code: error?.code, seen: seen[0] };
}

describe("[https/headers] a guest's header", () => {
  it.each([
    ["x", "a\r\nhost: evil.example"],
    ["x", "a\r\n\r\nGET /admin HTTP/1.1\r\nhost: x\r\n\r\n"],
    ["x", "a\nb: c"],
    ["x", "a\rb: c"],
    ["x", "a\u0000"],
    ["x", "a\u000bb"],
    ["x", "grüße"],
    ["x", "嘊嘍host: evil"],
    ["x\r\nhost", "evil.example"],
    ["x: y\r\nhost", "evil.example"],
    ["x ", "a"],
    [" x", "a"],
    ["x:", "a"],
    ["", "a"],
    ["ｘ", "a"],
    [":path", "/admin"],
    [":authority", "evil.example"],
  ])("%j: %j is refused, and nothing is sent", async (name, value) => {
    expect((await sent({ headers: [{ name, value }] })).code).toBe("host/invalid-header");
  });

  it.each([
    ...["Host", "HOST", "hOsT", "Content-Length", "content_length", "Transfer-Encoding"],
    ...["transfer_encoding", "TE", "Trailer", "Upgrade", "Expect", "Connection", "Keep-Alive"],
    ...["Proxy-Authorization", "Proxy-Connection", "proxy_anything", "Sec-Fetch-Site", "SEC_X"],
    ...["Authorization", "AUTHORIZATION", "Cookie", "cOOKIE", "Set-Cookie", "X-Api-Key"],
    ...["x_api_key", "Api-Key", "apikey", "X-Auth-Token", "X-Forwarded-Host", "Forwarded"],
    ...["X-HTTP-Method-Override", "X-Original-URL", "HTTP2-Settings", "X-Forwarded-For"],
    ...["x_forwarded_proto", "X-Real-IP", "Via"],
  ])("%s is not its own to set", async (name) => {
    const { code } = await sent({ headers: [{ name, value: "1" }] });
    expect(code).toBe("host/invalid-header");
  });

  it.each([
    ["Accept", "accept"],
    ["X-A", "x_A"],
    ["X-A", "x-a"],
  ])("%s and %s together", async (first, second) => {
    const headers = [first, second].map((name) => ({ name, value: "1" }));
    const { code, seen } = await sent({ headers });
    // A gateway takes an underscore for a hyphen, so that the two would be one header.
    expect(code ?? seen?.rawHeaders).toBe("host/invalid-header");
  });

  it("of an ordinary kind arrives as it was written, once", async () => {
    const headers = [
      { name: "Accept", value: "application/json;q=0.9, */*" },
      { name: "X-Trace", value: "\ta b  c" },
      { name: "User-Agent", value: "plugin/1" },
      { name: "Accept-Encoding", value: "gzip" },
    ];
    const { seen } = await sent({ headers });
    const names = seen?.rawHeaders
      .filter((_, at) => at % 2 === 0)
      .map((name) => name.toLowerCase());
    expect(names?.sort()).toEqual(
      ["accept", "accept-encoding", "connection", "host", "user-agent", "x-trace"].sort(),
    );
    expect(seen?.rawHeaders).toContain("identity");
    expect(seen?.rawHeaders).toContain("application/json;q=0.9, */*");
  });

  it("can't hide a request in a body: the length is the host's", async () => {
    const body = "0\r\n\r\nGET /admin HTTP/1.1\r\nhost: api.example.com\r\n\r\n";
    const { seen } = await sent({ method: "POST", body });
    expect(seen).toMatchObject({ method: "POST", url: "/", body });
    const { seen: plain } = await sent({ method: "GET", body });
    expect(plain).toMatchObject({ method: "GET", url: "/", body });
  });
});

describe("[https/targets] what is granted", () => {
  it.each([
    [{ method: "get" }, "host/invalid-request"],
    [{ method: "Get" }, "host/invalid-request"],
    [{ method: "GET " }, "host/invalid-request"],
    [{ method: "GET /admin HTTP/1.1\r\nx: y" }, "host/invalid-request"],
    [{ method: "HEAD" }, "host/invalid-request"],
    [{ method: "OPTIONS" }, "host/invalid-request"],
    [{ method: "TRACE" }, "host/invalid-request"],
    [{ method: "CONNECT" }, "host/invalid-request"],
    [{ method: "DELETE" }, "grant/denied"],
    [{ url: "http://api.example.com/" }, "grant/denied"],
    [{ url: "https://api.example.com:8443/" }, "grant/denied"],
    [{ url: "https://api.example.com:80/" }, "grant/denied"],
    [{ url: "https://api.example.com:0/" }, "grant/denied"],
    [{ url: "https://api.example.com:99999/" }, "host/invalid-url"],
    [{ url: "https://user@api.example.com/" }, "host/invalid-url"],
    [{ url: "https://:@api.example.com/" }, "host/invalid-url"],
    [{ url: "https://api.example.com:443@evil.example/" }, "host/invalid-url"],
    [{ url: "https://api.example.com%40evil.example/" }, "host/invalid-url"],
    [{ url: "https://evil.example#@api.example.com/" }, "grant/denied"],
    [{ url: "https://evil.example?@api.example.com/" }, "grant/denied"],
    [{ url: "https://evil.example\\@api.example.com/" }, "host/invalid-url"],
    [{ url: "https://xapi.example.com/" }, "grant/denied"],
    [{ url: "https://api.example.com.evil.example/" }, "grant/denied"],
    [{ url: "https://api.example.comm/" }, "grant/denied"],
    [{ url: "https://аpi.example.com/" }, "grant/denied"],
    [{ url: "//api.example.com/" }, "host/invalid-url"],
    [{ url: "/v1" }, "host/invalid-url"],
    [{ url: "wss://api.example.com/" }, "host/invalid-url"],
    [{ url: "file:///etc/passwd" }, "host/invalid-url"],
    [{ url: "data:text/plain,x" }, "host/invalid-url"],
    [{ url: "javascript:alert(1)" }, "host/invalid-url"],
    [{ url: "blob:https://api.example.com/x" }, "host/invalid-url"],
    [{ url: " https://api.example.com/" }, "host/invalid-url"],
    [{ url: "https://api.example.com/\r\nx: y" }, "host/invalid-url"],
    [{ url: "ht\ntps://api.example.com/" }, "host/invalid-url"],
  ])("is not %j", async (request, code) => {
    expect((await sent(request)).code).toBe(code);
  });

  it.each([
    "https://api.example.com",
    "HTTPS://API.EXAMPLE.COM/",
    "https://api.example.com:443/",
    "https://api.example.com./",
    "https://api。example。com/",
    "https://ａｐｉ.example.com/",
    "https:api.example.com/",
    "https:///api.example.com/",
    "https://api.example.com/x?q=a%0d%0ab",
  ])("is %s, which means the same", async (same) => {
    const { seen } = await sent({ url: same });
    // The port is where the test's own server listens.
    expect(seen?.rawHeaders.slice(0, 2).join(" ")).toBe(
      `host api.example.com:${servers.httpsPort}`,
    );
  });
});
