import { describe, expect, test } from "vitest";
import { record, revocable } from "../../../src/grants/plan.ts";
import { httpLimits } from "../../../src/limits.ts";
import { countingNetwork, openHttp } from "./http-host.ts";

const httpsGrant = {
  host: "api.example.com",
  methods: ["GET", "POST"],
  path_prefixes: ["/v1"],
};
const requestGrant = { scheme: "https", ...httpsGrant };
const granted = { https: [httpsGrant], request: [requestGrant] };
const fine = { method: "GET", url: "https://api.example.com/v1/x" };

describe.each(["https", "request"] as const)("%s refuses before any network", (api) => {
  async function refusal(request: unknown) {
    const { asked, network } = countingNetwork();
    await using host = openHttp(api, { network, granted });
    const { error } = await host.request(request);
    expect(asked).toEqual({ resolved: 0, exchanged: 0 });
    return error?.code;
  }

  test.each([
    [{ ...fine, url: "http://api.example.com/v1/x" }],
    [{ ...fine, url: "https://api.example.com:8443/v1/x" }],
    [{ ...fine, url: "https://api.example.com/v1evil" }],
    [{ ...fine, url: "https://api.example.com/v1/%2e%2e/admin" }],
    [{ ...fine, url: "https://api.example.com/v1/..%2fadmin" }],
    [{ ...fine, url: "https://evil.example/v1/x" }],
    [{ ...fine, url: "https://api.example.com.evil.example/v1/x" }],
    [{ ...fine, url: "https://api.example.com@evil.example/v1/x" }],
    [{ ...fine, url: "https://@api.example.com/v1/x" }],
    [{ ...fine, url: "https://user:pass@api.example.com/v1/x" }],
    [{ ...fine, url: "https://api.example.com\\@evil.example/v1/x" }],
    [{ ...fine, url: "https://api.example.com/v1/x\r\nhost: evil.example" }],
    [{ ...fine, url: "https://localhost/v1/x" }],
    [{ ...fine, url: "https://a.localhost/v1/x" }],
    [{ ...fine, url: "https://127.0.0.1/v1/x" }],
    [{ ...fine, url: "https://2130706433/v1/x" }],
    [{ ...fine, url: "https://0x7f.1/v1/x" }],
    [{ ...fine, url: "https://[::ffff:127.0.0.1]/v1/x" }],
    [{ ...fine, url: "https://[fe80::1%25eth0]/v1/x" }],
    [{ ...fine, url: "file:///etc/passwd" }],
    [{ ...fine, url: "ws://api.example.com/v1/x" }],
    [{ ...fine, url: "wss://api.example.com/v1/x" }],
    [{ ...fine, url: "data:text/plain,x" }],
    [{ ...fine, url: "/v1/x" }],
    [{ ...fine, url: 7 }],
    [{ method: "GET" }],
  ])("%j", async (request) => {
    expect(await refusal(request)).toMatch(/^(?:grant\/denied|host\/invalid-url)$/u);
  });

  test.each([
    ["get"],
    ["HEAD"],
    ["CONNECT"],
    ["TRACE"],
    ["GET "],
    ["GET / HTTP/1.1\r\nx: y"],
    [""],
  ])("the method %j", async (method) => {
    expect(await refusal({ ...fine, method })).toBe("host/invalid-request");
  });

  test("a method that is not granted", async () => {
    expect(await refusal({ ...fine, method: "DELETE" })).toBe("grant/denied");
  });

  test.each([
    ["null"],
    ["[]"],
    ["7"],
    ["{"],
    ['{"method":"GET","url":"https://api.example.com/v1/x","extra":1}'],
    ['{"method":"GET","method":"POST","url":"https://api.example.com/v1/x"}'],
    ['{"method":"GET","url":"https://api.example.com/v1/x","__proto__":{}}'],
    ['{"method":"GET","url":"https://api.example.com/v1/x","headers":{}}'],
    ['{"method":"GET","url":"https://api.example.com/v1/x","headers":[{"name":"a"}]}'],
    ['{"method":"GET","url":"https://api.example.com/v1/x","headers":[["a","b"]]}'],
    ['{"method":"GET","url":"https://api.example.com/v1/x","body":{}}'],
    ['{"method":"GET","url":"https://api.example.com/v1/x","body":"\\ud800"}'],
  ])("the request %s", async (text) => {
    const { asked, network } = countingNetwork();
    await using host = openHttp(api, { network, granted });
    expect(JSON.parse(await host.text(text))).toMatchObject({
      error: { code: "host/invalid-request" },
    });
    expect(asked).toEqual({ resolved: 0, exchanged: 0 });
  });

  test.each(
    [
      ...[
        "authorization",
        "Proxy-Authorization",
        "cookie",
        "Set-Cookie",
        "X-API-Key",
        "x-auth-token",
      ],
      ...["api-key", "apikey", "host", "content-length", "Transfer-Encoding", "connection"],
      ...["keep-alive", "te", "trailer", "upgrade", "expect", "proxy-connection", "sec-fetch-site"],
      ...["Sec-WebSocket-Key", "transfer_encoding", "content_length", "http2-settings"],
      ...["x-http-method-override", "x-original-url", "x-forwarded-host", ""],
      ...["a b", "a:", "a\r\nhost", "ä", "a\0", "(", " host", "host "],
    ].map((name) => [name]),
  )("the header name %j", async (name) => {
    expect(await refusal({ ...fine, headers: [{ name, value: "x" }] })).toBe("host/invalid-header");
  });

  test.each(["a\r\nhost: evil", "a\nb", "a\r\n b", "a\0b", "a\u007f", "ä", "a\u0085", "\u2028"])(
    "the header value %j",
    async (value) => {
      expect(await refusal({ ...fine, headers: [{ name: "x-a", value }] })).toBe(
        "host/invalid-header",
      );
    },
  );

  test("an event stream, and a header that comes twice", async () => {
    const stream = { name: "accept", value: "text/html, Text/Event-Stream" };
    expect(await refusal({ ...fine, headers: [stream] })).toBe("host/invalid-header");
    const twice = [
      { name: "x-a", value: "1" },
      { name: "X-A", value: "2" },
    ];
    expect(await refusal({ ...fine, headers: twice })).toBe("host/invalid-header");
  });

  test("a call without permission, whatever it asks for", async () => {
    const { asked, network } = countingNetwork();
    await using host = openHttp(api, { network, granted: {}, requested: [requestGrant] });
    expect((await host.request("not a request")).error?.code).toBe("grant/denied");
    expect((await host.request(fine)).error?.code).toBe("grant/denied");
    expect(asked).toEqual({ resolved: 0, exchanged: 0 });
  });
});

test("request asks the manifest as well as the grant", async () => {
  const { asked, network } = countingNetwork();
  await using host = openHttp("request", {
    network,
    granted,
    requested: [{ ...requestGrant, methods: ["POST"] }],
  });
  const { error } = await host.request(fine);
  expect(error).toMatchObject({
    code: "grant/denied",
    message: expect.stringContaining("manifest"),
  });
  expect(asked).toEqual({ resolved: 0, exchanged: 0 });
});

test("revoking a grant stops the next call", async () => {
  const { asked, network } = countingNetwork();
  let revoke = () => {};
  await using host = openHttp("https", {
    network,
    granted,
    policy: (grants) => {
      const policy = revocable(record(grants));
      revoke = () => policy.revoke();
      return policy;
    },
  });
  expect((await host.request(fine)).status).toBe(200);
  revoke();
  expect((await host.request(fine)).error?.code).toMatch(/^grant\//u);
  expect(asked.exchanged).toBe(1);
});

describe("the bounds of a request hold to the byte", () => {
  async function outcome(request: object, wanted: string | undefined) {
    const { asked, network } = countingNetwork();
    await using host = openHttp("https", { network, granted });
    expect((await host.request({ ...fine, ...request })).error?.code).toBe(wanted);
    expect(asked.exchanged).toBe(wanted === undefined ? 1 : 0);
  }
  const header = (name: string, value: string) => ({ headers: [{ name, value }] });

  test("bodyBytes", async () => {
    const most = httpLimits.bodyBytes.default;
    await outcome({ method: "POST", body: "x".repeat(most) }, undefined);
    await outcome({ method: "POST", body: "x".repeat(most + 1) }, "host/too-large");
    await outcome({ method: "POST", body: "é".repeat(most / 2) }, undefined);
    await outcome({ method: "POST", body: `é${"x".repeat(most - 1)}` }, "host/too-large");
  });

  test("descriptorBytes", async () => {
    const room = httpLimits.descriptorBytes.default - JSON.stringify(fine).length;
    const padded = (spaces: number) => `${JSON.stringify(fine)}${" ".repeat(spaces)}`;
    const { network } = countingNetwork();
    await using host = openHttp("https", { network, granted });
    expect(JSON.parse(await host.text(padded(room)))).toMatchObject({ status: 200 });
    expect(JSON.parse(await host.text(padded(room + 1)))).toMatchObject({
      error: { code: "host/too-large" },
    });
  });

  test("requestHeaders", async () => {
    const headers = (count: number) => ({
      headers: Array.from({ length: count }, (_, index) => ({ name: `x-${index}`, value: "" })),
    });
    await outcome(headers(httpLimits.requestHeaders.default), undefined);
    await outcome(headers(httpLimits.requestHeaders.default + 1), "host/too-large");
  });

  test("headerNameBytes and headerValueBytes", async () => {
    const name = httpLimits.headerNameBytes.default;
    const value = httpLimits.headerValueBytes.default;
    await outcome(header("n".repeat(name), "v".repeat(value)), undefined);
    await outcome(header("n".repeat(name + 1), "v"), "host/invalid-header");
    await outcome(header("n", "v".repeat(value + 1)), "host/invalid-header");
  });
});

describe("resolved addresses", () => {
  async function resolving(addresses: readonly string[]) {
    const { asked, network } = countingNetwork(addresses);
    await using host = openHttp("https", { network, granted });
    const { error } = await host.request(fine);
    return { code: error?.code, exchanged: asked.exchanged };
  }

  test.each([
    ["127.0.0.1"],
    ["10.0.0.1"],
    ["169.254.169.254"],
    ["::1"],
    ["::ffff:127.0.0.1"],
    ["64:ff9b::7f00:1"],
    ["fe80::1%eth0"],
    ["2002:7f00:1::"],
  ])("one that is private (%s) among public ones is refused", async (address) => {
    const refused = { code: "grant/denied", exchanged: 0 };
    expect(await resolving([address])).toEqual(refused);
    expect(await resolving(["93.184.215.14", address])).toEqual(refused);
    expect(await resolving([address, "93.184.215.14"])).toEqual(refused);
  });

  test("none, or something that is no address, is an error of its own", async () => {
    expect(await resolving([])).toEqual({ code: "host/resolve", exchanged: 0 });
    expect(await resolving(["93.184.215.14", "evil.example"])).toEqual({
      code: "host/resolve",
      exchanged: 0,
    });
  });

  test("more than resolvedAddresses are refused", async () => {
    const most = httpLimits.resolvedAddresses.default;
    const answers = (count: number) => Array.from({ length: count }, (_, at) => `8.8.8.${at}`);
    expect(await resolving(answers(most))).toEqual({ code: undefined, exchanged: 1 });
    expect(await resolving(answers(most + 1))).toEqual({ code: "host/resolve", exchanged: 0 });
  });

  test("what a resolver throws is not told", async () => {
    const { network } = countingNetwork();
    const resolve = async () => {
      throw new Error("ENOTFOUND from 10.1.2.3");
    };
    await using host = openHttp("https", { network: { ...network, resolve }, granted });
    expect((await host.request(fine)).error).toEqual({
      code: "host/resolve",
      message: "The host name could not be resolved.",
    });
  });

  test("without a resolver, names are refused unless the host accepts that", async () => {
    const { asked, network } = countingNetwork();
    const blind = { http: { ...network.http, pinsAddresses: false } };
    await using strict = openHttp("https", { network: blind, granted });
    expect((await strict.request(fine)).error?.code).toBe("host/unsupported");
    expect(asked.exchanged).toBe(0);
    await using lax = openHttp("https", {
      network: blind,
      granted,
      acceptsUncheckedAddresses: true,
    });
    expect((await lax.request(fine)).status).toBe(200);
  });
});

describe("private hosts through request", () => {
  const url = "http://internal.example/v1/x";
  const target = { ...requestGrant, scheme: "http", host: "internal.example" };
  async function code(grant: object, asked: object = target, reached = url) {
    const { network } = countingNetwork(["10.1.2.3"]);
    await using host = openHttp("request", {
      network,
      granted: { request: [grant] },
      requested: [asked],
    });
    return (await host.request({ method: "GET", url: reached })).error?.code;
  }

  test("need allow_private and the very name on both sides", async () => {
    expect(await code({ ...target, allow_private: true })).toBeUndefined();
    expect(await code(target)).toBe("grant/denied");
    expect(await code({ ...target, allow_private: false })).toBe("grant/denied");
    expect(await code({ ...target, host: "*", allow_private: true })).toBe("grant/denied");
    expect(await code({ ...target, allow_private: true }, { ...target, host: "*" })).toBe(
      "grant/denied",
    );
  });

  test("as addresses need the same", async () => {
    for (const host of [
      "127.0.0.1",
      "[::1]",
      "localhost",
      "[::ffff:10.0.0.1]",
      "169.254.169.254",
    ]) {
      const reached = `http://${host}/v1/x`;
      const named = { ...target, host };
      expect(await code({ ...named, allow_private: true }, named, reached), host).toBeUndefined();
      expect(await code(named, named, reached), host).toBe("grant/denied");
      const any = { ...target, host: "*" };
      expect(await code({ ...any, allow_private: true }, any, reached), host).toBe("grant/denied");
    }
  });

  test("are never reached through https, whatever is granted", async () => {
    const { network } = countingNetwork(["10.1.2.3"]);
    await using host = openHttp("https", {
      network,
      granted: { https: [httpsGrant], request: [{ ...requestGrant, allow_private: true }] },
    });
    expect((await host.request(fine)).error?.code).toBe("grant/denied");
  });
});

test("a host name is reached in its one spelling", async () => {
  const reached: string[] = [];
  const { network } = countingNetwork();
  const resolve = async (host: string) => {
    reached.push(host);
    return ["93.184.215.14"];
  };
  const exchange = async (request: Parameters<typeof network.http.exchange>[0]) => {
    reached.push(request.url.href);
    return network.http.exchange(request);
  };
  await using host = openHttp("https", {
    network: { resolve, http: { pinsAddresses: true, exchange } },
    granted: { https: [{ ...httpsGrant, host: "bücher.example" }] },
  });
  await host.request({ method: "GET", url: "https://BÜCHER.example.:443/v1/x?a=b#c" });
  expect(reached).toEqual(["xn--bcher-kva.example", "https://xn--bcher-kva.example/v1/x?a=b"]);
});
