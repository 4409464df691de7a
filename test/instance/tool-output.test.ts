import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readToolOutput } from "../../src/instance/tool-output.ts";

const bounds = { outputBytes: 65_536, summaryBytes: 1_024 };
const read = (output: unknown) => readToolOutput(JSON.stringify(output), bounds);

describe("[limits/output-shape] an answer that is no output is malformed", () => {
  test.each<[string, string]>([
    ["nothing", ""],
    ["no JSON", "ok"],
    ["JSON with a rest", '{"summary":"a"} x'],
    ["a string", '"done"'],
    ["an array", '[{"summary":"a"}]'],
    ["null", "null"],
    ["no summary", '{"content":"x"}'],
    ["an empty summary", '{"summary":""}'],
    ["a summary that is no string", '{"summary":1}'],
    ["a content that is no string", '{"summary":"a","content":{"x":1}}'],
    ["a key that is unknown", '{"summary":"a","attachments":[]}'],
    ["a key twice", '{"summary":"a","summary":"b"}'],
    ["the key __proto__", '{"summary":"a","__proto__":{"content":"x"}}'],
    ["too deep a nesting", `${"[".repeat(100_000)}${"]".repeat(100_000)}`.slice(0, 60_000)],
    ["a lone surrogate", '{"summary":"\\ud800"}'],
    ["a lone surrogate in the content", '{"summary":"a","content":"\\udc00"}'],
    ["an error without a message", '{"error":{}}'],
    ["an error that is a string", '{"error":"no"}'],
    ["an error beside a summary", '{"summary":"a","error":{"message":"m"}}'],
    ["an error with an unknown key", '{"error":{"message":"m","stack":"s"}}'],
  ])("%s", (_name, text) => {
    expect(readToolOutput(text, bounds)).toMatchObject({ ok: false, code: "output/malformed" });
  });

  test("and its unknown key is inert and bounded in the message", () => {
    const output = read({ summary: "a", [`\u001b]8;;http://evil\u0007${"k".repeat(10_000)}`]: 1 });
    if (output.ok) throw new Error("accepted");
    expect(output.message).not.toContain("\u001b");
    expect(output.message.length).toBeLessThan(200);
  });
});

test("[limits/output] an output may take as many UTF-8 bytes as the limit and no more", () => {
  const frame = JSON.stringify({ summary: "s", content: "" }).length;
  const content = "é".repeat((65_536 - frame) / 2);
  expect(read({ summary: "s", content })).toMatchObject({ ok: true });
  expect(read({ summary: "s", content: `${content}xx` })).toMatchObject({
    ok: false,
    code: "output/too-large",
  });
});

test("a summary may take as many UTF-8 bytes as the limit and no more", () => {
  expect(read({ summary: "é".repeat(512) })).toMatchObject({ ok: true });
  expect(read({ summary: `${"é".repeat(512)}x` })).toMatchObject({
    ok: false,
    code: "output/too-large",
  });
});

test("an output is given as the guest wrote it", () => {
  expect(read({ summary: " 2 days ", content: '{"a":1}' })).toEqual({
    ok: true,
    summary: " 2 days ",
    content: '{"a":1}',
  });
  expect(read({ summary: "a", content: null })).toEqual({ ok: true, summary: "a" });
  expect(read({ content: "", summary: "a" })).toEqual({ ok: true, summary: "a", content: "" });
});

describe("an error that the guest reports", () => {
  const pdk = (code: string, content: unknown) => ({
    summary: `tool error: ${code}`,
    content: JSON.stringify(content),
  });

  test("in the tool world's form is recognised", () => {
    const output = pdk("invalid_input", {
      error: { code: "invalid_input", message: "no such city", details: { city: "X" } },
    });
    expect(read(output)).toEqual({
      ok: false,
      code: "guest/failed",
      message: 'The plugin reported the error "invalid_input": no such city',
      content: output.content,
    });
  });

  test("in the instance world's form is recognised", () => {
    expect(read({ error: { message: "no" } })).toEqual({
      ok: false,
      code: "guest/failed",
      message: "The plugin reported an error: no",
      content: '{"error":{"message":"no"}}',
    });
    expect(read({ error: { code: "denied", message: "no", details: null } })).toMatchObject({
      code: "guest/failed",
    });
  });

  test("is inert and bounded in the message", () => {
    const output = read({ error: { message: `\u001b[2J${"é".repeat(20_000)}` } });
    if (output.ok) throw new Error("accepted");
    expect(new TextEncoder().encode(output.message).length).toBeLessThanOrEqual(512);
    expect(output.message).not.toContain("\u001b");
  });

  test.each<[string, unknown]>([
    [
      "a summary that only talks about errors",
      { summary: "tool error: handling explained", content: "…" },
    ],
    ["an error summary without content", { summary: "tool error: failed" }],
    ["another code in the content", pdk("failed", { error: { code: "denied", message: "m" } })],
    ["no code in the content", pdk("failed", { error: { message: "m" } })],
    ["no message", pdk("failed", { error: { code: "failed" } })],
    [
      "more than the error in the content",
      pdk("failed", { error: { code: "failed", message: "m" }, log: [] }),
    ],
    [
      "content that quotes an error",
      { summary: "found 1 error", content: '{"error":{"code":"failed","message":"m"}}' },
    ],
  ])("is not seen in %s", (_name, output) => {
    expect(read(output)).toMatchObject({ ok: true });
  });
});

test("whatever a guest answers ends as an output or a bounded fault", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    fc
      .record(
        { summary: fc.string(), content: fc.anything(), error: fc.anything() },
        { requiredKeys: [] },
      )
      .map(
        (value) =>
          JSON.stringify(value, (_key, member) => (typeof member === "bigint" ? 0 : member)) ?? "",
      ),
  );
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 80 }), (answer, outputBytes) => {
      const output = readToolOutput(answer, { outputBytes, summaryBytes: 10 });
      if (output.ok)
        expect(new TextEncoder().encode(output.summary).length).toBeLessThanOrEqual(10);
      else expect(new TextEncoder().encode(output.message).length).toBeLessThanOrEqual(512);
    }),
    { numRuns: 2_000 },
  );
});
