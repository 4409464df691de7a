import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isPluginError } from "../../src/errors.ts";
import { readLifecycleOutput } from "../../src/instance/lifecycle-output.ts";

const bounds = { outputBytes: 64 };

function read(text: string) {
  return readLifecycleOutput("status", text, bounds, "project:a");
}

function failure(text: string) {
  try {
    read(text);
  } catch (error) {
    if (isPluginError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("[instance/believed] an answer to start, status or stop", () => {
  test.each([
    ['{"error":{"message":"no"}}', "no"],
    ['{"error":{"code":"c","message":"no"}}', '"c": no'],
    ['{"error":"no"}', "no"],
    ['{"error":null}', "it reported an error"],
    ['{"error":[]}', "it reported an error"],
    ['{"error":false,"state":"running"}', "it reported an error"],
    ['{"state":"failed"}', 'the state "failed"'],
    ['{"state":"failed","data":1}', 'the state "failed"'],
  ])("%s is a failure", (text, message) => {
    expect(failure(text)).toMatchObject({ code: "guest/failed", phase: "lifecycle" });
    expect(failure(text).message).toContain(message);
  });

  test.each([
    ["", "output/malformed"],
    ["{", "output/malformed"],
    ['{"a":1,"a":2}', "output/malformed"],
    ['{"__proto__":1}', "output/malformed"],
    [`"${"x".repeat(63)}"`, "output/too-large"],
  ])("%s can't be read", (text, code) => {
    expect(failure(text)).toMatchObject({ code, phase: "lifecycle", plugin: "project:a" });
  });

  test.each([
    '{"state":"running","data":[{}]}',
    "null",
    "[]",
    '"ready"',
    '{"state":"FAILED"}',
    `"${"x".repeat(62)}"`,
  ])("%s is kept as it is, frozen", (text) => {
    const value = read(text);
    expect(value).toEqual(JSON.parse(text));
    expect(Object.isFrozen(value)).toBe(true);
  });

  test("ends as a value or a PluginError of at most 512 inert bytes, whatever it is", () => {
    const answers = fc.oneof(
      fc.string(),
      fc.json(),
      fc.record({ error: fc.jsonValue() }).map((value) => JSON.stringify(value)),
      fc.string().map((message) => JSON.stringify({ error: { message, code: message } })),
    );
    fc.assert(
      fc.property(answers, (text) => {
        try {
          readLifecycleOutput("stop", text, { outputBytes: 65_536 }, "project:a");
        } catch (error) {
          if (!isPluginError(error)) throw error;
          expect(new TextEncoder().encode(error.message).length).toBeLessThanOrEqual(512);
          expect(error.message).not.toMatch(/\p{Cc}/u);
        }
      }),
      { numRuns: 500 },
    );
  });
});
