import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isPluginError } from "../../src/errors.ts";
import type { GrantRecord } from "../../src/grants/grants.types.ts";
import {
  bindingProblem,
  folderLabel,
  grantRequested,
  readGrantRecord,
} from "../../src/grants/plan.ts";
import { boundRecord, permit, stubPackage } from "./stub-package.ts";

describe("reading a record", () => {
  test.each<[string, unknown, string]>([
    ["null", null, "it must be an object"],
    ["a list", [], "it must be"],
    ["an unknown key", { permission: [] }, '"permission" is not a key'],
    ["__proto__", JSON.parse('{"__proto__":{"permissions":[]}}'), '"__proto__" is not a key'],
    ["an unknown permission", { permissions: [{ kind: "root" }] }, "permissions.0.kind"],
    ["an unknown surface", { permissions: [{ kind: "surface", surface: "x" }] }, "permissions.0"],
    ["an unknown API", { permissions: [{ kind: "host_api", api: "shell" }] }, "permissions.0.api"],
    ["a permission without its name", { permissions: [{ kind: "tool" }] }, "name is missing"],
    [
      "a permission with a key of another",
      { permissions: [{ kind: "external_write", name: "x" }] },
      '"name" is not a key of permissions.0',
    ],
    ["methods as text", { request: [{ methods: "GET" }] }, "request.0.methods must be a list"],
    ["a port past the last", { websocket: [{ port: 65_536 }] }, "websocket.0.port"],
    ["a port with a fraction", { request: [{ port: 80.5 }] }, "request.0.port"],
    ["methods of a websocket", { websocket: [{ methods: ["GET"] }] }, '"methods" is not a key'],
    ["a private https target", { https: [{ allow_private: true }] }, '"allow_private" is not'],
    ["a scheme of an https target", { https: [{ scheme: "http" }] }, '"scheme" is not a key'],
    ["a truthy allow_private", { request: [{ allow_private: "yes" }] }, "allow_private"],
    ["an unknown operation", { fs: [{ root: "/", operations: ["exec"] }] }, "fs.0.operations.0"],
    ["a digest of the wrong type", { digest: 7 }, "digest must be"],
  ])("refuses %s and says where", (_, value, place) => {
    expect(() => readGrantRecord(value)).toThrow(
      expect.objectContaining({
        code: "options/invalid",
        phase: "options",
        message: expect.stringContaining(place),
      }),
    );
  });

  test("fills in what is left out and freezes every level", () => {
    const record = readGrantRecord({ version: undefined, request: [{ host: "a.example" }] });
    expect(record).toEqual({
      permissions: [],
      request: [{ scheme: "", host: "a.example", methods: [], path_prefixes: [] }],
      websocket: [],
      fs: [],
      https: [],
    });
    expect("version" in record).toBe(false);
    expect(
      [record, record.request, record.request[0], record.request[0]?.methods].every(
        Object.isFrozen,
      ),
    ).toBe(true);
  });

  test("takes what TOML parsers give: bigints and tables without a prototype", () => {
    const table = Object.assign(Object.create(null), { host: "a.example", port: 443n });
    expect(readGrantRecord({ request: [table] }).request[0]).toMatchObject({ port: 443 });
    expect(() => readGrantRecord({ request: [{ port: 65_536n }] })).toThrow();
  });

  test("gives the last port and takes a record it gave before", () => {
    const record = readGrantRecord({
      request: [{ port: 65_535 }, { port: 0, allow_private: false }],
    });
    expect(readGrantRecord(record)).toEqual(record);
    expect(readGrantRecord(JSON.parse(JSON.stringify(record)))).toEqual(record);
  });

  test("throws nothing but PluginError, with an inert message, whatever it is given", () => {
    const keys = fc.constantFrom(
      "permissions",
      "request",
      "fs",
      "kind",
      "\u001b[31m",
      "__proto__",
      "id",
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom("tool", "\u0007", 7, null, true, "surface"),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(keys, tie("tree"), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        try {
          readGrantRecord(value);
        } catch (error) {
          if (!isPluginError(error)) throw error;
          // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is there is the point
          expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/u);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("granting what is requested", () => {
  const target = { scheme: "https", host: "a.example", methods: ["GET"], path_prefixes: ["/v1"] };
  const permissions = [permit.surface("tool"), permit.tool("echo"), permit.hostApi("request")];
  const pkg = stubPackage({ permissions, request: [target] });

  test("binds the record to the package and takes the manifest's permissions", () => {
    expect(grantRequested(pkg)).toEqual(boundRecord(pkg, { permissions }));
    expect(bindingProblem(grantRequested(pkg), pkg.identity)).toBeUndefined();
  });

  test("grants only the targets given, also where the manifest declares some", () => {
    expect(grantRequested(pkg).request).toEqual([]);
    expect(grantRequested(pkg, { request: pkg.manifest.request }).request).toEqual([target]);
    expect(grantRequested(pkg, { https: [{ host: "a.example", methods: ["GET"] }] }).https).toEqual(
      [{ host: "a.example", methods: ["GET"], path_prefixes: [] }],
    );
  });

  test.each([{ permissions: [] }, { https: [{ scheme: "https" }] }, { digest: "x" }, [], null])(
    "refuses targets that are none: %j",
    (targets) => {
      expect(() => grantRequested(pkg, targets as never)).toThrow(
        expect.objectContaining({ code: "options/invalid" }),
      );
    },
  );
});

describe("binding", () => {
  const pkg = stubPackage();
  const permissions = [permit.surface("tool")];

  test("names everything that differs, not only the first", () => {
    const record: GrantRecord = boundRecord(pkg, { permissions, version: "2", digest: "sha256:0" });
    const problem = bindingProblem(record, pkg.identity);
    expect(problem).toContain('its version is "2" and the package\'s is "1.2.3"');
    expect(problem).toContain("its digest is");
    expect(problem).not.toContain("its id");
  });

  test.each(["example.echo", "project:", ":example.echo", "store:example.echo", "project:a:b"])(
    "an id that names no source, like %s, is said to be unqualified",
    (id) => {
      expect(bindingProblem(boundRecord(pkg, { permissions, id }), pkg.identity)).toContain(
        "is not source-qualified",
      );
    },
  );

  test("hostile text in a binding is inert", () => {
    const id = "project:\u001b]8;;https://evil.example\u0007click\u202e";
    const problem = bindingProblem(boundRecord(pkg, { permissions, id }), pkg.identity);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is there is the point
    expect(problem).not.toMatch(/[\u0000-\u001f\u202e]/u);
  });
});

test("folder_labels_show_root_and_operations_bounded_and_inert", () => {
  expect(folderLabel({ root: "/srv/data", operations: ["read", "list"] })).toBe(
    "/srv/data read,list",
  );
  expect(folderLabel({ root: "", operations: [] })).toBe("<no-root> <no-operations>");
  const label = folderLabel({ root: `/\u001b[2J${"é".repeat(500)}`, operations: ["write"] });
  expect(label).toMatch(/^\/ \[2Jé+… write$/u);
  expect(new TextEncoder().encode(label).length).toBeLessThanOrEqual(240);
});
