import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { utf8Length } from "../../src/diagnostic.ts";
import { guestLimits } from "../../src/limits.ts";
import { maxContentBytes, maxOutputBytes, maxSummaryBytes, toolOutput } from "../../src/pdk.ts";

describe("toolOutput", () => {
  it("keeps text that fits, character by character", () => {
    const output = toolOutput("日本語 🌧", 'é\u0000"\\');
    expect(output).toEqual({ summary: "日本語 🌧", content: 'é\u0000"\\' });
    expect(Object.isFrozen(output)).toBe(true);
  });

  it.each(["", " ", "\n\t"])("puts a default text in place of the blank summary %j", (summary) => {
    expect(toolOutput(summary)).toEqual({ summary: "The tool finished." });
  });

  it("keeps a summary of exactly the bound and cuts one of a byte more", () => {
    expect(toolOutput("s".repeat(maxSummaryBytes)).summary).toBe("s".repeat(maxSummaryBytes));
    expect(toolOutput("s".repeat(maxSummaryBytes + 1)).summary).toBe(
      `${"s".repeat(maxSummaryBytes - 3)}…`,
    );
  });

  it("keeps content of exactly the bound and cuts one of a byte more", () => {
    expect(toolOutput("a", "c".repeat(maxContentBytes)).content).toHaveLength(maxContentBytes);
    expect(toolOutput("a", "c".repeat(maxContentBytes + 1)).content).toBe(
      `${"c".repeat(maxContentBytes - 3)}…`,
    );
  });

  it.each([
    ["🌧", 4],
    ["語", 3],
    ["é", 2],
  ])("never cuts inside %s", (character, bytes) => {
    const { summary } = toolOutput(character.repeat(2000));
    expect(summary).toBe(`${character.repeat(Math.floor((maxSummaryBytes - 3) / bytes))}…`);
  });

  it("cuts content further where JSON escapes it, so that the whole still fits", () => {
    for (const unit of ["\u0000", '"', "\\", "\n", "\u001b語"]) {
      const json = JSON.stringify(toolOutput('"'.repeat(3000), unit.repeat(60_000)));
      expect(utf8Length(json)).toBeLessThanOrEqual(maxOutputBytes);
      expect(utf8Length(json)).toBeGreaterThan(maxOutputBytes - 16);
    }
  });

  it("replaces lone surrogates, which UTF-8 can't hold", () => {
    expect(toolOutput("a\ud83d", "\ude00b")).toEqual({ summary: "a\ufffd", content: "\ufffdb" });
  });
});

describe("the PDK's bounds", () => {
  it("are those of the host", () => {
    expect(maxOutputBytes).toBe(guestLimits.outputBytes.default);
    expect(maxSummaryBytes).toBe(guestLimits.summaryBytes.default);
  });

  it("leave room for the JSON around a full content and a full summary", () => {
    const json = JSON.stringify(toolOutput("s".repeat(2000), "c".repeat(70_000)));
    expect(JSON.parse(json).content.length).toBe(maxContentBytes - 2);
    expect(utf8Length(json)).toBeLessThanOrEqual(maxOutputBytes);
  });

  it("are those that the world's text states", () => {
    const wit = readFileSync(new URL("../../wit/yoi-plugin-tool-v1.wit", import.meta.url), "utf8");
    expect(wit).toContain("package yoi:plugin@1.0.0;");
    expect(wit).toContain("export call: func(tool-name: string, input-json: string) -> string;");
    expect(wit).toContain(`at most ${maxOutputBytes} bytes with the keys`);
    expect(wit).toContain(`(1 to ${maxSummaryBytes} bytes)`);
  });
});
