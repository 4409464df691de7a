import { afterEach, describe, expect, it } from "vitest";
import { createInstance, grantRequested, loadPackage, ToolRegistry } from "yoi-plugin-sdk";
import { guestInstance, guestPackage, toolManifest } from "./guest-package.ts";

const open: { stop(): Promise<void> }[] = [];
async function instance(...args: Parameters<typeof guestInstance>) {
  const opened = await guestInstance(...args);
  open.push(opened);
  return opened;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((opened) => opened.stop()));
});

describe("a granted tool", () => {
  it("ends as an ordinary result", async () => {
    const echo = await instance("echo");
    const result = await echo.callTool("run", { city: "Kyoto" }, { callId: "c1" });
    expect(result).toMatchObject({ callId: "c1", tool: "run", isError: false });
    expect(result.content).toContain("Kyoto");
    expect(result.origin).toMatchObject({ kind: "plugin", pluginId: "test.guest" });
    expect(echo.status()).toMatchObject({
      state: "ready",
      isolation: "worker",
      backend: "component",
    });
  });

  it("[run/fresh] sees a fresh guest in every call", async () => {
    const counter = await instance("count-calls");
    const first = await counter.callTool("run", {});
    const second = await counter.callTool("run", {});
    expect(second.summary).toBe(first.summary);
  });

  it("runs inline as well, in a realm of its own", async () => {
    const echo = await instance("echo", { isolation: "inline" });
    const result = await echo.callTool("run", { city: "Kyoto" });
    expect(result.isError).toBe(false);
    expect(echo.status().isolation).toBe("inline");
  });

  it("answers many callers in their order, one at a time", async () => {
    const echo = await instance("echo");
    const inputs = Array.from({ length: 40 }, (_, index) => ({ index }));
    const results = await Promise.all(inputs.map((input) => echo.callTool("run", input)));
    for (const [index, result] of results.entries()) {
      expect(result.content).toContain(JSON.stringify({ index }));
    }
  });

  it("[run/input-schema] refuses what its schema refuses before the guest starts", async () => {
    const manifest = toolManifest.replace(
      '{ type = "object" }',
      '{ type = "object", required = ["city"], properties = { city = { type = "string" } } }',
    );
    // A guest that loops shows that it was never entered.
    const loop = await instance("loop", {}, manifest);
    const result = await loop.callTool("run", { city: 7 });
    expect(result).toMatchObject({ isError: true, error: { code: "input/invalid" } });
    expect(result.error?.message).toContain("$.city");
  });
});

describe("grants", () => {
  it("allow nothing when there are none", async () => {
    const pkg = await guestPackage("echo");
    const denied = await createInstance(pkg);
    expect(denied.tools).toEqual([]);
    expect(denied.denied).toMatchObject([
      { kind: "tool", name: "run", diagnostic: { code: "grant/denied" } },
    ]);
    const result = await denied.callTool("run", {});
    expect(result).toMatchObject({ isError: true, error: { code: "grant/denied" } });
    await expect(denied.callTool("other", {})).rejects.toMatchObject({
      code: "registry/unknown-tool",
    });
  });

  it.each(["id", "version", "digest"] as const)(
    "bound to another %s authorise nothing",
    async (key) => {
      const pkg = await guestPackage("echo");
      const wrong = { id: "project:other", version: "9", digest: `sha256:${"0".repeat(64)}` };
      const grants = { ...grantRequested(pkg), [key]: wrong[key] };
      const denied = await createInstance(pkg, { grants });
      expect(denied.tools).toEqual([]);
      expect(denied.denied[0]?.diagnostic.code).toBe("grant/binding");
    },
  );

  it("that a policy takes back stop the next call", async () => {
    const pkg = await guestPackage("echo");
    let isAllowed = true;
    const echo = await createInstance(pkg, {
      grants: {
        decide: () =>
          isAllowed
            ? { allowed: true }
            : { allowed: false, code: "grant/denied", message: "taken back" },
      },
    });
    expect((await echo.callTool("run", {})).isError).toBe(false);
    isAllowed = false;
    expect(await echo.callTool("run", {})).toMatchObject({
      isError: true,
      error: { code: "grant/denied", message: "taken back" },
    });
    await echo.stop();
  });

  it("never reach beyond what the manifest asks for", async () => {
    const asked = toolManifest.slice(0, toolManifest.lastIndexOf("[[permissions]]"));
    const pkg = await loadPackage({
      "plugin.toml": asked,
      "guest.wasm": await (await guestPackage("echo")).readFile("guest.wasm"),
    });
    const everything = await createInstance(pkg, { grants: { decide: () => ({ allowed: true }) } });
    expect(everything.tools).toEqual([]);
  });
});

describe("a registry", () => {
  it("lists and calls tools of plugins and the host alike", async () => {
    await using registry = new ToolRegistry();
    const echo = await instance("echo");
    expect(registry.add(echo, { prefix: "guest_" })).toEqual({
      registered: ["guest_run"],
      skipped: [],
    });
    registry.register({
      name: "add",
      description: "Adds.",
      inputSchema: { type: "object" },
      handler: () => "3",
    });
    expect(registry.list().map(({ name }) => name)).toEqual(["add", "guest_run"]);
    expect((await registry.call("guest_run", { a: 1 })).isError).toBe(false);
    expect(registry.add(echo, { prefix: "guest_" }).skipped[0]?.code).toBe("registry/name-taken");
  });
});
