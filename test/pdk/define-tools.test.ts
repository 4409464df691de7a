import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { utf8Length } from "../../src/diagnostic.ts";
import { readToolOutput } from "../../src/instance/tool-output.ts";
import { guestLimits } from "../../src/limits.ts";
import {
  defineTools,
  type JsonObject,
  jsonOutput,
  maxErrorMessageBytes,
  ToolError,
  type ToolErrorCode,
  toolOutput,
} from "../../src/pdk.ts";

const bounds = {
  outputBytes: guestLimits.outputBytes.default,
  summaryBytes: guestLimits.summaryBytes.default,
};

/** What this project's host makes of the answer. */
const hostReads = (answer: string) => readToolOutput(answer, bounds);

/** The answer of a tool that throws. */
const answerTo = (thrown: unknown) =>
  defineTools({
    fail: () => {
      throw thrown;
    },
  }).call("fail", "{}");

describe("defineTools", () => {
  it("parses the input, tells the handler its name and writes the output", () => {
    const { call } = defineTools({
      greet: (input: { name: string }, context) =>
        toolOutput(`Hello, ${input.name}`, context.toolName),
    });
    expect(call("greet", '{"name":"Zoë"}')).toBe('{"summary":"Hello, Zoë","content":"greet"}');
  });

  it("types the input as the handler reads it, and as unknown where it says nothing", () => {
    defineTools({
      typed: (input: { count: number }) => toolOutput(String(input.count)),
      plain: (input) => {
        expectTypeOf(input).toBeUnknown();
        return toolOutput("plain");
      },
    });
  });

  it.each(["toString", "__proto__", "constructor", "hasOwnProperty", "", "Greet"])(
    "answers with unsupported_tool to the name %j, which nobody defined",
    (name) => {
      const { call } = defineTools({ greet: () => toolOutput("hello") });
      expect(JSON.parse(call(name, "{}")).summary).toBe("tool error: unsupported_tool");
    },
  );

  it.each(["", "{", "null", "[]", '"text"', "1"])(
    "answers with invalid_input to the input %j without running the handler",
    (input) => {
      let ran = false;
      const { call } = defineTools({
        greet: () => {
          ran = true;
          return toolOutput("hello");
        },
      });
      expect(JSON.parse(call("greet", input)).summary).toBe("tool error: invalid_input");
      expect(ran).toBe(false);
    },
  );

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["text", "done"],
    ["a promise", Promise.resolve(toolOutput("late"))],
    ["a number as summary", { summary: 1 }],
    ["an object as content", { summary: "a", content: {} }],
    ["an array", ["a"]],
  ])("answers with invalid_output when a handler returns %s", (_what, returned) => {
    const { call } = defineTools({ odd: () => returned as never });
    expect(hostReads(call("odd", "{}"))).toMatchObject({ ok: false, code: "guest/failed" });
    expect(JSON.parse(call("odd", "{}")).summary).toBe("tool error: invalid_output");
  });

  it("bounds an output that a handler wrote by hand", () => {
    const { call } = defineTools({
      long: () => ({ summary: "s".repeat(5000), content: "c".repeat(100_000) }),
    });
    expect(hostReads(call("long", "{}"))).toMatchObject({ ok: true });
  });

  it("gives the host's reader an output or an error it recognises, whatever a handler returns or throws", () => {
    const anyText = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("\u0000", '"', "\ud83d", "\ude00", "é", "語", "🌧", "\\") }),
    );
    const repeated = fc
      .tuple(anyText, fc.nat(30_000))
      .map(([text, most]) => (text === "" ? "" : text.repeat(1 + Math.floor(most / text.length))));
    fc.assert(
      fc.property(
        repeated,
        fc.option(repeated, { nil: undefined }),
        fc.boolean(),
        (a, b, throws) => {
          const { call } = defineTools({
            any: () => {
              if (throws) throw new ToolError("failed", a, b ?? null);
              return toolOutput(a, b);
            },
          });
          const answer = call("any", "{}");
          expect(utf8Length(answer)).toBeLessThanOrEqual(bounds.outputBytes);
          expect(hostReads(answer)).toMatchObject(
            throws ? { ok: false, code: "guest/failed" } : { ok: true },
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("a tool's error", () => {
  it.each<ToolErrorCode>([
    "invalid_input",
    "invalid_output",
    "serialization",
    "denied",
    "unsupported_tool",
    "failed",
  ])("%s names its code in the summary and in the content", (code) => {
    const answer = answerTo(new ToolError(code, "No such city.", { city: "Atlantis" }));
    expect(JSON.parse(answer)).toEqual({
      summary: `tool error: ${code}`,
      content: JSON.stringify({
        error: { code, message: "No such city.", details: { city: "Atlantis" } },
      }),
    });
    expect(hostReads(answer)).toMatchObject({ ok: false, code: "guest/failed" });
  });

  it.each([
    ["an Error", new TypeError("x is undefined"), "x is undefined"],
    ["text", "no luck", "no luck"],
    ["nothing", undefined, "The tool failed."],
    ["an object", { message: "not an error" }, "The tool failed."],
  ])("is `failed` when a handler throws %s", (_what, thrown, message) => {
    const { summary, content } = JSON.parse(answerTo(thrown));
    expect(summary).toBe("tool error: failed");
    expect(JSON.parse(content)).toEqual({ error: { code: "failed", message } });
  });

  it("keeps a message of exactly the bound and cuts one of a byte more", () => {
    const atBound = "é".repeat(maxErrorMessageBytes / 2);
    expect(new ToolError("failed", atBound).message).toBe(atBound);
    const { message } = new ToolError("failed", `${atBound}x`);
    expect(utf8Length(message)).toBeLessThanOrEqual(maxErrorMessageBytes);
    expect(message.endsWith("é…")).toBe(true);
  });

  it("loses control characters but keeps lines and tabs", () => {
    expect(new ToolError("failed", "a\u0000b\u001b[31mc\u0085d\te\nf\r").message).toBe(
      "a b [31mc d\te\nf ",
    );
  });

  const deep = (levels: number): JsonObject =>
    levels === 1 ? { end: true } : { inner: deep(levels - 1) };
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;

  it("keeps details of 16 levels", () => {
    const answer = answerTo(new ToolError("failed", "no", deep(16)));
    expect(JSON.parse(JSON.parse(answer).content).error.details).toEqual(deep(16));
  });

  it.each([
    ["too large", { text: "x".repeat(70_000) }],
    ["too large once escaped", { text: '"'.repeat(17_000) }],
    ["a level too deep", deep(17)],
    ["cyclic", cycle as never],
    ["of a type that JSON lacks", 1n as never],
    ["with a key that hosts refuse", JSON.parse('{"__proto__":1}')],
  ])("leaves out details that are %s", (_what, details) => {
    const answer = answerTo(new ToolError("denied", "no", details));
    expect(JSON.parse(answer).content).toBe('{"error":{"code":"denied","message":"no"}}');
    expect(hostReads(answer)).toMatchObject({ ok: false, code: "guest/failed" });
  });
});

describe("jsonOutput", () => {
  it("writes the value as the content", () => {
    expect(jsonOutput("Two.", [1, 2])).toEqual({ summary: "Two.", content: "[1,2]" });
  });

  it.each([
    ["undefined", undefined],
    ["a function", () => 1],
    ["a bigint", 1n],
    ["a cycle", cycleOf()],
  ])("throws `serialization` for %s", (_what, value) => {
    expect(() => jsonOutput("a", value)).toThrow(
      expect.objectContaining({ code: "serialization" }),
    );
  });

  it("takes JSON of exactly the bound and throws `invalid_output` for a byte more", () => {
    expect(jsonOutput("a", "x".repeat(60_414)).content).toHaveLength(60_416);
    expect(() => jsonOutput("a", "x".repeat(60_415))).toThrow(
      expect.objectContaining({ code: "invalid_output" }),
    );
  });

  it("counts what escaping adds", () => {
    expect(() => jsonOutput("a", '"'.repeat(17_000))).toThrow(
      expect.objectContaining({ code: "invalid_output" }),
    );
  });
});

function cycleOf(): unknown {
  const value: unknown[] = [];
  value.push(value);
  return value;
}
