import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  diagnosticError,
  errorCodes,
  isPluginError,
  PluginError,
  revivePluginError,
} from "../src/errors.ts";
import { textLimits } from "../src/limits.ts";

const init = { code: "runtime/trap", phase: "execution", message: "The guest trapped." } as const;

describe("a PluginError", () => {
  test("has a message of at most messageBytes, and one of that size whole", () => {
    const most = textLimits.messageBytes.default;
    expect(new PluginError({ ...init, message: "m".repeat(most) }).message).toBe("m".repeat(most));
    const longer = new PluginError({ ...init, message: "m".repeat(most + 1) }).message;
    expect(new TextEncoder().encode(longer)).toHaveLength(most);
    expect(longer.endsWith("…")).toBe(true);
  });

  test("[errors/inert] holds nothing that a terminal obeys, in message and details", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (text, key) => {
        const { message, details } = new PluginError({
          ...init,
          message: text,
          details: { [key]: text },
        });
        const shown = [message, ...Object.keys(details), ...Object.values(details)].join("");
        expect(shown).not.toMatch(/[\p{Cc}\p{Cs}\p{Bidi_Control}]/u);
      }),
    );
  });

  test("has at most sixteen details, frozen and without a prototype", () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`k${index}`, index]));
    const { details } = new PluginError({ ...init, details: many });
    expect(Object.keys(details)).toHaveLength(16);
    expect(Object.isFrozen(details)).toBe(true);
    expect(Object.getPrototypeOf(details)).toBeNull();
  });

  test("crosses a thread and is equal on the other side", () => {
    const error = new PluginError({ ...init, plugin: "project:a.b", details: { at: 7 } });
    const revived = revivePluginError(structuredClone(error.toJSON()));
    expect(revived.toJSON()).toEqual(error.toJSON());
    expect(revived.name).toBe("PluginError");
    expect(isPluginError(revived)).toBe(true);
  });

  test("keeps its cause", () => {
    const cause = new Error("deep");
    expect(new PluginError({ ...init, cause }).cause).toBe(cause);
  });

  test("is made of a finding as it stands", () => {
    const finding = { code: "manifest/api", phase: "manifest", message: "Unknown world." } as const;
    expect(diagnosticError(finding, "user:x").toJSON()).toMatchObject({
      ...finding,
      plugin: "user:x",
    });
  });
});

describe("recognising one", () => {
  test("works for another copy of the library", () => {
    const brand = Symbol.for("yoi-plugin-sdk.PluginError");
    const other = Object.assign(new Error("from elsewhere"), {
      code: "grant/denied",
      [brand]: true,
    });
    expect(isPluginError(other)).toBe(true);
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a plain error", new Error("x")],
    ["an object of the same shape", { ...init, name: "PluginError" }],
    ["an error that inherits the brand", Object.create(new PluginError(init))],
    ["an error of another realm without the brand", runInNewContext("new Error('x')")],
  ])("says no to %s", (_, value) => {
    expect(isPluginError(value)).toBe(false);
  });
});

test("every code has a sentence", () => {
  for (const [code, sentence] of Object.entries(errorCodes)) {
    expect(sentence, code).toMatch(/^\S.*\.$/u);
    expect(sentence, code).not.toContain("|");
  }
});
