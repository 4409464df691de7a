import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  any,
  createAuthority,
  grantRequested,
  record,
  revocable,
} from "../../../src/grants/plan.ts";
import type { ExchangeRequest, Network } from "../../../src/host-api/http/network.types.ts";
import { createRedaction } from "../../../src/host-api/http/redaction.ts";
import type { SecretProvider } from "../../../src/host-api/http/secrets.ts";
import { httpLimits } from "../../../src/limits.ts";
import { permit, stubPackage } from "../../grants/stub-package.ts";
import { openHttp } from "./http-host.ts";

const value = 'S3cr3t/+value="x"';
const headers = { Authorization: { secret: "weather-token", prefix: "Bearer " } };
const target = {
  host: "api.example.com",
  methods: ["GET", "POST"],
  path_prefixes: ["/v1"],
  headers,
};
const fine = { method: "GET", url: "https://api.example.com/v1/x" };

/** A server that answers with text made of what it was sent. */
function echoing(reply: (sent: ExchangeRequest) => string, replyHeaders: [string, string][] = []) {
  const sent: ExchangeRequest[] = [];
  const network: Network = {
    resolve: async () => ["93.184.215.14"],
    http: {
      pinsAddresses: true,
      exchange: async (request) => {
        sent.push(request);
        const bytes = new TextEncoder().encode(reply(request));
        return {
          status: 200,
          headers: replyHeaders,
          body: (async function* () {
            yield bytes;
          })(),
          close() {},
        };
      },
    },
  };
  return { sent, network };
}

const provider: SecretProvider = (name) => {
  if (name !== "weather-token") throw new Error(`no ${value}`);
  return value;
};

async function ask(
  reply: (sent: ExchangeRequest) => string,
  options: {
    readonly secrets?: SecretProvider | undefined;
    readonly request?: object;
    readonly granted?: object;
    readonly replyHeaders?: [string, string][];
  } = {},
) {
  const { sent, network } = echoing(reply, options.replyHeaders);
  const secrets = "secrets" in options ? options.secrets : provider;
  const granted = { https: [{ ...target, ...options.granted }] };
  await using host = openHttp("https", { network, granted, secrets });
  return { sent, answer: await host.request({ ...fine, ...options.request }) };
}

describe("a secret that a grant binds", () => {
  test("is sent with its prefix, and asked for in the plugin's name", async () => {
    const asked: unknown[] = [];
    const secrets: SecretProvider = async (name, context) => {
      asked.push([name, context.plugin.ref]);
      return value;
    };
    const { sent, answer } = await ask(() => "ok", { secrets });
    expect(answer).toMatchObject({ status: 200, body: "ok" });
    expect(sent[0]?.headers).toEqual([["authorization", `Bearer ${value}`]]);
    expect(asked).toEqual([["weather-token", "project:example.echo"]]);
  });

  test("comes back to the guest in no spelling", async () => {
    const spellings = [
      value,
      value.toUpperCase(),
      `Bearer ${value}`,
      encodeURIComponent(value),
      JSON.stringify({ authorization: value }),
      btoa(value),
      btoa(`Bearer ${value}`),
      `${value}${value}`,
      Array.from(value, (mark) => `%${mark.charCodeAt(0).toString(16)}`.toUpperCase())
        .join("")
        .replaceAll("%", ""),
      value.replaceAll('"', "&#34;"),
      value.replaceAll('"', "&quot;"),
      btoa(`{"authorization":"Bearer ${value}","host":"api.example.com"}`),
    ];
    for (const text of spellings) {
      const { answer } = await ask(() => `before ${text} after`);
      expect(answer.body).toMatch(/^before .*<redacted>.* after$/u);
      expect(answer.body?.toLowerCase()).not.toContain("s3cr3t");
      expect(answer.body).not.toContain(btoa(value).slice(0, 8));
      expect(atobLeniently(answer.body ?? "")).not.toContain("S3cr3t");
    }
  });

  test("comes back in no header, neither as its value nor in its name", async () => {
    const name = "weathertoken9";
    const { answer } = await ask(() => "", {
      secrets: () => name,
      replyHeaders: [
        ["x-echo", `<${name}>`],
        ["x-far", `${"v".repeat(httpLimits.headerValueBytes.default - 4)}${name}`],
        [`x-${name}`, "1"],
        ["x-other", "kept"],
      ],
    });
    expect(answer.headers?.map(({ name }) => name)).toEqual(["x-echo", "x-far", "x-other"]);
    expect(answer.headers?.[0]?.value).toBe("<<redacted>>");
    expect(answer.headers?.[1]?.value).toMatch(/v<red$/u);
  });

  test("is found where the bound of the body would cut it in two", async () => {
    const most = httpLimits.responseBytes.default;
    for (const before of [most - value.length, most - 5, most - 1]) {
      const { answer } = await ask(() => `${"x".repeat(before)}${value}${"y".repeat(100)}`);
      expect(answer.truncated).toBe(true);
      expect(answer.body?.slice(before)).toMatch(/^<redacted>/u);
    }
    const { answer } = await ask(() => `${value.repeat(10_000)}`);
    expect(answer.body?.toLowerCase()).not.toContain("s3c");
  });

  test("goes only to URLs and methods of its own target", async () => {
    const { sent, network } = echoing(() => "ok");
    const other = { ...target, headers: undefined, path_prefixes: ["/open"], methods: ["GET"] };
    await using host = openHttp("https", {
      network,
      secrets: provider,
      granted: { https: [target, other as never] },
    });
    expect(
      (await host.request({ method: "GET", url: "https://api.example.com/open" })).status,
    ).toBe(200);
    expect((await host.request(fine)).status).toBe(200);
    expect(sent.map((request) => request.headers.length)).toEqual([0, 1]);
  });

  test.each(["X-Client", "x_client"])("wins over a header %s that the guest sets", async (name) => {
    const bound = { headers: { "x-client": { secret: "weather-token" } } };
    const request = { headers: [{ name, value: "guest" }] };
    const { sent } = await ask(() => "ok", { granted: bound, request });
    expect(sent[0]?.headers).toEqual([["x-client", value]]);
  });

  test("that is not to be had stops the request, and says nothing of why", async () => {
    const failing: (SecretProvider | undefined)[] = [
      undefined,
      () => {
        throw new Error(`vault at 10.0.0.1 knows ${value}`);
      },
      () => Promise.reject(new Error(value)),
      () => "",
      () => 7 as never,
      () => "line\r\nhost: evil",
      () => " padded ",
      () => "x".repeat(httpLimits.shortestSecret.default - 1),
      () => "x".repeat(httpLimits.secretBytes.default + 1),
    ];
    for (const secrets of failing) {
      const { sent, answer } = await ask(() => "ok", { secrets });
      expect(answer.error?.code).toBe("host/secret");
      expect(answer.error?.message).not.toContain(value);
      expect(answer.error?.message).not.toContain("10.0.0.1");
      expect(sent).toEqual([]);
    }
    for (const size of [httpLimits.shortestSecret.default, httpLimits.secretBytes.default]) {
      const { answer } = await ask(() => "ok", { secrets: () => "x".repeat(size) });
      expect(answer.status).toBe(200);
    }
  });

  test("is asked for only when the request is allowed", async () => {
    let asked = 0;
    const secrets = () => {
      asked += 1;
      return value;
    };
    const request = { url: "https://api.example.com/admin" };
    expect((await ask(() => "ok", { secrets, request })).answer.error?.code).toBe("grant/denied");
    expect(asked).toBe(0);
  });

  test("does not travel over plain http to a public host", async () => {
    const { sent, network } = echoing(() => "ok");
    const plain = { scheme: "http", ...target };
    await using host = openHttp("request", {
      network,
      secrets: provider,
      granted: { request: [plain] },
    });
    const { error } = await host.request({ method: "GET", url: "http://api.example.com/v1/x" });
    expect(error?.code).toBe("host/secret");
    expect(sent).toEqual([]);
  });

  test("goes to a private host only from a target that may reach it", async () => {
    const { sent, network } = echoing(() => "ok");
    const plain = { scheme: "http", ...target };
    const { headers: _, ...bare } = plain;
    const at = async (request: object[]) => {
      await using host = openHttp("request", {
        network: { ...network, resolve: async () => ["10.0.0.1"] },
        secrets: provider,
        granted: { request },
      });
      await host.request({ method: "GET", url: "http://api.example.com/v1/x" });
      return sent.at(-1)?.headers.length;
    };
    expect(await at([{ ...plain, allow_private: true }])).toBe(1);
    expect(await at([plain, { ...bare, allow_private: true }])).toBe(0);
  });

  test("goes with a grant that is revoked", async () => {
    const pkg = stubPackage({ permissions: [permit.hostApi("https")] });
    const bound = revocable(record(grantRequested(pkg, { https: [target] })));
    const { headers: _, ...bare } = target;
    const authority = createAuthority(pkg, any(bound, grantRequested(pkg, { https: [bare] })));
    expect(authority.targets().https.filter((grant) => grant.headers !== undefined)).toHaveLength(
      1,
    );
    bound.revoke();
    expect(authority.targets().https.filter((grant) => grant.headers !== undefined)).toEqual([]);
  });
});

describe("a grant record with bound headers", () => {
  const pkg = stubPackage({ permissions: [permit.hostApi("https")] });
  const read = (grant: object) => grantRequested(pkg, { https: [grant] }).https[0]?.headers;

  test("keeps them as they are", () => {
    expect(read(target)).toEqual(headers);
  });

  test.each([
    [{ ...target, host: "*" }],
    [{ ...target, host: "" }],
    [{ ...target, headers: { host: { secret: "a" } } }],
    [{ ...target, headers: { "Transfer-Encoding": { secret: "a" } } }],
    [{ ...target, headers: { "proxy-authorization": { secret: "a" } } }],
    [{ ...target, headers: { "a b": { secret: "a" } } }],
    [{ ...target, headers: { "x-a": { secret: "" } } }],
    [{ ...target, headers: { "x-a": { secret: "a", value: "b" } } }],
    [{ ...target, headers: { "x-a": { secret: "a", prefix: "b\r\nc" } } }],
    [{ ...target, headers: { "x-a": "plain text" } }],
  ])("%j is refused", (grant) => {
    expect(() => read(grant)).toThrow(expect.objectContaining({ code: "options/invalid" }));
  });

  test("is refused for a request target that names any host", () => {
    const any = { ...target, scheme: "https", host: "*" };
    expect(() => grantRequested(pkg, { request: [any] })).toThrow(/binds headers/u);
  });
});

/** What a guest could decode of base64 in a text, whatever stands around it. */
function atobLeniently(text: string): string {
  return (text.match(/[0-9a-z+/]{4,}/giu) ?? [])
    .flatMap((word) => [0, 1, 2, 3].map((at) => word.slice(at)))
    .map((word) => atob(word.slice(0, word.length - (word.length % 4))))
    .join(" ");
}

test("no base64 of a text with a secret in it has the secret left in it", () => {
  const around = fc.string({ maxLength: 12, unit: fc.constantFrom(...'abc:"{} ') });
  fc.assert(
    fc.property(around, around, fc.boolean(), (before, after, isForUrls) => {
      const { redact } = createRedaction(["S3cr3t-token"]);
      const encoded = btoa(`${before}S3cr3t-token${after}`);
      const sent = isForUrls ? encoded.replaceAll("+", "-").replaceAll("/", "_") : encoded;
      expect(redact(sent)).toContain("<redacted>");
      expect(atobLeniently(redact(sent).replace("<redacted>", " "))).not.toMatch(/cr3t-tok/u);
    }),
    { numRuns: 300 },
  );
});

test("no redacted text has a secret left in it, wherever it stands", () => {
  const secret = fc.string({ minLength: 4, maxLength: 12, unit: fc.constantFrom(..."ab/.+*\\(") });
  fc.assert(
    fc.property(
      secret,
      fc.array(fc.constantFrom("a", "b", "/", "<", "é", "\u{1f600}"), { maxLength: 20 }),
      (value, parts) => {
        const text = parts.join("");
        const { redact } = createRedaction([value]);
        expect(redact(text + value + text)).toContain("<redacted>");
        for (const shown of [0, 3, text.length + 1]) {
          expect(redact(text + value + text, shown).replaceAll("<redacted>", "\0")).not.toContain(
            value,
          );
        }
      },
    ),
    { numRuns: 300 },
  );
});
