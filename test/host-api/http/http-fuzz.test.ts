import fc from "fast-check";
import { expect, test } from "vitest";
import { readAddress } from "../../../src/host-api/http/address.ts";
import type { ExchangeRequest, Network } from "../../../src/host-api/http/network.types.ts";
import { openHttp } from "./http-host.ts";

const granted = {
  request: [{ scheme: "https", host: "api.example.com", methods: ["GET"], path_prefixes: ["/v1"] }],
};

/** What a guest's text makes the host send, if anything. */
async function sentBy(text: string) {
  const sent: ExchangeRequest[] = [];
  const network: Network = {
    resolve: async () => ["93.184.215.14"],
    http: {
      pinsAddresses: true,
      exchange: async (request) => {
        sent.push(request);
        return { status: 200, headers: [], body: (async function* () {})(), close() {} };
      },
    },
  };
  await using host = openHttp("request", { network, granted });
  const answer = JSON.parse(await host.text(text));
  if (sent.length === 0) {
    expect(answer.error.code).toMatch(/^(?:host|grant)\/[a-z-]+$/u);
    expect(new TextEncoder().encode(answer.error.message).length).toBeLessThanOrEqual(512);
  }
  return sent;
}

/** Nothing that leaves may be elsewhere, or more than one request, than what the grant says. */
function isWithinGrant({ method, url, headers, addresses }: ExchangeRequest): void {
  expect(method).toBe("GET");
  expect(url.origin).toBe("https://api.example.com");
  expect(url.pathname).toMatch(/^\/v1(?:\/|$)/u);
  expect([url.username, url.password, url.hash]).toEqual(["", "", ""]);
  expect(addresses?.map((address) => readAddress(address)?.kind)).toEqual(["public"]);
  for (const [name, value] of headers) {
    expect(name).toMatch(/^[!#$%&'*+\-.^_`|~0-9a-z]{1,64}$/u);
    expect(value).toMatch(/^[\t\x20-\x7e]{0,1024}$/u);
    expect(["host", "content-length", "transfer-encoding", "connection"]).not.toContain(name);
  }
}

test("any text is answered, and never sent anywhere", async () => {
  const near = fc.string({
    unit: fc.constantFrom(...'{}[]":,\\', "method", "GET", "url", "headers"),
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string({ unit: "binary" }), near, fc.json()), async (text) => {
      expect(await sentBy(text)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("any URL near the granted one is refused, or lies within the grant", async () => {
  const part = fc.constantFrom(
    ...["https:", "http:", "//", "/", "\\", "@", ":", "api.example.com", "evil.example", "..", "."],
    ...[
      "%2e",
      "%2f",
      "%00",
      "v1",
      "x",
      "?",
      "#",
      "443",
      "127.0.0.1",
      "[::1]",
      "\t",
      "\n",
      " ",
      "。",
      "／",
    ],
  );
  const near = fc
    .array(part, { maxLength: 8 })
    .map((parts) => parts.join(""))
    .chain((text) =>
      fc.constantFrom(text, `https://api.example.com${text}`, `https://api.example.com/v1/${text}`),
    );
  await fc.assert(
    fc.asyncProperty(near, async (url) => {
      for (const request of await sentBy(JSON.stringify({ method: "GET", url })))
        isWithinGrant(request);
    }),
    { numRuns: 800 },
  );
});

test("any headers are refused, or are what they seem", async () => {
  const text = fc.oneof(
    fc.string({ maxLength: 70 }),
    fc.string({ unit: "binary", maxLength: 10 }),
    fc.constantFrom(
      "x-a",
      "Host",
      "content_length",
      "a\r\nb: c",
      "Connection ",
      "te",
      "sec-x",
      "X-Ok",
    ),
  );
  const headers = fc.array(fc.record({ name: text, value: text }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(headers, async (given) => {
      const request = { method: "GET", url: "https://api.example.com/v1", headers: given };
      for (const sent of await sentBy(JSON.stringify(request))) {
        isWithinGrant(sent);
        expect(sent.headers).toEqual(given.map(({ name, value }) => [name.toLowerCase(), value]));
      }
    }),
    { numRuns: 500 },
  );
});
