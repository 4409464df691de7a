import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isPluginError } from "../../src/errors.ts";
import { readEnablement } from "../../src/store/store.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("enablement records that are refused", () => {
  test.each([
    ['[[enabled]]\nid = "project:a"\npinned = true', 'enabled[0] has the unknown key "pinned"'],
    ["other = 1\n", 'it has the unknown key "other"'],
    ['[[enabled]]\nversion = "1"', "enabled[0].id is missing"],
    ["[[enabled]]\nid = 1", "enabled[0].id must be string"],
    ['[[enabled]]\nid = "project:a"\nsurfaces = ["root"]', "enabled[0].surfaces[0] must be"],
    [
      '[[enabled]]\nid = "a"\n[enabled.grants]\nadmin = true',
      'grants can\'t be used: The grant record is not valid: "admin" is not a key',
    ],
    [
      '[[enabled]]\nid = "a"\n[enabled.grants]\npermissions = [{ kind = "root" }]',
      "enabled[0].grants can't be used",
    ],
    ['[[enabled]]\nid = "a"\nconfig = 1979-05-27', "enabled[0].config has a date or time"],
    [
      '[[enabled]]\nid = "a"\nconfig = { a = nan }',
      "enabled[0].config has a number that JSON does not know",
    ],
    ['[[enabled]]\nid = "a"\nconfig = 9007199254740993', "beyond 2^53 - 1"],
    ['[[enabled]]\nid = "a"\n[enabled.config]\n"__proto__" = 1', "has the key __proto__"],
    ['[[enabled]]\nid = "secret', "line 2, column"],
    ["enabled = 1", "enabled must be Array"],
  ])("%j", (text, reason) => {
    const error = refusal(() => readEnablement(text));
    expect(error).toMatchObject({ code: "options/invalid" });
    expect(error?.message).toContain(reason);
    expect(error?.message).not.toContain("secret");
  });

  test.each([[[]], [null], [{ enabled: [[]] }], [{ enabled: [null] }]])("%j", (value) => {
    expect(refusal(() => readEnablement(value as object))?.code).toBe("options/invalid");
  });

  test("a config that is no plain data, or has itself in it", () => {
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    for (const config of [cyclic, { at: new Map() }, { call: () => 1 }, { big: 2n ** 60n }]) {
      const error = refusal(() => readEnablement({ enabled: [{ id: "a", config }] }));
      expect(error?.message).toContain("enabled[0].config");
    }
  });

  test("enabledPlugins: 256 records are read, 257 are not", () => {
    const records = (count: number) => ({
      enabled: Array.from({ length: count }, (_, index) => ({ id: `project:p${index}` })),
    });
    expect(readEnablement(records(256)).enabled).toHaveLength(256);
    expect(refusal(() => readEnablement(records(257)))?.code).toBe("store/bounds");
  });

  test("enablementBytes: 1 MiB of text is read, one byte more is not", () => {
    const text = '[[enabled]]\nid = "project:a"\n#'.padEnd(1_048_576, "x");
    expect(readEnablement(text).enabled).toHaveLength(1);
    expect(refusal(() => readEnablement(`${text}x`))?.code).toBe("store/bounds");
  });

  test("any text is read or refused with a code, and never with its own words", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        const error = refusal(() => readEnablement(text));
        expect([undefined, "options/invalid"]).toContain(error?.code);
      }),
      { numRuns: 300 },
    );
  });

  test("any plain data is read or refused with a code", () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true }), (value) => {
        const source = { enabled: [{ id: "project:a", config: value }] };
        const error = refusal(() => readEnablement(source));
        expect([undefined, "options/invalid"]).toContain(error?.code);
      }),
      { numRuns: 300 },
    );
  });
});

describe("enablement records", () => {
  test("every field of TOML is read, and the result is frozen at every depth", () => {
    const { enabled } = readEnablement(`
[[enabled]]
id = "project:example.echo"
version = "1.0.0"
digest = "${digest}"
surfaces = ["tool", "service"]
[enabled.config]
city = "Kyoto"
limits = { days = 3, share = 0.5 }
[enabled.grants]
id = "project:example.echo"
version = "1.0.0"
digest = "${digest}"
permissions = [{ kind = "surface", surface = "tool" }, { kind = "host_api", api = "fs" }]
fs = [{ root = "/srv", operations = ["read"] }]
request = [{ scheme = "https", host = "example.com", port = 8443, methods = ["GET"] }]
`);
    expect(enabled).toMatchObject([
      {
        id: "project:example.echo",
        version: "1.0.0",
        digest,
        surfaces: ["tool", "service"],
        config: { city: "Kyoto", limits: { days: 3, share: 0.5 } },
        grants: { request: [{ port: 8443 }], fs: [{ root: "/srv", operations: ["read"] }] },
      },
    ]);
    const record = enabled[0];
    for (const part of [enabled, record, record?.config, record?.grants.fs[0], record?.surfaces]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test("bytes and objects are read as text is", () => {
    const text = '[[enabled]]\nid = "user:a"\n';
    const expected = readEnablement(text);
    expect(readEnablement(new TextEncoder().encode(text))).toEqual(expected);
    expect(readEnablement({ enabled: [{ id: "user:a" }] })).toEqual(expected);
    expect(expected.enabled[0]).toEqual({
      id: "user:a",
      surfaces: [],
      grants: { permissions: [], request: [], websocket: [], fs: [], https: [] },
    });
  });

  test("nothing is a valid enablement of nothing", () => {
    for (const source of ["", "# nothing yet\n", {}]) {
      expect(readEnablement(source)).toEqual({ enabled: [] });
    }
  });

  test("what is read is a copy", () => {
    const config = { city: "Kyoto" };
    const read = readEnablement({ enabled: [{ id: "user:a", config }] });
    config.city = "Osaka";
    expect(read.enabled[0]?.config).toEqual({ city: "Kyoto" });
    expect(readEnablement(read)).toEqual(read);
  });
});

function refusal(work: () => unknown): { code: string; message: string } | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!isPluginError(error)) throw error;
    return error;
  }
}
