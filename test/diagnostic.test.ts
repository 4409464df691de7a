import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  boundedText,
  cutText,
  inertText,
  isWellFormedText,
  quoteName,
  redactText,
  thrownText,
  utf8Length,
} from "../src/diagnostic.ts";

const encoder = new TextEncoder();
const anyText = fc.string({ unit: "binary", maxLength: 600 });
// Unicode's own lists: controls, surrogates, separators, what is invisible, what turns directions.
const misleading = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]/u;

describe("[errors/inert] text from outside", () => {
  test.each([
    ["an escape sequence", "\u001b[2J\u001b]0;title\u0007"],
    ["a carriage return that overwrites a line", "safe\rEVIL"],
    ["backspaces", "EVIL\b\b\b\bsafe"],
    ["a C1 control", "\u009b31m"],
    ["a bidi override", "invoice\u202egpj.exe"],
    ["an isolate", "\u2066a\u2069"],
    ["a zero-width joiner", "a\u200db"],
    ["tag characters", "a\u{e0041}b"],
    ["a lone surrogate", "a\ud800b"],
    ["a line separator", "a\u2028b"],
    ["a byte-order mark", "\ufeffa"],
  ])("loses %s", (_, text) => {
    expect(inertText(text)).not.toMatch(misleading);
  });

  test("keeps what people read", () => {
    for (const text of ["Grüße, 京都 ✓ 👍🏽 مرحبا", "a b-c_d/e"])
      expect(inertText(text)).toBe(text);
    expect(inertText("a\n\tb\r", { keepLines: true })).toBe("a\n\tb ");
    expect(inertText("a\nb")).toBe("a b");
  });

  test("is inert and within its bytes, whatever it was", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 3, max: 700 }), (text, most) => {
        const bounded = boundedText(text, most);
        expect(encoder.encode(bounded).length).toBeLessThanOrEqual(most);
        expect(bounded).not.toMatch(misleading);
      }),
      { numRuns: 500 },
    );
  });
});

test("[errors/inert] no character that Unicode calls invisible or a control gets through", () => {
  for (let point = 0; point <= 0x10ffff; point += 1) {
    const character = String.fromCodePoint(point);
    if (misleading.test(character))
      expect(inertText(character), point.toString(16)).toMatch(/^ +$/u);
  }
});

describe("cutting text", () => {
  test("leaves text at its bound alone and marks what is past it", () => {
    expect(cutText("äöü", 6)).toBe("äöü");
    expect(cutText("äöüx", 6)).toBe("ä…");
    expect(cutText("abcdefgh", 8)).toBe("abcdefgh");
    expect(cutText("abcdefghi", 8)).toBe("abcde…");
  });

  test("never cuts a character in two, nor keeps more than it may", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 80 }),
        fc.integer({ min: 3, max: 90 }),
        (text, most) => {
          const cut = cutText(text, most);
          expect(encoder.encode(cut).length).toBeLessThanOrEqual(most);
          if (cut === text) return;
          expect(cut.endsWith("…")).toBe(true);
          expect(text.startsWith(cut.slice(0, -1))).toBe(true);
          expect(isWellFormedText(cut)).toBe(isWellFormedText(text));
        },
      ),
      { numRuns: 500 },
    );
  });

  test("counts UTF-8 as an encoder does", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(utf8Length(text)).toBe(encoder.encode(text).length);
      }),
    );
  });
});

describe("a quoted name", () => {
  test("stays one quoted word of at most 82 bytes", () => {
    expect(quoteName('x" and "y')).toBe("\"x' and 'y\"");
    const quoted = quoteName("n".repeat(200));
    expect(quoted).toHaveLength(1 + 77 + 1 + 1);
    expect(encoder.encode(quoted)).toHaveLength(82);
  });
});

describe("redacting", () => {
  test.each([
    ["Authorization: Bearer abc def", "Authorization: <redacted>"],
    ["x-api-key=1234 and the rest", "x-api-key=<redacted>"],
    ['{"password": "a b c"}', '{"password": <redacted>'],
    ["https://user:pw@example.com/a", "https://<redacted>@example.com/a"],
    ["https://example.com/a?token=1#x", "https://example.com/a?<redacted>"],
  ])("%s", (text, redacted) => {
    expect(redactText(text)).toBe(redacted);
  });

  test("goes line by line", () => {
    expect(redactText("cookie: a\nnext")).toBe("cookie: <redacted>\nnext");
  });

  test("leaves other text alone", () => {
    const text = "See https://example.com/docs for passwords that are no secret.";
    expect(redactText(text)).toBe(text);
  });
});

describe("whatever was thrown", () => {
  test("has a text, even when it refuses to have one", () => {
    expect(thrownText(new Error("why"))).toBe("why");
    expect(thrownText(null)).toBe("null");
    const stubborn = {
      toString() {
        throw new Error("no");
      },
    };
    expect(thrownText(stubborn)).toBe("a value that has no text");
  });
});
