import { describe, expect, it } from "vitest";
import { createInstance, grantRequested, type HostApi, type HostFunction } from "yoi-plugin-sdk";
import { hostCallLimits } from "../../src/limits.ts";
import { guestPackage, toolManifest } from "./guest-package.ts";
import { rawManifest, rawPackage } from "./raw-package.ts";

const permission = `
[[permissions]]
kind = "host_api"
api = "fs"
`;
const manifest = `${toolManifest}${permission}`;
const fs = [{ root: "/srv/data", operations: ["read" as const] }];

/** Whether this engine has `try_table`: an empty one validates. */
function catchesNewly(): boolean {
  const code = [1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 0x0a, 8, 1, 6, 0, 0x1f, 0x40, 0, 0x0b, 0x0b];
  return WebAssembly.validate(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...code));
}

/** A file API of the test's own, so that only the way there and back is under test. */
function fileApi(read: HostFunction, onClose: () => void = () => {}): HostApi {
  return {
    name: "fs",
    interface: "yoi:host/fs@1.0.0",
    open: () => ({
      functions: new Map([["read", read]]),
      async [Symbol.asyncDispose]() {
        onClose();
      },
    }),
  };
}

async function guestWithFiles(
  read: HostFunction,
  options: { guest?: string; onClose?: () => void } = {},
) {
  const pkg = await guestPackage(options.guest ?? "import-host-fs", manifest);
  return createInstance(pkg, {
    grants: grantRequested(pkg, { fs }),
    hostApis: [fileApi(read, options.onClose)],
    limits: { timeoutMs: 2_000, outputBytes: 600_000 },
  });
}

describe("a host call", () => {
  it("brings the guest the host's answer, whatever the host waited for", async () => {
    const asked: unknown[] = [];
    await using guest = await guestWithFiles(async (args) => {
      asked.push(...args);
      await new Promise((resolve) => setImmediate(resolve));
      return JSON.stringify({ path: "notes.txt", content: "grüß", truncated: false });
    });
    const result = await guest.callTool("run", {});
    expect(asked).toEqual(['{"path":"notes.txt"}']);
    expect(JSON.parse(result.content ?? "")).toMatchObject({ content: "grüß" });
  });

  const part = hostCallLimits.channelBytes.default;

  it.each([0, 1, part - 1, part, part + 1, 150_000])(
    "brings an answer of %i bytes whole",
    async (size) => {
      await using guest = await guestWithFiles(async () => "x".repeat(size));
      const result = await guest.callTool("run", {});
      expect(result.error).toBeUndefined();
      expect(result.content ?? "").toHaveLength(size);
    },
  );

  it("that fails is an answer, and the guest goes on", async () => {
    await using guest = await guestWithFiles(async () => {
      throw new Error("a secret of the host's");
    });
    const result = await guest.callTool("run", {});
    expect(result.isError).toBe(false);
    expect(JSON.parse(result.content ?? "")).toMatchObject({ error: { code: "host/failed" } });
    expect(result.content).not.toContain("secret");
  });

  it("is refused once its grant is taken back, and the guest goes on", async () => {
    const pkg = await guestPackage("import-host-fs", manifest);
    const record = grantRequested(pkg, { fs });
    let isRevoked = false;
    await using guest = await createInstance(pkg, {
      grants: {
        decide: ({ action }) =>
          isRevoked && action.kind === "host_api"
            ? { allowed: false, code: "grant/denied", message: "taken back" }
            : { allowed: true },
        targets: () => record,
      },
      hostApis: [fileApi(async () => "{}")],
    });
    expect((await guest.callTool("run", {})).content).toBe("{}");
    isRevoked = true;
    const result = await guest.callTool("run", {});
    expect(JSON.parse(result.content ?? "")).toMatchObject({ error: { code: "grant/denied" } });
  });

  it("that hangs ends with the guest's deadline, and so does what the host does for it", async () => {
    let signal: AbortSignal | undefined;
    await using guest = await guestWithFiles((_, call) => {
      signal = call.signal;
      return new Promise(() => {});
    });
    const result = await guest.callTool("run", {}, { timeoutMs: 150 });
    expect(result.error?.code).toBe("runtime/timeout");
    expect(result.durationMs).toBeLessThan(2_000);
    expect(signal?.aborted).toBe(true);
  });

  it("is one of a bounded number in each call", async () => {
    let calls = 0;
    const pkg = await guestPackage("host-call-flood", manifest);
    await using guest = await createInstance(pkg, {
      grants: grantRequested(pkg, { fs }),
      hostApis: [
        fileApi(async () => {
          calls += 1;
          return "{}";
        }),
      ],
      limits: { hostCalls: 25 },
    });
    const result = await guest.callTool("run", {});
    expect(result.error?.code).toBe("runtime/limit");
    expect(calls).toBe(25);
  });

  const catching = {
    // Components may use the newer exceptions only, which Node 24 brings.
    ...(catchesNewly() ? { component: () => guestPackage("host-call-catch", manifest) } : {}),
    raw: () => rawPackage("host-call-catch", `${rawManifest}${permission}`),
  };

  it.each(Object.entries(catching))(
    "[stop/caught] whose end a %s guest catches ends it all the same, long before its deadline",
    async (_, load) => {
      const pkg = await load();
      let calls = 0;
      await using guest = await createInstance(pkg, {
        grants: grantRequested(pkg, { fs }),
        hostApis: [
          fileApi(async () => {
            calls += 1;
            return "{}";
          }),
        ],
        limits: { hostCalls: 3, timeoutMs: 8_000, fuel: 1_000_000_000_000 },
      });
      const result = await guest.callTool("run", {});
      expect(result.error?.code).toBe("runtime/limit");
      expect(result.durationMs).toBeLessThan(4_000);
      expect(calls).toBe(3);
      // Its worker was stopped by nobody.
      expect(guest.status().replacements).toBe(0);
    },
  );

  it("closes what the API holds when the instance stops", async () => {
    let isClosed = false;
    const guest = await guestWithFiles(async () => "{}", { onClose: () => (isClosed = true) });
    await guest.callTool("run", {});
    await guest.stop();
    expect(isClosed).toBe(true);
  });

  it("[limits/refused-not-ignored] is refused where nobody could answer it", async () => {
    const pkg = await guestPackage("import-host-fs", manifest);
    await expect(
      createInstance(pkg, {
        grants: grantRequested(pkg, { fs }),
        hostApis: [fileApi(async () => "{}")],
        isolation: "inline",
      }),
    ).rejects.toMatchObject({ code: "options/unsupported" });
  });
});
