import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readIngressReply } from "../../src/instance/ingress-reply.ts";
import { textLimits } from "../../src/limits.ts";

const read = (answer: unknown) => readIngressReply(JSON.stringify(answer), 1_000);

describe("an answer that can't be believed", () => {
  test.each([
    ["nothing", ""],
    ["text that is no JSON", "ok"],
    ["a bare value", "true"],
    ["a list", "[]"],
    ["null", "null"],
    ["accepted that is neither true nor false", '{"accepted":"yes"}'],
    ["a key twice", '{"accepted":true,"accepted":false}'],
    ["the key __proto__", '{"accepted":true,"data":{"__proto__":{}}}'],
    ["a lone surrogate", '{"accepted":true,"data":["\\ud800"]}'],
    ["a lone surrogate in a key", '{"accepted":true,"data":{"\\ud800":1}}'],
    ["a hundred levels", `{"data":${"[".repeat(100)}${"]".repeat(100)}}`],
  ])("[ingress/reply] is %s", (_, text) => {
    expect(readIngressReply(text, 1_000)).toMatchObject({
      ok: false,
      code: "output/malformed",
      isRetryable: false,
    });
  });

  test("[ingress/reply] is one byte larger than it may be", () => {
    const text = JSON.stringify({ accepted: true, data: "é" });
    const bytes = Buffer.byteLength(text);
    expect(readIngressReply(text, bytes).ok).toBe(true);
    expect(readIngressReply(text, bytes - 1)).toMatchObject({
      ok: false,
      code: "output/too-large",
    });
  });
});

describe("a guest's own failure", () => {
  test.each([
    [{ error: { message: "no" } }, "The plugin reported an error: no", false],
    [{ error: { code: "busy", message: "no" } }, 'the error "busy": no', false],
    [{ error: { message: "no", retryable: true } }, "no", true],
    [{ error: { message: "no", retryable: "true" } }, "no", false],
    [{ error: "no" }, "The plugin reported an error: no", false],
    [{ error: null }, "The plugin reported an error", false],
    [{ accepted: true, error: { message: "no" }, output_commands: [] }, "no", false],
  ])("[ingress/reply] %j is one", (answer, message, isRetryable) => {
    const reply = read(answer);
    expect(reply).toMatchObject({ ok: false, code: "guest/failed", isRetryable });
    expect(!reply.ok && reply.message).toContain(message);
  });

  test("has a message that is bounded and inert", () => {
    const reply = readIngressReply(
      JSON.stringify({ error: { code: "\u001b[31m", message: `a\u202e${"x".repeat(5_000)}` } }),
      10_000,
    );
    if (reply.ok) throw new Error("it was taken");
    expect(Buffer.byteLength(reply.message)).toBeLessThanOrEqual(textLimits.messageBytes.default);
    for (const character of "\u001b\u202e") expect(reply.message).not.toContain(character);
  });
});

describe("an answer", () => {
  test("says whether the event was taken, and has when it does not say", () => {
    expect(read({ accepted: false, data: 1 })).toEqual({ ok: true, accepted: false, data: 1 });
    expect(read({ accepted: true })).toEqual({ ok: true, accepted: true });
    expect(read({ output_commands: [1] })).toEqual({ ok: true, accepted: true, commands: [1] });
    expect(read({ data: null })).toEqual({ ok: true, accepted: true, data: null });
  });

  test("of a guest written for another host is all data", () => {
    expect(read({ seen: 3 })).toEqual({ ok: true, accepted: true, data: { seen: 3 } });
    expect(read({})).toEqual({ ok: true, accepted: true, data: {} });
    expect(read({ accepted: true, seen: 3 })).toEqual({ ok: true, accepted: true });
  });

  test("is frozen, and whatever it is, nothing is thrown for it", () => {
    const reply = read({ data: { list: [{}] } });
    if (!reply.ok) throw new Error(reply.message);
    expect(Object.isFrozen((reply.data as { list: unknown }).list)).toBe(true);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (text) => {
        const found = readIngressReply(text, 1_000);
        if (!found.ok) expect(found.message).not.toBe("");
      }),
      { numRuns: 300 },
    );
  });
});
