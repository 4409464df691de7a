import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSeenSignatures } from "../../src/drivers/seen-signatures.ts";
import {
  githubSignature,
  hmacSignature,
  slackSignature,
  standardWebhookSignature,
  stripeSignature,
  timestampedSignature,
  type WebhookSignature,
} from "../../src/drivers/webhook-signature.ts";
import { webhookLimits } from "../../src/limits.ts";
import { handTiming, queueFull } from "./driver-host.ts";
import { githubRequest, hmac, openWebhook, secret } from "./webhook-sender.ts";

const body = '{"id":1}';
const start = Date.UTC(2026, 0, 1);
const seconds = (offsetMs = 0) => `${Math.floor((start + offsetMs) / 1_000)}`;

/** Sends a body under some headers to a webhook of a format, and says what the answer was. */
async function answerTo(
  signature: WebhookSignature,
  headers: Readonly<Record<string, string>>,
  sent = body,
  key = secret,
  timing = handTiming(),
) {
  const webhook = await openWebhook({
    rule: { signature },
    secrets: () => key,
    timing,
  });
  return (await webhook.send(githubRequest(sent, { "x-hub-signature-256": "", ...headers })))
    .status;
}

const stripe = (parts: string) => ({ "stripe-signature": parts });
const stripeSigned = (at = seconds(), signed = body) => hmac(`${at}.${signed}`).digest("hex");

describe("[webhook/signatures] the formats of senders", () => {
  test("GitHub's own example is right, byte for byte", async () => {
    // From GitHub's documentation of webhooks.
    const headers = {
      "content-type": "text/plain",
      "x-hub-signature-256":
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    };
    const key = "It's a Secret to Everybody";
    expect(await answerTo(githubSignature(), headers, "Hello, World!", key)).toBe(202);
    expect(await answerTo(githubSignature(), headers, "Hello, World?", key)).toBe(401);
  });

  test("a signature in base64 is right", async () => {
    const signature = hmacSignature({ header: "X-Hmac", encoding: "base64" });
    const value = hmac(body).digest("base64");
    expect(await answerTo(signature, { "x-hmac": value })).toBe(202);
    expect(await answerTo(signature, { "x-hmac": value.slice(0, -1) })).toBe(401);
    expect(await answerTo(signature, { "x-hmac": `${value}=` })).toBe(401);
    expect(await answerTo(signature, { "x-hmac": hmac(body).digest("base64url") })).toBe(401);
  });

  test("Stripe's is, with other parts and another key's signature beside it", async () => {
    const wrong = "0".repeat(64);
    for (const value of [
      `t=${seconds()},v1=${stripeSigned()}`,
      `t=${seconds()},v1=${wrong},v1=${stripeSigned()},v0=${wrong}`,
      `v1=${stripeSigned()},t=${seconds()}`,
    ]) {
      expect(await answerTo(stripeSignature(), stripe(value))).toBe(202);
    }
  });

  test.each([
    ["no time", `v1=${stripeSigned()}`],
    ["no signature", `t=${seconds()}`],
    ["two times", `t=${seconds()},t=${seconds()},v1=${stripeSigned()}`],
    ["another time than was signed", `t=${Number(seconds()) + 1},v1=${stripeSigned()}`],
    ["a time in another spelling", `t=0${seconds()},v1=${stripeSigned(`0${seconds()}`)}`],
    ["a time with a fraction", `t=${seconds()}.0,v1=${stripeSigned(`${seconds()}.0`)}`],
    ["a time below zero", `t=-1,v1=${stripeSigned("-1")}`],
    ["a time that is none", `t=NaN,v1=${stripeSigned("NaN")}`],
    ["an old scheme's signature alone", `t=${seconds()},v0=${stripeSigned()}`],
    ["a broken signature beside a right one", `t=${seconds()},v1=x,v1=${stripeSigned()}`],
  ])("Stripe's is not, with %s", async (_, value) => {
    expect(await answerTo(stripeSignature(), stripe(value))).toBe(401);
  });

  test("at most signaturesInHeader are tried", async () => {
    const most = webhookLimits.signaturesInHeader.default;
    const wrong = `v1=${"0".repeat(64)},`;
    const value = (count: number) =>
      `t=${seconds()},${wrong.repeat(count - 1)}v1=${stripeSigned()}`;
    expect(await answerTo(stripeSignature(), stripe(value(most)))).toBe(202);
    expect(await answerTo(stripeSignature(), stripe(value(most + 1)))).toBe(401);
  });

  test("a signature has at most signatureCharacters", async () => {
    const most = webhookLimits.signatureCharacters.default;
    const signed = `t=${seconds()},v1=${stripeSigned()},`;
    const padded = (length: number) => signed + "x".repeat(length - signed.length);
    expect(await answerTo(stripeSignature(), stripe(padded(most)))).toBe(202);
    expect(await answerTo(stripeSignature(), stripe(padded(most + 1)))).toBe(401);
  });

  test("Slack's own example is right, byte for byte", async () => {
    // From Slack's documentation of verifying requests; the body as text, because it is a form.
    const sent =
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const headers = {
      "content-type": "text/plain",
      "x-slack-request-timestamp": "1531420618",
      "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    };
    const key = "8f742231b10e8888abcd99yyyzzz85a5";
    const timing = handTiming();
    timing.setWall(1_531_420_618_000);
    expect(await answerTo(slackSignature(), headers, sent, key, timing)).toBe(202);
    expect(await answerTo(slackSignature(), headers, `${sent}&`, key, timing)).toBe(401);
    const later = { ...headers, "x-slack-request-timestamp": "1531420619" };
    expect(await answerTo(slackSignature(), later, sent, key, timing)).toBe(401);
    expect(await answerTo(slackSignature(), headers, sent, key)).toBe(401);
  });

  test("a Standard Webhooks signature is right, its secret as text or in base64", async () => {
    const signature = standardWebhookSignature();
    const bytes = Buffer.from("bytes that are a good secret");
    const headers = (key: string | Uint8Array, id = "msg_1") => ({
      "webhook-id": id,
      "webhook-timestamp": seconds(),
      "webhook-signature": `v1,${hmac(`msg_1.${seconds()}.${body}`, key).digest("base64")} v1a,x`,
    });
    const written = `whsec_${bytes.toString("base64")}`;
    expect(await answerTo(signature, headers(secret))).toBe(202);
    expect(await answerTo(signature, headers(bytes), body, written)).toBe(202);
    expect(await answerTo(signature, headers(written), body, written)).toBe(401);
    expect(await answerTo(signature, headers(secret, "msg_2"))).toBe(401);
    expect(await answerTo(signature, headers(secret), body, "whsec_%%%")).toBe(503);
  });

  test("Standard Webhooks' own example is right, byte for byte", async () => {
    const headers = {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };
    const key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const timing = handTiming();
    timing.setWall(1_614_265_330_000);
    const sent = '{"test": 2432232314}';
    const signature = standardWebhookSignature();
    expect(await answerTo(signature, headers, sent, key, timing)).toBe(202);
    expect(await answerTo(signature, headers, `${sent} `, key, timing)).toBe(401);
  });

  test("exactly what was signed with the secret is taken, whatever is changed", async () => {
    const webhook = await openWebhook();
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(),
        fc.constantFrom("nothing", "body", "signature"),
        async (bytes, place, changed) => {
          const signature = hmac(bytes).digest();
          const flip = (target: Uint8Array) => {
            const at = place % target.length;
            target[at] = (target[at] ?? 0) ^ (1 << (place % 8));
          };
          const sent = new Uint8Array(bytes);
          if (changed === "body" && sent.length > 0) flip(sent);
          if (changed === "signature") flip(signature);
          const isSame = changed === "nothing" || (changed === "body" && sent.length === 0);
          const { status } = await webhook.send(
            githubRequest(sent, {
              "content-type": "text/plain",
              "x-hub-signature-256": `sha256=${signature.toString("hex")}`,
            }),
          );
          // What is signed and no UTF-8 gets no further.
          expect(status === 401).toBe(!isSame);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("no header makes a format throw, or claim what is no signature of 32 bytes", () => {
    const formats = [
      githubSignature(),
      stripeSignature(),
      slackSignature(),
      standardWebhookSignature(),
      hmacSignature({ header: "x", encoding: "base64" }),
    ];
    const pieces = fc.constantFrom(
      "t=",
      "v1=",
      "v1,",
      "v0=",
      "sha256=",
      ",",
      " ",
      "1",
      "0".repeat(64),
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(fc.constantFrom(...formats), texts, (format, text) => {
        const claim = format.read(() => text);
        for (const value of claim?.signatures ?? []) expect(value.length).toBe(32);
        if (claim !== undefined) expect(claim.signatures.length).toBeGreaterThan(0);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("[webhook/replays] a signature that has a time", () => {
  const { toleranceMs } = webhookLimits;

  test.each([
    ["as old as toleranceMs", -toleranceMs.default, 202],
    ["older", -toleranceMs.default - 1_000, 401],
    ["as far ahead", toleranceMs.default, 202],
    ["further ahead", toleranceMs.default + 1_000, 401],
  ])("%s is answered with %3$d", async (_, offsetMs, status) => {
    const at = seconds(offsetMs);
    expect(await answerTo(stripeSignature(), stripe(`t=${at},v1=${stripeSigned(at)}`))).toBe(
      status,
    );
  });

  const openStripe = (take?: Parameters<typeof openWebhook>[0]) =>
    openWebhook({
      rule: { signature: timestampedSignature({ header: "stripe-signature" }) },
      timing: handTiming(),
      ...take,
    });
  const request = (sent = body, extra = "") =>
    githubRequest(sent, {
      "x-hub-signature-256": "",
      ...stripe(`t=${seconds()},v1=${stripeSigned(seconds(), sent)}${extra}`),
    });

  test("is taken once, however its header is dressed up", async () => {
    const webhook = await openStripe();
    expect((await webhook.send(request())).status).toBe(202);
    expect((await webhook.send(request())).status).toBe(409);
    expect((await webhook.send(request(body, `,v1=${"0".repeat(64)}`))).status).toBe(409);
    expect((await webhook.send(request('{"id":2}'))).status).toBe(202);
    expect(webhook.events).toHaveLength(2);
  });

  test("is remembered as long as its time is tolerated, and refused for its age then", async () => {
    const timing = handTiming();
    const webhook = await openStripe({ timing });
    expect((await webhook.send(request())).status).toBe(202);
    await timing.pass(toleranceMs.default);
    expect((await webhook.send(request())).status).toBe(409);
    await timing.pass(1);
    expect((await webhook.send(request())).status).toBe(401);
  });

  test("is taken once, though it comes twice at the same time", async () => {
    const webhook = await openStripe();
    const answers = await Promise.all([webhook.send(request()), webhook.send(request())]);
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
    expect(webhook.events).toHaveLength(1);
  });

  test("may come again when there was no room for it", async () => {
    const answers = [queueFull, {}];
    const webhook = await openStripe({ take: () => answers.shift() ?? {} });
    expect((await webhook.send(request())).status).toBe(503);
    expect((await webhook.send(request())).status).toBe(202);
    expect((await webhook.send(request())).status).toBe(409);
  });

  test("that is forged is not remembered", async () => {
    const webhook = await openStripe();
    const forged = githubRequest(body, stripe(`t=${seconds()},v1=${"0".repeat(64)}`));
    expect((await webhook.send(forged)).status).toBe(401);
    expect((await webhook.send(request())).status).toBe(202);
  });

  test("is remembered with rememberedSignatures others, until their time is over", () => {
    const seen = createSeenSignatures();
    const most = webhookLimits.rememberedSignatures.default;
    for (let at = 0; at < most; at += 1) expect(seen.remember(`${at}`, 10, 0)).toBe("new");
    expect(seen.remember("more", 20, 10)).toBe("full");
    expect(seen.remember("0", 20, 10)).toBe("repeated");
    seen.forget("0");
    expect(seen.remember("more", 20, 10)).toBe("new");
    expect(seen.remember("again", 20, 11)).toBe("new");
    expect(seen.remember("more", 30, 11)).toBe("repeated");
  });

  test("makes room behind one that is remembered for longer, when room is needed", () => {
    const seen = createSeenSignatures();
    const most = webhookLimits.rememberedSignatures.default;
    seen.remember("long", 1_000, 0);
    for (let at = 1; at < most; at += 1) seen.remember(`${at}`, 10, 0);
    expect(seen.remember("more", 1_000, 11)).toBe("new");
    expect(seen.remember("long", 1_000, 11)).toBe("repeated");
    expect(seen.remember("more", 1_000, 11)).toBe("repeated");
  });

  test("GitHub's has none: its sender may send the same again", async () => {
    const webhook = await openWebhook();
    expect((await webhook.send(githubRequest())).status).toBe(202);
    expect((await webhook.send(githubRequest())).status).toBe(202);
  });
});
