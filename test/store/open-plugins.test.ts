import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  createPackageCache,
  openPlugins,
  planText,
  readEnablement,
  readPlan,
  resolvePlugins,
} from "../../src/store/store.ts";
import type { PluginPlan } from "../../src/store/store.types.ts";
import { discoverProject, temporaryFolder, toolTables, writePackage } from "./stored-packages.ts";

const id = "project:example.echo";

/** A store with one package that is enabled, and a cache. */
async function enabledPackage(config?: object) {
  const root = await temporaryFolder();
  const folder = join(root, "store");
  const path = await writePackage(folder, "echo.yoi-plugin", { version: "1", more: toolTables });
  const record = config === undefined ? { id } : { id, config };
  const enablement = readEnablement({ enabled: [record] });
  const plan = resolvePlugins(enablement, await discoverProject(folder));
  const cache = createPackageCache({ folder: join(root, "cache") });
  onTestFinished(() => cache.close());
  return { folder, path, enablement, plan, cache };
}

describe("opening a plan", () => {
  test("gives the packages with what an instance needs", async () => {
    const { plan, cache } = await enabledPackage({ city: "Kyoto" });
    const { plugins, diagnostics, repaired } = await openPlugins(plan, { cache });
    expect([diagnostics, repaired]).toEqual([[], []]);
    expect(plugins).toMatchObject([
      {
        package: { identity: { ref: id, version: "1", digest: plan.resolved[0]?.identity.digest } },
        surfaces: ["tool"],
        config: { city: "Kyoto" },
        grants: { permissions: [] },
      },
    ]);
    expect(plugins[0]?.package.readFile("plugin.toml").length).toBeGreaterThan(0);
  });

  test("[store/restore] restores the same bytes from the cache after the store has newer ones, or none", async () => {
    const { folder, path, plan, cache, enablement } = await enabledPackage();
    await openPlugins(plan, { cache });
    const restored = readPlan(planText(plan));
    await writePackage(folder, "echo.yoi-plugin", { version: "2" });
    for (const isGone of [false, true]) {
      if (isGone) await rm(path);
      const { plugins } = await openPlugins(
        resolvePlugins(restored, await discoverProject(folder)),
        { cache },
      );
      expect(plugins.map((each) => each.package.identity.version)).toEqual(["1"]);
    }
    await writePackage(folder, "echo.yoi-plugin", { version: "2" });
    const fresh = resolvePlugins(enablement, await discoverProject(folder));
    const { plugins } = await openPlugins(fresh, { cache });
    expect(plugins.map((each) => each.package.identity.version)).toEqual(["2"]);
  });

  test("refuses a package that changed since it was resolved, and the others open", async () => {
    const { folder, plan, cache } = await enabledPackage();
    await writePackage(folder, "b.yoi-plugin", { id: "example.b" });
    const records = readEnablement({ enabled: [{ id }, { id: "project:example.b" }] });
    const both = resolvePlugins(records, await discoverProject(folder));
    await writePackage(folder, "echo.yoi-plugin", { version: "1", more: "# changed\n" });
    const { plugins, diagnostics } = await openPlugins(both, { cache });
    expect(plugins.map((each) => each.package.identity.ref)).toEqual(["project:example.b"]);
    expect(diagnostics).toMatchObject([
      {
        code: "package/digest-mismatch",
        ref: id,
        package: "echo.yoi-plugin",
        digest: plan.resolved[0]?.identity.digest,
      },
    ]);
    expect((await cache.entries()).length).toBe(1);
  });

  test("says that a package is gone for good", async () => {
    const { path, plan, cache } = await enabledPackage();
    await rm(path);
    const { plugins, diagnostics } = await openPlugins(plan, { cache });
    expect(plugins).toEqual([]);
    expect(diagnostics).toMatchObject([{ code: "package/missing", phase: "resolution", ref: id }]);
  });

  test("mends a cache that was tampered with from the store, and says so", async () => {
    const { plan, cache } = await enabledPackage();
    await openPlugins(plan, { cache });
    const digest = plan.resolved[0]?.identity.digest ?? "sha256:";
    const entry = join(cache.folder, `${digest.replace(":", "-")}.yoi-plugin`);
    const whole = await readFile(entry);
    await writeFile(entry, "evil");
    expect(await openPlugins(plan, { cache })).toMatchObject({
      plugins: [{ package: { digest } }],
      diagnostics: [],
      repaired: [digest],
    });
    expect(await readFile(entry)).toEqual(whole);
  });

  test("a tampered cache without a store is refused, never run", async () => {
    const { path, plan, cache } = await enabledPackage();
    await openPlugins(plan, { cache });
    const digest = plan.resolved[0]?.identity.digest ?? "sha256:";
    await rm(path);
    await writePackage(cache.folder, `${digest.replace(":", "-")}.yoi-plugin`, { version: "6" });
    const { plugins, diagnostics } = await openPlugins(plan, { cache });
    expect(plugins).toEqual([]);
    expect(diagnostics).toMatchObject([{ code: "package/missing" }]);
  });

  test("a plan that says another id or version of the same bytes is not believed", async () => {
    const { plan, cache } = await enabledPackage();
    const [resolved] = plan.resolved;
    if (resolved === undefined) throw new Error("the package resolves");
    const lies = [
      { ...resolved.identity, version: "9" },
      { ...resolved.identity, ref: "project:example.trusted", id: "example.trusted" },
    ];
    for (const identity of lies) {
      const lying: PluginPlan = { ...plan, resolved: [{ ...resolved, identity }] };
      const { plugins, diagnostics } = await openPlugins(lying, { cache });
      expect(plugins).toEqual([]);
      expect(diagnostics).toMatchObject([{ code: "package/version-mismatch" }]);
    }
  });

  test("a cache that can't be used is the host's to know, not one package's finding", async () => {
    const { plan, path } = await enabledPackage();
    const cache = createPackageCache({ folder: join(path, "cache") });
    await expect(openPlugins(plan, { cache })).rejects.toMatchObject({ code: "store/io" });
  });

  test("ends when the signal fires", async () => {
    const { plan, cache } = await enabledPackage();
    await expect(openPlugins(plan, { cache, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "runtime/aborted",
    });
  });
});
