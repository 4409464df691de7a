import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8Length } from "../../src/diagnostic.ts";
import { cutText, jsonTextBytes, utf8Bytes } from "../../src/pdk/text.ts";

const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom("a", "\u0000", '"', "\n", "\ud83d", "\ude00", "é", "語", "🌧", "\uffff"),
    maxLength: 60,
  }),
);
const wellFormed = (text: string) => text.replace(/[\ud800-\udfff]/gu, "\ufffd");
const fits = (text: string, bytes: number, jsonBytes: number) =>
  utf8Length(text) <= bytes && utf8Length(JSON.stringify(text)) - 2 <= jsonBytes;

describe("text in a guest", () => {
  it("is measured as UTF-8 and as JSON has it", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const whole = wellFormed(text);
        expect(utf8Bytes(whole)).toBe(utf8Length(whole));
        expect(jsonTextBytes(text)).toBe(utf8Length(JSON.stringify(whole)) - 2);
      }),
      { numRuns: 500 },
    );
  });

  it("is cut to the longest beginning for which there is room, and no further", () => {
    fc.assert(
      fc.property(texts, fc.nat(80), fc.nat(120), (text, moreBytes, moreJsonBytes) => {
        const [bytes, jsonBytes] = [moreBytes + 3, moreJsonBytes + 3];
        const whole = wellFormed(text);
        const cut = cutText(text, { bytes, jsonBytes });
        if (fits(whole, bytes, jsonBytes)) {
          expect(cut).toBe(whole);
          return;
        }
        expect(fits(cut, bytes, jsonBytes)).toBe(true);
        expect(cut.endsWith("…")).toBe(true);
        const kept = cut.slice(0, -1);
        expect(whole.startsWith(kept)).toBe(true);
        const [next = ""] = whole.slice(kept.length);
        expect(fits(`${kept}${next}…`, bytes, jsonBytes)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is not looked at further than it could be kept", () => {
    const room = { bytes: 1024, jsonBytes: 65_536 };
    expect(cutText("🌧".repeat(20_000_000), room)).toBe(`${"🌧".repeat(255)}…`);
  });
});
