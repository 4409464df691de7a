import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/bytes.ts";
import { isPluginError } from "../../src/errors.ts";
import { defaultLimits, packageLimits } from "../../src/limits.ts";
import { readManifest } from "../../src/manifest/manifest.ts";

const limits = defaultLimits(packageLimits);
const files = new Set(["plugin.wasm"]);

/** What a message may be made of; a word of the fuzzed text is none of it. */
const secret = "zqxsecretzqx";

function check(bytes: Uint8Array): "accepted" | "refused" {
  try {
    readManifest(bytes, files, limits);
    return "accepted";
  } catch (error) {
    if (!isPluginError(error) || !error.code.startsWith("manifest/")) throw error;
    expect(error.message).not.toMatch(/\p{Cc}/u);
    expect(Buffer.byteLength(error.message)).toBeLessThanOrEqual(512);
    return "refused";
  }
}

const manifest = `schema_version = 1
id = "example.echo"
name = "Echo"
version = "1.0.0"
[runtime]
kind = "wasm-component"
world = "yoi:plugin/tool@1.0.0"
component = "plugin.wasm"
[[tools]]
name = "echo"
description = "Echoes"
input_schema = { type = "object", properties = { a = { type = "string" } } }
[[permissions]]
kind = "tool"
name = "echo"
[[request]]
scheme = "https"
port = 443
methods = ["GET"]
`;

const token = fc.constantFrom(
  ...["[", "]", "[[", "]]", "{", "}", "=", ".", ",", "\n", " ", "#", '"', "'", '"""', "'''", "\\"],
  ...["a", "id", "tools", "runtime", "__proto__", "1", "-", "+", "_", "0x", "1e9", "inf", "nan"],
  ...["true", "1979-05-27", "07:32:00", "\r\n", "\t", "\0", "\ufeff", "\ud83d\ude00", "\\u0000"],
);

describe("fuzzing the manifest", () => {
  it("bytes of any kind are refused with a code of this room", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(check(bytes)).toBe("refused");
      }),
      { numRuns: 2000 },
    );
  });

  it("so are tokens in any order, alone and after a good manifest", () => {
    fc.assert(
      fc.property(fc.array(token, { maxLength: 40 }), (tokens) => {
        check(encodeUtf8(tokens.join("")));
        check(encodeUtf8(`${manifest}${tokens.join("")}`));
      }),
      { numRuns: 2000 },
    );
  });

  it("and good manifests with some characters replaced", () => {
    const hits = fc.array(fc.tuple(fc.nat(manifest.length - 1), token), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(hits, (list) => {
        let text = manifest;
        for (const [at, replacement] of list) {
          text = text.slice(0, at) + replacement + text.slice(at + 1);
        }
        check(encodeUtf8(text));
      }),
      { numRuns: 2000 },
    );
  });

  it("no value of a broken manifest ever shows in a message", () => {
    const lines = manifest.split("\n");
    fc.assert(
      fc.property(fc.nat(lines.length - 1), fc.array(token, { maxLength: 5 }), (at, tokens) => {
        const text = lines.map((line, index) =>
          index === at ? `description = "${secret}" ${tokens.join("")}` : line,
        );
        try {
          readManifest(encodeUtf8(text.join("\n")), files, limits);
        } catch (error) {
          expect((error as Error).message).not.toContain(secret);
          expect(JSON.stringify(error)).not.toContain(secret);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("no 64 KiB take long", () => {
  const fill = (part: string, start = "", end = "") =>
    start + part.repeat(Math.floor((64 * 1024 - start.length - end.length) / part.length)) + end;

  it.each([
    ["brackets", fill("[", "a = ")],
    ["closed brackets", `a = ${"[".repeat(32_000)}${"]".repeat(32_000)}`],
    ["inline tables", fill("{a=", "a = ")],
    ["one dotted key", fill("a.", "", "a = 1")],
    ["many dotted keys", fill("a.".repeat(60).concat("b = 1\n"))],
    ["many deep headers", fill("[a.b.c.d.e.f.g.h]\n")],
    ["arrays of tables", fill("[[a]]\n")],
    ["arrays of tables in arrays of tables", fill("[[a]]\n[[a.b]]\n")],
    ["dotted keys with one root", Array.from({ length: 6000 }, (_, n) => `a.k${n}=1`).join("\n")],
    ["digits", fill("9", "a = ")],
    ["digits in base 16", fill("f", "a = 0x")],
    ["digits with underscores", fill("1_", "a = ", "1")],
    ["a fraction", fill("1", "a = 0.")],
    ["fractions of a second", fill("1", "a = 07:32:00.")],
    ["one string", fill("x", 'a = "', '"')],
    ["escapes", fill("\\u0041", 'a = "', '"')],
    ["an open string", fill("x", 'a = "')],
    ["an open multi-line string", fill("\\\n ", 'a = """')],
    ["quotes", fill('"', "a = ")],
    ["comments", fill("#\n")],
    ["one comment", fill("#")],
    ["blank lines", fill("\r\n")],
    ["commas", fill(",", "a = [")],
    ["an array of integers", fill("1,", "a = [", "]")],
    ["one key of many", Array.from({ length: 9000 }, (_, n) => `k${n}=1`).join("\n")],
    ["services with one name", fill('[[services]]\nname=""\ndescription=""\n', manifest)],
  ])("%s", (_, text) => {
    const bytes = encodeUtf8(text).subarray(0, limits.manifestBytes);
    const started = performance.now();
    expect(check(bytes)).toBe("refused");
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
