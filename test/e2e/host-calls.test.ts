import { describe, expect, it } from "vitest";
import {
  createInstance,
  grantRequested,
  type HostApi,
  type HostFunction,
  type InstanceOptions,
  type Isolate,
} from "yoi-plugin-sdk";
import { hostCallLimits } from "../../src/limits.ts";
import { guestPackage, toolManifest } from "./guest-package.ts";
import { type Bridge, bridges, canSuspend, mortalWorkers } from "./host-call-bridges.ts";
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

type GuestOptions = Omit<InstanceOptions, "hostApis"> & {
  readonly guest?: string;
  readonly onClose?: () => void;
};

async function guestWithFiles(
  read: HostFunction,
  { guest = "import-host-fs", onClose, ...options }: GuestOptions = {},
) {
  const pkg = await guestPackage(guest, manifest);
  return createInstance(pkg, {
    grants: grantRequested(pkg, { fs }),
    hostApis: [fileApi(read, onClose)],
    limits: { timeoutMs: 2_000, outputBytes: 600_000 },
    ...options,
  });
}

const hangs = () => new Promise<never>(() => {});

describe.each(bridges)("a host call $name", ({ isolation, hostCalls }: Bridge) => {
  it("[host/bridge] is answered that way, as the instance's status says", async () => {
    await using guest = await guestWithFiles(async () => "{}", { isolation });
    expect(guest.status().hostCalls).toBe(hostCalls);
  });

  it("brings the guest the host's answer, whatever the host waited for", async () => {
    const asked: unknown[] = [];
    await using guest = await guestWithFiles(
      async (args) => {
        asked.push(...args);
        await new Promise((resolve) => setImmediate(resolve));
        return JSON.stringify({ path: "notes.txt", content: "grüß", truncated: false });
      },
      { isolation },
    );
    const result = await guest.callTool("run", {});
    expect(asked).toEqual(['{"path":"notes.txt"}']);
    expect(JSON.parse(result.content ?? "")).toMatchObject({ content: "grüß" });
  });

  const part = hostCallLimits.channelBytes.default;

  it.each([0, 1, part - 1, part, part + 1, 150_000])(
    "brings an answer of %i bytes whole",
    async (size) => {
      await using guest = await guestWithFiles(async () => "x".repeat(size), { isolation });
      const result = await guest.callTool("run", {});
      expect(result.error).toBeUndefined();
      expect(result.content ?? "").toHaveLength(size);
    },
  );

  it("that fails is an answer, and the guest goes on", async () => {
    await using guest = await guestWithFiles(
      async () => {
        throw new Error("a secret of the host's");
      },
      { isolation },
    );
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
      isolation,
    });
    expect((await guest.callTool("run", {})).content).toBe("{}");
    isRevoked = true;
    const result = await guest.callTool("run", {});
    expect(JSON.parse(result.content ?? "")).toMatchObject({ error: { code: "grant/denied" } });
  });

  it("that hangs ends with the guest's deadline, and so does what the host does for it", async () => {
    let signal: AbortSignal | undefined;
    await using guest = await guestWithFiles(
      async (_, call) => {
        const isFirst = signal === undefined;
        signal = call.signal;
        return isFirst ? "{}" : hangs();
      },
      { isolation },
    );
    // The first call opens the guest, however long that takes on a busy machine.
    await guest.callTool("run", {});
    const result = await guest.callTool("run", {}, { timeoutMs: 150 });
    expect(result.error?.code).toBe("runtime/timeout");
    expect(result.durationMs).toBeLessThan(1_500);
    expect(signal?.aborted).toBe(true);
  });

  it.each(["component", "raw"])(
    "[stop/host-call] ends a %s guest with the deadline or the signal, and its isolate serves the next call",
    async (kind) => {
      const pkg = await (kind === "component"
        ? guestPackage("import-host-fs", manifest)
        : rawPackage("host-read", `${rawManifest}${permission}`));
      const aborting = new AbortController();
      const answered = async () => '{"summary":"answered"}';
      const answers: HostFunction[] = [
        answered,
        hangs,
        async () => {
          setImmediate(() => aborting.abort());
          return hangs();
        },
        answered,
      ];
      await using guest = await createInstance(pkg, {
        grants: grantRequested(pkg, { fs }),
        hostApis: [fileApi((args, call) => answers.shift()?.(args, call) ?? hangs())],
        isolation,
      });
      await guest.callTool("run", {});
      const late = await guest.callTool("run", {}, { timeoutMs: 200 });
      expect(late.error?.code).toBe("runtime/timeout");
      const aborted = await guest.callTool("run", {}, { signal: aborting.signal });
      expect(aborted.error?.code).toBe("runtime/aborted");
      expect(aborted.durationMs).toBeLessThan(1_500);
      const { error, summary, content } = await guest.callTool("run", {});
      expect(error).toBeUndefined();
      expect(content ?? summary).toContain("answered");
      expect(guest.status().replacements).toBe(0);
    },
  );

  it("ends when the instance is stopped, and settles the call", async () => {
    let asked: () => void = () => {};
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    let signal: AbortSignal | undefined;
    const guest = await guestWithFiles(
      (_, call) => {
        signal = call.signal;
        asked();
        return hangs();
      },
      { isolation },
    );
    const call = guest.callTool("run", {});
    await isAsked;
    await guest.stop();
    expect((await call).error?.code).toBe("instance/stopped");
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
      isolation,
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
        isolation,
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
    const guest = await guestWithFiles(async () => "{}", {
      onClose: () => (isClosed = true),
      isolation,
    });
    await guest.callTool("run", {});
    await guest.stop();
    expect(isClosed).toBe(true);
  });

  it("costs the guest the same fuel, whichever way it is answered", async () => {
    const fuel = async (isolate: Bridge["isolation"]) => {
      await using guest = await guestWithFiles(async () => "{}", { isolation: isolate });
      return (await guest.callTool("run", {})).usage?.fuel;
    };
    const expected = await fuel("worker");
    expect(expected).toBeGreaterThan(0);
    expect(await fuel(isolation)).toBe(expected);
  });
});

describe.each(bridges.filter(({ isolation }) => isolation !== "inline"))(
  "a worker that dies in mid host call, answered $name",
  ({ hostCalls }) => {
    it("[host/lost] settles the call, ends what the host does for it, and is replaced", async () => {
      const workers = mortalWorkers(hostCalls);
      let signal: AbortSignal | undefined;
      const answers: HostFunction[] = [
        (_, call) => {
          signal = call.signal;
          workers.end();
          return hangs();
        },
        async () => "{}",
      ];
      await using guest = await guestWithFiles(
        (args, call) => answers.shift()?.(args, call) ?? hangs(),
        { isolation: workers.isolation },
      );
      const lost = await guest.callTool("run", {});
      expect(lost.error?.code).toBe("runtime/lost");
      expect(lost.durationMs).toBeLessThan(1_500);
      expect(signal?.aborted).toBe(true);
      expect((await guest.callTool("run", {})).content).toBe("{}");
      expect(guest.status().replacements).toBe(1);
    });
  },
);

describe("[limits/refused-not-ignored] a guest that imports host APIs is refused", () => {
  const deaf: Isolate = {
    name: "deaf",
    guarantees: { deadline: true, memory: true, crash: false, authority: true, hostCalls: false },
    open: async () => {
      throw new Error("nothing is opened here");
    },
  };

  it.each([
    ["an isolate that can't answer", deaf],
    ...(canSuspend ? [] : ([["a thread that its engine can't suspend it in", "inline"]] as const)),
  ] as const)("by %s, with what would answer it", async (_, isolation) => {
    await expect(guestWithFiles(async () => "{}", { isolation })).rejects.toMatchObject({
      code: "options/unsupported",
      message: expect.stringContaining("Node 24"),
    });
  });
});
