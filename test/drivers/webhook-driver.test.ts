import { describe, expect, test } from "vitest";
import { createWebhookDriver, type WebhookRule } from "../../src/drivers/webhook-driver.ts";
import { githubSignature, hmacSignature } from "../../src/drivers/webhook-signature.ts";
import type { IngressReport } from "../../src/instance/ingress.types.ts";
import { httpLimits, webhookLimits } from "../../src/limits.ts";
import { driverHost, handTiming, queueFull, settle, type Take, until } from "./driver-host.ts";
import { githubRequest, hmac, openWebhook, secret } from "./webhook-sender.ts";

const never: Take = () => new Promise(() => {});
const url = (path: string) => `https://host.example${path}`;
const refusal = (status: number) => ({ status, text: expect.stringMatching(/^[A-Z].*\.\n$/u) });

describe("[webhook/delivers] a signed request", () => {
  test("is an event with its body and the few headers that a guest may know", async () => {
    const webhook = await openWebhook();
    const answer = await webhook.send(
      githubRequest('{"action":"opened","number":7}', {
        "user-agent": "GitHub-Hookshot/1",
        "x-github-event": "issues",
        "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        authorization: "Bearer x",
        cookie: "a=b",
        "x-forwarded-for": "192.0.2.1",
        "x-token-event": "y",
      }),
    );
    expect(answer).toEqual({ status: 202, text: "" });
    expect(webhook.events).toEqual([
      {
        kind: "webhook",
        correlation_id: "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        payload: {
          headers: {
            "content-type": "application/json",
            "user-agent": "GitHub-Hookshot/1",
            "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
            "x-github-event": "issues",
          },
          body: { action: "opened", number: 7 },
        },
      },
    ]);
    expect(webhook.session.status()).toMatchObject({
      driver: "webhook",
      source: "webhook:github",
      state: "waiting",
      received: 1,
      dropped: 0,
    });
  });

  test("may be text, and have headers that the host names", async () => {
    const webhook = await openWebhook({ rule: { headers: ["X-Room"] } });
    const headers = { "content-type": "text/plain; charset=UTF-8", "x-room": "a\tb" };
    await webhook.send(githubRequest("héllo", headers));
    expect(webhook.events[0]?.payload).toEqual({
      headers: { ...headers, "x-room": "a b" },
      body: "héllo",
    });
  });

  test("shows at most passedHeaders, each bounded, and no id that is none", async () => {
    const webhook = await openWebhook();
    const many = Object.fromEntries(
      Array.from({ length: 30 }, (_, at) => [`x-h${at}-event`, "y".repeat(5_000)]),
    );
    await webhook.send(githubRequest("{}", { ...many, "x-a-delivery": "not an id" }));
    const payload = webhook.events[0]?.payload as { headers: Record<string, string> } | undefined;
    const headers = payload?.headers ?? {};
    expect(Object.keys(headers)).toHaveLength(webhookLimits.passedHeaders.default);
    expect(headers["x-h0-event"]?.length).toBeLessThanOrEqual(httpLimits.headerValueBytes.default);
    expect(webhook.events[0]).not.toHaveProperty("correlation_id");
  });

  test("is answered though the guest takes its time, after answerMs", async () => {
    const timing = handTiming();
    const webhook = await openWebhook({ take: never, timing });
    let isAnswered = false;
    const answer = webhook.send(githubRequest());
    answer.then(() => {
      isAnswered = true;
    });
    await until(() => webhook.events.length > 0);
    await timing.pass(webhookLimits.answerMs.default - 1);
    expect(isAnswered).toBe(false);
    await timing.pass(1);
    expect(await answer).toEqual({ status: 202, text: "" });
    expect(timing.waiting).toBe(0);
  });

  test.each<[string, Partial<IngressReport>]>([
    ["took it", { output: { secret: 1 } }],
    ["did not take it", { accepted: false, output: { secret: 1 } }],
    ["failed", { attempts: 3, error: { code: "guest/failed", message: "s", isRetryable: false } }],
  ])("says nothing of a guest that %s", async (_, report) => {
    const webhook = await openWebhook({ take: () => report });
    expect(await webhook.send(githubRequest())).toEqual({ status: 202, text: "" });
  });

  test.each<[number, string, Partial<IngressReport>]>([
    [200, '{"challenge":"x"}', { output: { challenge: "x" } }],
    [200, "null", {}],
    [422, '{"why":1}', { accepted: false, output: { why: 1 } }],
    [
      502,
      "The plugin failed.\n",
      { attempts: 1, error: { code: "runtime/trap", message: "at /home/x", isRetryable: false } },
    ],
  ])("gives the guest's answer where the host says so: %d %s", async (status, text, report) => {
    const webhook = await openWebhook({ rule: { isAnsweredByGuest: true }, take: () => report });
    expect(await webhook.send(githubRequest())).toEqual({ status, text });
  });

  test.each<[number, Partial<IngressReport>]>([
    [503, queueFull],
    [503, { error: { code: "instance/stopped", message: "s", isRetryable: false } }],
    [503, { error: { code: "ingress/unavailable", message: "s", isRetryable: true } }],
    [422, { error: { code: "ingress/invalid-event", message: "s", isRetryable: false } }],
    [403, { error: { code: "grant/denied", message: "s", isRetryable: false } }],
  ])("is refused with %d when the guest can't have it", async (status, report) => {
    const webhook = await openWebhook({ take: () => report });
    const response = await webhook.driver.handle(githubRequest());
    expect(response.status).toBe(status);
    expect(response.headers.get("retry-after")).toBe(
      status === 503 ? `${webhookLimits.retryAfterSeconds.default}` : null,
    );
    expect(webhook.session.status().dropped).toBe(1);
  });

  test("is never kept by anything on its way", async () => {
    const webhook = await openWebhook();
    for (const request of [githubRequest(), githubRequest("{}", { "content-type": "x" })]) {
      const { headers } = await webhook.driver.handle(request);
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
    }
  });
});

describe("[webhook/refuses] a request that is not its sender's", () => {
  test.each<[string, Record<string, string>]>([
    ["has no signature", { "x-hub-signature-256": "" }],
    ["has another algorithm's", { "x-hub-signature-256": `sha1=${"0".repeat(40)}` }],
    ["has one without its prefix", { "x-hub-signature-256": hmac("{}").digest("hex") }],
    ["has one that is cut", { "x-hub-signature-256": "sha256=00" }],
    [
      "has one of another secret",
      { "x-hub-signature-256": `sha256=${hmac("{}", "x").digest("hex")}` },
    ],
    ["has one of another body", { "x-hub-signature-256": `sha256=${hmac("{ }").digest("hex")}` }],
    ["has two", { "x-hub-signature-256": `sha256=${hmac("{}").digest("hex")}, sha256=00` }],
    ["has an endless one", { "x-hub-signature-256": `sha256=${"0".repeat(5_000)}` }],
  ])("because it %s gets 401, and the guest hears nothing", async (_, headers) => {
    const webhook = await openWebhook();
    expect(await webhook.send(githubRequest("{}", headers))).toEqual(refusal(401));
    expect(webhook.events).toEqual([]);
    expect(webhook.session.status()).toMatchObject({ received: 0, dropped: 0 });
  });

  test("is refused before its body is read, when it is not signed at all", async () => {
    const webhook = await openWebhook();
    let wasRead = false;
    const body = new ReadableStream(
      {
        pull() {
          wasRead = true;
          return new Promise(() => {});
        },
      },
      { highWaterMark: 0 },
    );
    const init: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" };
    const headers = { "content-type": "application/json" };
    const at = url("/project:example.echo/github");
    expect(await webhook.send(new Request(at, { ...init, headers }))).toEqual(refusal(401));
    expect(wasRead).toBe(false);
  });

  test("is taken with the old secret as long as it is named, and not after", async () => {
    const old = "an older secret that was good";
    const secrets = (name: string) => (name === "old" ? old : secret);
    const signed = () =>
      githubRequest("{}", { "x-hub-signature-256": `sha256=${hmac("{}", old).digest("hex")}` });
    const rotating = await openWebhook({ rule: { secrets: ["new", "old"] }, secrets });
    expect((await rotating.send(signed())).status).toBe(202);
    const rotated = await openWebhook({ rule: { secrets: ["new"] }, secrets });
    expect((await rotated.send(signed())).status).toBe(401);
  });

  const least = webhookLimits.shortestWebhookSecret.default;
  const most = webhookLimits.longestWebhookSecret.default;
  test.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error(secret);
      },
    ],
    ["rejects", async () => Promise.reject(new Error(secret))],
    ["gives nothing", () => undefined],
    ["gives less than shortestWebhookSecret", () => "x".repeat(least - 1)],
    ["gives more than longestWebhookSecret", () => "x".repeat(most + 1)],
  ])("or can't be told from it, because the provider %s: 503, told once", async (_, provide) => {
    const webhook = await openWebhook({ secrets: provide as () => string });
    expect(await webhook.send(githubRequest())).toEqual(refusal(503));
    expect(await webhook.send(githubRequest())).toEqual(refusal(503));
    expect(webhook.diagnostics.map(({ code }) => code)).toEqual(["host/secret"]);
    expect(JSON.stringify([webhook.diagnostics, webhook.session.status()])).not.toContain(secret);
    expect(webhook.events).toEqual([]);
  });

  test.each([least, most])("is known with a secret of %d bytes", async (length) => {
    const key = "x".repeat(length);
    const webhook = await openWebhook({ secrets: () => key });
    const headers = { "x-hub-signature-256": `sha256=${hmac("{}", key).digest("hex")}` };
    expect((await webhook.send(githubRequest("{}", headers))).status).toBe(202);
  });
});

describe("[webhook/bounds] a request that is no webhook's", () => {
  test.each(["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])("by %s gets 405", async (method) => {
    const webhook = await openWebhook();
    const request = githubRequest("{}", {}, { method, ...(method === "GET" && { body: null }) });
    const response = await webhook.driver.handle(request);
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  });

  test.each([
    "",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/octet-stream",
    "application/jsonp",
    "application/json; charset=utf-16",
    "text/plain; charset=iso-8859-1",
    "text/plain, application/json",
  ])("of the type %j gets 415", async (type) => {
    const webhook = await openWebhook();
    expect(await webhook.send(githubRequest("{}", { "content-type": type }))).toEqual(refusal(415));
  });

  test.each(["application/json", "Application/JSON;charset=utf-8", "application/cloudevents+json"])(
    "of the type %j is JSON",
    async (type) => {
      const webhook = await openWebhook();
      await webhook.send(githubRequest("[1]", { "content-type": type }));
      expect(webhook.events[0]?.payload).toMatchObject({ body: [1] });
    },
  );

  test("that is compressed gets 415", async () => {
    const webhook = await openWebhook();
    const request = githubRequest("{}", { "content-encoding": "gzip" });
    expect(await webhook.send(request)).toEqual(refusal(415));
  });

  test.each(["{", "", "{}{}", '{"a":1,"a":2}', '{"__proto__":{}}', "[".repeat(100)])(
    "of the JSON %j gets 400, though it is signed",
    async (body) => {
      const webhook = await openWebhook();
      expect(await webhook.send(githubRequest(body))).toEqual(refusal(400));
      expect(webhook.events).toEqual([]);
    },
  );

  test("that is no UTF-8 gets 400", async () => {
    const webhook = await openWebhook();
    for (const type of ["application/json", "text/plain"]) {
      const request = githubRequest(Uint8Array.of(0x22, 0xff, 0x22), { "content-type": type });
      expect(await webhook.send(request)).toEqual(refusal(400));
    }
  });

  test("over webhookBytes gets 413, whether it says its length or not", async () => {
    const webhook = await openWebhook();
    const most = webhookLimits.webhookBytes.default;
    const text = { "content-type": "text/plain" };
    expect((await webhook.send(githubRequest("x".repeat(most), text))).status).toBe(202);
    expect(await webhook.send(githubRequest("x".repeat(most + 1), text))).toEqual(refusal(413));
    const said = githubRequest("x", { ...text, "content-length": `${most + 1}` });
    expect(await webhook.send(said)).toEqual(refusal(413));
    const odd = githubRequest("x", { ...text, "content-length": "-1" });
    expect(await webhook.send(odd)).toEqual(refusal(400));
    expect(webhook.events).toHaveLength(1);
  });

  test("beyond requestsAtOnce gets 503, and gets in when others are done", async () => {
    const waiting: ((report: Partial<IngressReport>) => void)[] = [];
    const take = () => new Promise<Partial<IngressReport>>((resolve) => waiting.push(resolve));
    const webhook = await openWebhook({ take });
    const most = webhookLimits.requestsAtOnce.default;
    const answers = Array.from({ length: most }, () => webhook.send(githubRequest()));
    await until(() => waiting.length === most);
    expect(await webhook.send(githubRequest())).toEqual(refusal(503));
    for (const resolve of waiting.splice(0)) resolve({});
    expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(
      new Set([202]),
    );
    const next = webhook.send(githubRequest());
    await until(() => waiting.length === 1);
    waiting[0]?.({});
    expect((await next).status).toBe(202);
  });

  test("whose body does not come gets 408 after webhookBodyMs", async () => {
    const timing = handTiming();
    const webhook = await openWebhook({ timing });
    let isCancelled = false;
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(3)),
      cancel() {
        isCancelled = true;
      },
    });
    const init: RequestInit & { duplex: "half" } = { body, duplex: "half" };
    const headers = { "x-hub-signature-256": `sha256=${"0".repeat(64)}` };
    const answer = webhook.send(githubRequest("", headers, init));
    await timing.pass(webhookLimits.webhookBodyMs.default - 1);
    expect(isCancelled).toBe(false);
    await timing.pass(1);
    expect(await answer).toEqual(refusal(408));
    expect(isCancelled).toBe(true);
  });

  test("whose secret does not come gets 408 as well", async () => {
    const timing = handTiming();
    const webhook = await openWebhook({ timing, secrets: () => new Promise(() => {}) });
    const answer = webhook.send(githubRequest());
    await timing.pass(webhookLimits.webhookBodyMs.default);
    expect(await answer).toEqual(refusal(408));
  });

  test("whose body breaks off gets 400", async () => {
    const webhook = await openWebhook();
    const body = new ReadableStream({
      pull: (controller) => controller.error(new Error("gone")),
    });
    const init: RequestInit & { duplex: "half" } = { body, duplex: "half" };
    const headers = { "x-hub-signature-256": `sha256=${"0".repeat(64)}` };
    expect(await webhook.send(githubRequest("", headers, init))).toEqual(refusal(400));
  });
});

describe("[webhook/routes] a host with several plugins", () => {
  test.each([
    "/project:example.echo/github",
    "/project%3Aexample.echo/github",
    "/a/b/c/project:example.echo/github?x=/project:other/gitlab#y",
  ])("finds a webhook by the end of the path %s", async (path) => {
    const { driver } = await openWebhook();
    expect((await driver.handle(new Request(url(path), githubRequest()))).status).toBe(202);
  });

  test.each([
    "/",
    "/github",
    "/project:example.echo",
    "/project:example.echo/github/",
    "/project:example.echo/GitHub",
    "/example.echo/github",
    "/user:example.echo/github",
    "/project:example.echo/%67ithub%00",
    "/project:example.echo/%",
    "/project%253Aexample.echo/github",
    "/__proto__/constructor",
  ])("finds none by %s: 404", async (path) => {
    const { driver, events } = await openWebhook();
    expect((await driver.handle(new Request(url(path), githubRequest()))).status).toBe(404);
    expect(events).toEqual([]);
  });

  test("finds one by an address of the host's own", async () => {
    const { driver } = await openWebhook();
    const request = () => new Request(url("/anything"), githubRequest());
    const address = { plugin: "project:example.echo", webhook: "github" };
    expect((await driver.handle(request(), address)).status).toBe(202);
    expect((await driver.handle(request(), { ...address, webhook: "x" })).status).toBe(404);
  });

  test("opens a source once, and again when it was closed", async () => {
    const { driver, session, context } = await openWebhook();
    expect(() => driver.open(context)).toThrow(
      expect.objectContaining({ code: "ingress/source-taken" }),
    );
    await session[Symbol.asyncDispose]();
    expect((await driver.handle(githubRequest())).status).toBe(404);
    await driver.open(context);
    expect((await driver.handle(githubRequest())).status).toBe(202);
    await session[Symbol.asyncDispose]();
    expect((await driver.handle(githubRequest())).status).toBe(202);
  });

  test("keeps no place for an instance that stopped before", async () => {
    const driver = createWebhookDriver({ rule: { signature: "unsigned" } });
    const stopped = driverHost("webhook:github");
    stopped.stop();
    await driver.open(stopped.context);
    expect((await driver.handle(githubRequest())).status).toBe(404);
    await driver.open(driverHost("webhook:github").context);
    expect((await driver.handle(githubRequest())).status).toBe(202);
  });

  test("closes with its instance, requests in hand too", async () => {
    const timing = handTiming();
    const webhook = await openWebhook({ timing });
    const init: RequestInit & { duplex: "half" } = {
      body: new ReadableStream({}),
      duplex: "half",
    };
    const headers = { "x-hub-signature-256": `sha256=${"0".repeat(64)}` };
    const answer = webhook.send(githubRequest("", headers, init));
    await settle();
    webhook.stop();
    expect(await answer).toEqual(refusal(503));
    expect(await webhook.send(githubRequest())).toEqual(refusal(404));
    expect(webhook.session.status().state).toBe("closed");
    expect(timing.waiting).toBe(0);
  });

  test("is told that a body was read before", async () => {
    const { driver } = await openWebhook();
    const request = githubRequest();
    await request.text();
    await expect(driver.handle(request)).rejects.toThrow(
      expect.objectContaining({ code: "options/invalid" }),
    );
  });

  test("opens only what it has a rule for, each with its own", async () => {
    const asked: string[] = [];
    const driver = createWebhookDriver({
      rule: ({ plugin, ingress, name }) => {
        asked.push(`${plugin.ref} ${ingress} ${name}`);
        return name === "github" ? { signature: githubSignature(), secrets: ["x"] } : undefined;
      },
      secrets: () => secret,
    });
    await driver.open(driverHost("webhook:github").context);
    expect(() => driver.open(driverHost("webhook:gitlab").context)).toThrow(
      expect.objectContaining({ code: "ingress/invalid-source" }),
    );
    expect(asked).toEqual([
      "project:example.echo inbox github",
      "project:example.echo inbox gitlab",
    ]);
  });

  const longest = "x".repeat(webhookLimits.webhookNameBytes.default);
  test.each(["", " ", "a b", "a/b", "../x", ".x", "é", "a\n", `${longest}x`])(
    "opens no webhook named %j",
    (name) => {
      const driver = createWebhookDriver({ rule: { signature: "unsigned" } });
      expect(() => driver.open(driverHost(`webhook:${name}`).context)).toThrow(
        expect.objectContaining({ code: "ingress/invalid-source" }),
      );
    },
  );

  test("opens one with a name of webhookNameBytes", async () => {
    const driver = createWebhookDriver({ rule: { signature: "unsigned" } });
    await driver.open(driverHost(`webhook:${longest}`).context);
  });

  test("that verifies by itself says so, and then everything is taken", async () => {
    const webhook = await openWebhook({
      rule: { signature: "unsigned", secrets: [] },
      secrets: undefined,
    });
    expect((await webhook.send(githubRequest("{}", { "x-hub-signature-256": "" }))).status).toBe(
      202,
    );
  });
});

describe("[webhook/rules] a rule that would verify nothing by mistake", () => {
  const signature = githubSignature();
  const names = (count: number) => Array.from({ length: count }, (_, at) => `x-${at}`);
  test.each<[string, WebhookRule]>([
    ["no secrets", { signature }],
    ["none at all", { signature, secrets: [] }],
    [
      "more than webhookSecrets",
      { signature, secrets: names(webhookLimits.webhookSecrets.default + 1) },
    ],
    ["secrets and no signature", { signature: "unsigned", secrets: ["x"] }],
    ["a signature of no header", { signature: { ...signature, headers: [] }, secrets: ["x"] }],
    ["an odd header", { signature: hmacSignature({ header: "a b" }), secrets: ["x"] }],
    ["a tolerance of 0", { signature: { ...signature, toleranceMs: 0 }, secrets: ["x"] }],
    [
      "a tolerance of NaN",
      { signature: { ...signature, toleranceMs: Number.NaN }, secrets: ["x"] },
    ],
    ["odd headers to pass", { signature: "unsigned", headers: ["a b"] }],
    [
      "more headers than passedHeaders",
      { signature: "unsigned", headers: names(webhookLimits.passedHeaders.default + 1) },
    ],
  ])("is refused when the driver is made: %s", (_, rule) => {
    expect(() => createWebhookDriver({ rule, secrets: () => secret })).toThrow(
      expect.objectContaining({ code: "options/invalid" }),
    );
  });

  test.each(["maxBytes", "bodyMs", "answerMs"])(
    "is refused with a bound %s that is none",
    (name) => {
      for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, "1"]) {
        const options = { rule: { signature: "unsigned" }, [name]: value } as const;
        expect(() => createWebhookDriver(options as never)).toThrow(
          expect.objectContaining({ code: "options/invalid" }),
        );
      }
    },
  );

  test("is refused without a secret provider", () => {
    expect(() => createWebhookDriver({ rule: { signature, secrets: ["x"] } })).toThrow(
      expect.objectContaining({ code: "options/invalid" }),
    );
  });

  test("is none with as many secrets as may be", () => {
    const secrets = names(webhookLimits.webhookSecrets.default);
    createWebhookDriver({ rule: { signature, secrets }, secrets: () => secret });
  });
});
