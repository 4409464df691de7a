import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inertText, utf8Length } from "../../src/diagnostic.ts";
import { isPluginError } from "../../src/errors.ts";
import { planText, readEnablement, readPlan, resolvePlugins } from "../../src/store/store.ts";
import type { Discovery } from "../../src/store/store.types.ts";
import {
  discoverProject,
  forgedArchive,
  manifestHead,
  type PackageParts,
  temporaryFolder,
  toolTables,
  writePackage,
} from "./stored-packages.ts";

const id = "project:example.echo";

/** A store of some packages, as discovered. */
async function storeOf(...packages: readonly PackageParts[]): Promise<Discovery> {
  const folder = await temporaryFolder();
  for (const [index, parts] of packages.entries()) {
    await writePackage(folder, `${index}.yoi-plugin`, parts);
  }
  return discoverProject(folder);
}

const resolve = (discovery: Discovery, ...records: readonly object[]) =>
  resolvePlugins(readEnablement({ enabled: records }), discovery);

const codes = (discovery: Discovery, ...records: readonly object[]) =>
  resolve(discovery, ...records).diagnostics.map(({ code }) => code);

describe("[store/fail-closed] an enablement record is dropped, with one finding, when", () => {
  test("its id has no source, or is none", async () => {
    const discovery = await storeOf({});
    expect(codes(discovery, { id: "example.echo" })).toEqual(["package/ambiguous"]);
    for (const bad of ["other:example.echo", "project:", "project:a:b", "project:.hidden"]) {
      expect(codes(discovery, { id: bad })).toEqual(["package/invalid-reference"]);
    }
  });

  test("no package has its id, and the finding says so when one was refused", async () => {
    expect(codes(await storeOf({ id: "example.other" }), { id })).toEqual(["package/missing"]);
    const folder = await temporaryFolder();
    const broken = `${manifestHead}[runtime]\nkind = "wasm-component"\nworld = "x"\n`;
    await writePackage(folder, "a.yoi-plugin", forgedArchive(broken));
    const plan = resolve(await discoverProject(folder), { id });
    expect(plan.diagnostics).toMatchObject([
      { code: "package/missing", phase: "resolution", ref: id },
    ]);
    expect(plan.diagnostics[0]?.message).toContain("manifest/api");
  });

  test("two packages have its id, whatever its pins say", async () => {
    const discovery = await storeOf({ version: "1" }, { version: "2" });
    const digest = discovery.packages[0]?.identity.digest;
    expect(codes(discovery, { id, version: "1", digest })).toEqual(["package/duplicate"]);
  });

  test("it is there twice: neither is used", async () => {
    const discovery = await storeOf({ more: toolTables });
    const plan = resolve(discovery, { id }, { id, version: "1.0.0" });
    expect(plan.resolved).toEqual([]);
    expect(plan.diagnostics.map(({ code }) => code)).toEqual([
      "package/duplicate",
      "package/duplicate",
    ]);
  });

  test("its digest is another one, or no digest at all", async () => {
    const discovery = await storeOf({});
    const digest = discovery.packages[0]?.identity.digest ?? "";
    const wrong = [
      `sha256:${"0".repeat(64)}`,
      digest.slice(0, -1),
      digest.toUpperCase(),
      digest.replace("sha256:", "sha512:"),
      digest.slice(7),
    ];
    for (const pin of wrong) {
      expect(codes(discovery, { id, digest: pin })).toEqual(["package/digest-mismatch"]);
    }
    expect(codes(discovery, { id, digest })).toEqual([]);
  });

  test("its version is another one, which is not the schema's version", async () => {
    const discovery = await storeOf({ version: "1.0.0" });
    expect(codes(discovery, { id, version: "1.0" })).toEqual(["package/version-mismatch"]);
    expect(codes(discovery, { id, version: "1.0.0" })).toEqual([]);
  });

  test("its grants are bound to another id, version or digest, or to none", async () => {
    const discovery = await storeOf({ more: toolTables });
    const { ref, version, digest } = discovery.packages[0]?.identity ?? {};
    const permissions = [{ kind: "tool", name: "echo" }];
    const grants = { id: ref, version, digest, permissions };
    expect(codes(discovery, { id, grants })).toEqual([]);
    const wrong = [
      { ...grants, id: "user:example.echo" },
      { ...grants, id: "example.echo" },
      { ...grants, version: "2" },
      { ...grants, digest: `sha256:${"0".repeat(64)}` },
      { permissions },
      { id: ref, version, digest: undefined, fs: [{ root: "/", operations: ["read"] }] },
    ];
    for (const record of wrong) {
      const kept = Object.fromEntries(Object.entries(record).filter(([, value]) => value));
      expect(codes(discovery, { id, grants: kept })).toEqual(["grant/binding"]);
    }
  });

  test("it selects a surface that the package does not declare, which is named", async () => {
    const discovery = await storeOf({ more: toolTables });
    const plan = resolve(discovery, { id, surfaces: ["tool", "service"] });
    expect(plan.resolved).toEqual([]);
    expect(plan.diagnostics).toMatchObject([{ code: "manifest/surface" }]);
    expect(plan.diagnostics[0]?.message).toContain("service");
  });

  test("several things are wrong with it: the first of the order is told", async () => {
    const discovery = await storeOf({});
    const grants = { permissions: [{ kind: "external_write" }] };
    const all = { id, digest: "x", version: "2", grants, surfaces: ["hook"] };
    expect(codes(discovery, all)).toEqual(["package/digest-mismatch"]);
    const { digest: _, ...rest } = all;
    expect(codes(discovery, rest)).toEqual(["package/version-mismatch"]);
    expect(codes(discovery, { id, grants, surfaces: ["hook"] })).toEqual(["grant/binding"]);
    expect(codes(discovery, { id, surfaces: ["hook"] })).toEqual(["manifest/surface"]);
  });

  test("one dropped record never takes another with it", async () => {
    const discovery = await storeOf({}, { id: "example.b" });
    const plan = resolve(
      discovery,
      { id: "nonsense" },
      { id, version: "9" },
      { id: "project:example.b" },
    );
    expect(plan.resolved.map(({ identity }) => identity.ref)).toEqual(["project:example.b"]);
    expect(plan.diagnostics).toHaveLength(2);
  });

  test("findings are inert and short, whatever an id is made of", async () => {
    const discovery = await storeOf({});
    const nasty = `\u001b[31m\u202e${"é".repeat(500)}`;
    for (const bad of [nasty, `project:${nasty}`]) {
      const [finding] = resolve(discovery, { id: bad }).diagnostics;
      expect(finding?.message).toBe(inertText(finding?.message ?? ""));
      expect(utf8Length(finding?.message ?? "")).toBeLessThanOrEqual(240);
    }
  });
});

describe("a resolved record", () => {
  test("pins digest and version, and has the surfaces in their order and an empty grant record", async () => {
    const hooks = '[[hooks]]\nid = "a"\nfile = "plugin.toml"\n';
    const discovery = await storeOf({ more: toolTables + hooks });
    const [found] = discovery.packages;
    const [resolved] = resolve(discovery, { id, config: { city: "Kyoto" } }).resolved;
    expect(resolved).toMatchObject({
      identity: found?.identity,
      path: found?.path,
      label: "0.yoi-plugin",
      surfaces: ["hook", "tool"],
      grants: { permissions: [], fs: [] },
      config: { city: "Kyoto" },
      manifest: { name: "Echo", tools: [{ name: "echo" }] },
    });
    const chosen = resolve(discovery, { id, surfaces: ["tool", "hook", "tool"] }).resolved[0];
    expect(chosen?.surfaces).toEqual(["hook", "tool"]);
  });

  test("finding packages enables none", async () => {
    expect(resolve(await storeOf({})).resolved).toEqual([]);
  });
});

describe("a plan", () => {
  test("comes back from JSON as it was, and is frozen", async () => {
    const discovery = await storeOf({ more: toolTables });
    const plan = resolve(discovery, { id, config: { a: [1] } }, { id: "missing" });
    const read = readPlan(planText(plan));
    expect(read).toEqual(plan);
    expect(readPlan(new TextEncoder().encode(planText(plan)))).toEqual(plan);
    expect(Object.isFrozen(read.resolved[0]?.identity)).toBe(true);
  });

  test("that has been made stays as it is when newer packages appear, until records start afresh", async () => {
    const records = readEnablement({ enabled: [{ id }] });
    const plan = resolvePlugins(records, await storeOf({ version: "1" }));
    const newer = await storeOf({ version: "2" });
    expect(resolvePlugins(readPlan(planText(plan)), newer)).toEqual(plan);
    expect(resolvePlugins(records, newer).resolved[0]?.identity.version).toBe("2");
  });

  test("with nothing but findings stays as it is, and one of nothing too", async () => {
    const records = readEnablement({ enabled: [{ id }] });
    const failed = resolvePlugins(records, await storeOf());
    expect(failed.diagnostics).toHaveLength(1);
    expect(resolvePlugins(failed, await storeOf({}))).toEqual(failed);
    const nothing = resolvePlugins({ enabled: [] }, await storeOf({}));
    expect(nothing).toEqual({ format: 1, enabled: [], resolved: [], diagnostics: [] });
  });

  test("is refused when it is not one", async () => {
    const plan = resolve(await storeOf({}), { id });
    const [resolved] = plan.resolved;
    const identity = { ...resolved?.identity };
    const broken: readonly unknown[] = [
      { ...plan, format: 2 },
      { ...plan, extra: 1 },
      { ...plan, resolved: [{ ...resolved, identity: { ...identity, ref: "user:example.echo" } }] },
      { ...plan, resolved: [{ ...resolved, identity: { ...identity, digest: "sha256:../../x" } }] },
      { ...plan, resolved: [{ ...resolved, grants: { admin: true } }] },
      { ...plan, resolved: [{ ...resolved, manifest: [] }] },
      { ...plan, resolved: [{ ...resolved, more: 1 }] },
      { ...plan, diagnostics: [{ code: "made/up", phase: "resolution", message: "x" }] },
      [],
      "{",
      '{"enabled":[],"enabled":[]}',
      '{"__proto__":1}',
    ];
    for (const value of broken) {
      expect(() => readPlan(value as object), JSON.stringify(value)).toThrow(
        expect.objectContaining({ code: "options/invalid" }),
      );
    }
  });

  test("planBytes: text beyond the bound is neither read nor written", () => {
    const empty = '{"enabled":[]}';
    expect(readPlan(empty.padEnd(16_777_216))).toMatchObject({ enabled: [] });
    expect(() => readPlan(empty.padEnd(16_777_217))).toThrow(
      expect.objectContaining({ code: "store/bounds" }),
    );
    const config = "x".repeat(9_000_000);
    const plan = readPlan({ enabled: [{ id: "a", config }] });
    expect(readPlan(planText(plan))).toEqual(plan);
    const twice = readPlan({
      enabled: [
        { id: "a", config },
        { id: "b", config },
      ],
    });
    expect(() => planText(twice)).toThrow(expect.objectContaining({ code: "store/bounds" }));
  });

  test("any JSON is read or refused with a code", () => {
    const part = fc.oneof(fc.jsonValue(), fc.constant([]), fc.array(fc.jsonValue()));
    const plan = fc.record(
      { format: part, enabled: part, resolved: part, diagnostics: part },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(plan, fc.jsonValue()), (value) => {
        for (const source of [JSON.stringify(value), value]) {
          expect(["options/invalid", "read"]).toContain(outcomeOf(source as object));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("its findings come out inert when somebody wrote into them", () => {
    const message = `\u001b[31m${"x".repeat(1000)}`;
    const diagnostics = [{ code: "store/io", phase: "discovery", package: "\u202e", message }];
    const [finding] = readPlan({ diagnostics }).diagnostics;
    expect(finding?.package).toBe(" ");
    expect(finding?.message).not.toContain("\u001b");
    expect(utf8Length(finding?.message ?? "")).toBeLessThanOrEqual(240);
  });
});

function outcomeOf(source: string | object): string {
  try {
    readPlan(source);
    return "read";
  } catch (error) {
    if (!isPluginError(error)) throw error;
    return error.code;
  }
}
