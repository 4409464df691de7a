import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/bytes.ts";
import { defaultLimits, packageLimits } from "../../src/limits.ts";
import { readManifest } from "../../src/manifest/manifest.ts";
import { minimal, read, refusal } from "./manifest-text.ts";

const limits = defaultLimits(packageLimits);

describe("[load/bounded] a manifest's bounds", () => {
  it("the file has at most manifestBytes", () => {
    const atBound = minimal.padEnd(limits.manifestBytes, "#");
    expect(read(atBound).id).toBe("example.echo");
    expect(refusal(`${atBound}#`).code).toBe("manifest/bounds");
    expect(() => readManifest(encodeUtf8(minimal), new Set(), { manifestBytes: 70 })).toThrow(
      /has 71 bytes and at most 70/u,
    );
  });

  it.each([
    ["arrays", (n: number) => `x = ${"[".repeat(n)}${"]".repeat(n)}`],
    ["inline tables", (n: number) => `x = ${"{a=".repeat(n)}1${"}".repeat(n)}`],
    ["dotted keys", (n: number) => `x${".a".repeat(n)} = 1`],
    ["table headers", (n: number) => `[x${".a".repeat(n - 1)}]`],
    ["arrays of tables", (n: number) => `[[x${".a".repeat(n - 2)}]]`],
  ])("nesting by %s ends at 64 levels", (_, nest) => {
    // The document itself is one level.
    expect(refusal(nest(63)).code).toBe("manifest/malformed");
    expect(refusal(nest(64)).code).toBe("manifest/bounds");
  });

  it("an integer fits in 32 bits for the schema version and 16 for a port", () => {
    expect(refusal(minimal.replace("= 1", "= 4294967295")).code).toBe("manifest/api");
    expect(refusal(minimal.replace("= 1", "= 4294967296")).code).toBe("manifest/malformed");
    expect(read(`${minimal}[[websocket]]\nport = 65535\n`).websocket[0]?.port).toBe(65535);
    expect(refusal(`${minimal}[[websocket]]\nport = 65536\n`).code).toBe("manifest/malformed");
    expect(refusal(`${minimal}[[websocket]]\nport = -1\n`).code).toBe("manifest/malformed");
    expect(refusal(`${minimal}[[websocket]]\nport = 443.0\n`).code).toBe("manifest/malformed");
  });

  it("an integer in a schema is one that JSON holds exactly", () => {
    const tool = (value: string) =>
      `${minimal}[[tools]]\nname = "a"\ndescription = "b"\ninput_schema = { max = ${value} }\n`;
    expect(read(tool("9007199254740991")).tools[0]?.input_schema).toEqual({
      max: Number.MAX_SAFE_INTEGER,
    });
    expect(refusal(tool("9007199254740992")).code).toBe("manifest/malformed");
    expect(refusal(tool("-9007199254740992")).code).toBe("manifest/malformed");
  });

  it("an id and a name have 1 to 128 bytes", () => {
    const withId = (length: number) => minimal.replace("example.echo", "x".repeat(length));
    expect(read(withId(128)).id).toHaveLength(128);
    expect(refusal(withId(129)).code).toBe("manifest/malformed");
    expect(refusal(withId(0)).code).toBe("manifest/malformed");
  });
});
