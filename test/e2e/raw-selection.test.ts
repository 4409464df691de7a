import { describe, expect, it } from "vitest";
import {
  componentBackend,
  coreWasmBackend,
  createInstance,
  grantRequested,
  inspect,
  loadPackage,
  type PluginPackage,
} from "yoi-plugin-sdk";
import { rawGuestBytes } from "../../fixtures/raw/index.ts";
import { guestBytes, guestPackage } from "./guest-package.ts";
import { rawInstance, rawManifest, rawPackage } from "./raw-package.ts";

describe("[raw/selection] the manifest alone chooses the runtime", () => {
  it("and a component in a raw slot is refused, before and after loading", async () => {
    const pkg = await rawPackage(await guestBytes("echo"));
    const refused = { code: "artifact/wrong-kind" };
    await expect(createInstance(pkg, { grants: grantRequested(pkg) })).rejects.toMatchObject(
      refused,
    );
    const report = await inspect(pkg);
    expect(report.status).toBe("rejected");
    expect(report.diagnostics).toMatchObject([refused]);
  });

  it("and a core module in a component's slot is refused", async () => {
    const pkg = await guestPackage(await rawGuestBytes("echo"));
    await expect(createInstance(pkg, { grants: grantRequested(pkg) })).rejects.toMatchObject({
      code: "artifact/wrong-kind",
    });
  });

  it("and bytes that are no WebAssembly are refused as either", async () => {
    for (const pkg of [
      await rawPackage(new Uint8Array(64)),
      await guestPackage(new Uint8Array(64)),
    ]) {
      await expect(createInstance(pkg)).rejects.toMatchObject({ code: "artifact/malformed" });
    }
  });

  it("and the ABI has to be named", async () => {
    const other = rawManifest.replace("yoi-plugin-wasm-1", "yoi-plugin-wasm-2");
    await expect(rawPackage("echo", other)).rejects.toMatchObject({ code: "manifest/api" });
    const none = rawManifest.replace('abi = "yoi-plugin-wasm-1"\n', "");
    await expect(rawPackage("echo", none)).rejects.toMatchObject({ code: "manifest/api" });
  });

  it("and a host without a backend for it says so", async () => {
    const pkg = await rawPackage("echo");
    const grants = grantRequested(pkg);
    for (const backends of [[], [componentBackend()]]) {
      await expect(createInstance(pkg, { grants, backends })).rejects.toMatchObject({
        code: "artifact/unsupported",
      });
    }
    await using echo = await createInstance(pkg, {
      grants,
      backends: [componentBackend(), coreWasmBackend()],
    });
    expect(echo.status().backend).toBe("core-wasm");
  });

  it("and an artifact that is not in the package is told without a path of this machine", async () => {
    const missing = rawManifest.replace("guest.wasm", "other.wasm");
    const error = await rawPackage("echo", missing).then(
      () => expect.unreachable("the package was loaded"),
      (thrown: unknown) => thrown as Error & { code: string },
    );
    expect(error.code).toBe("manifest/missing");
    expect(error.message).not.toContain(process.cwd());
    expect(Buffer.byteLength(error.message)).toBeLessThanOrEqual(512);
  });
});

describe("[raw/digest] the bytes that run are those that the digest names", () => {
  it("whatever happens to the bytes that a caller holds", async () => {
    const held = await rawGuestBytes("count-calls");
    const pkg = await rawPackage(held);
    held.fill(0);
    pkg.readFile("guest.wasm").fill(0);
    await using counts = await createInstance(pkg, { grants: grantRequested(pkg) });
    expect((await counts.callTool("run", {})).summary).toBe("11");
  });

  it("and two packages of one path are two guests", async () => {
    await using counts = await rawInstance("count-calls");
    await using once = await rawInstance("start-once");
    expect((await counts.callTool("run", {})).summary).toBe("11");
    expect((await once.callTool("run", {})).summary).toBe("1");
  });
});

describe("[raw/host-apis] a host API that is imported", () => {
  const apis = ["fs", "https", "request", "websocket"] as const;
  const targets = {
    fs: [{ root: "/srv/data", operations: ["read"] }],
    https: [{ host: "api.example.com", methods: ["GET"] }],
    request: [{ scheme: "https", host: "api.example.com", methods: ["GET"] }],
    websocket: [{ scheme: "wss", host: "api.example.com" }],
  } as const;
  const declared = `
[[request]]
scheme = "https"
host = "api.example.com"
methods = ["GET"]

[[websocket]]
scheme = "wss"
host = "api.example.com"
`;
  const asking = (api: string) =>
    `${rawManifest}\n[[permissions]]\nkind = "host_api"\napi = "${api}"\n${declared}`;

  async function packages(api: (typeof apis)[number]): Promise<readonly PluginPackage[]> {
    const bytes = await rawGuestBytes(`import-host-${api}`);
    return Promise.all([rawPackage(bytes), rawPackage(bytes, asking(api))]);
  }

  it.each(apis)("%s is refused when nobody asks for it or grants it", async (api) => {
    const [silent, asks] = await packages(api);
    if (silent === undefined || asks === undefined) throw new Error("two packages were built");
    const { permissions, ...record } = grantRequested(asks, targets);
    const withoutApi = permissions.filter(({ kind }) => kind !== "host_api");
    for (const [pkg, grants] of [
      [silent, grantRequested(silent, targets)],
      [asks, undefined],
      [asks, { ...record, permissions: withoutApi }],
      [asks, grantRequested(asks)],
    ] as const) {
      await expect(createInstance(pkg, grants && { grants })).rejects.toMatchObject({
        code: "grant/denied",
        message: expect.stringContaining(api),
      });
    }
  });

  it.each(apis)("%s is refused when the grant is for another package", async (api) => {
    const [, asks] = await packages(api);
    if (asks === undefined) throw new Error("two packages were built");
    const grants = { ...grantRequested(asks, targets), version: "2.0.0" };
    await expect(createInstance(asks, { grants })).rejects.toMatchObject({ code: "grant/binding" });
  });

  it.each(apis)("%s is there when it is granted", async (api) => {
    const [, asks] = await packages(api);
    if (asks === undefined) throw new Error("two packages were built");
    await using guest = await createInstance(asks, { grants: grantRequested(asks, targets) });
    expect(guest.tools.map(({ name }) => name)).toEqual(["run"]);
  });

  it("is refused whatever is granted when it has another type", async () => {
    const pkg = await rawPackage("import-host-mistyped", asking("fs"));
    await expect(
      createInstance(pkg, { grants: grantRequested(pkg, targets) }),
    ).rejects.toMatchObject({ code: "artifact/unknown-import" });
  });
});

it("[raw/imports] an import that there is not is told together with what there is", async () => {
  for (const guest of ["import-wasi", "import-env", "import-unknown-function"] as const) {
    await expect(rawInstance(guest)).rejects.toMatchObject({
      code: "artifact/unknown-import",
      message: expect.stringMatching(/yoi:tool.*yoi:fs/u),
    });
  }
});

it("a guest that nobody granted anything is never compiled", async () => {
  const pkg = await loadPackage({
    "plugin.toml": rawManifest,
    "guest.wasm": await rawGuestBytes("body-not-valid"),
  });
  await using instance = await createInstance(pkg);
  expect(instance.tools).toEqual([]);
});
