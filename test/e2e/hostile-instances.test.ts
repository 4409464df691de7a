import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createInstance,
  type DeadLetter,
  grantRequested,
  type HostApi,
  type IngressReport,
  isPluginError,
  loadPackage,
  type PluginInstance,
} from "yoi-plugin-sdk";
import { instanceGuests } from "../../fixtures/guests/instance-guests.ts";
import { guestBytes } from "./guest-package.ts";
import {
  announced,
  event,
  expectInert,
  instanceManifest,
  livingInstance,
} from "./instance-package.ts";

type LivingGuest = (typeof instanceGuests)[number];

/** How one step of a guest's life ended. */
type Ending = { readonly code: string; readonly message: string } | "ok";

const quick = {
  limits: { timeoutMs: 300, startTimeoutMs: 1_000 },
  ingress: { retryDelayMs: 1 },
} as const;
// A guest that loops is waited for; all others may take what a busy machine needs.
const patient = { ...quick, limits: { timeoutMs: 5_000, startTimeoutMs: 5_000 } } as const;

const loops = (guest: string) => guest.includes("-loop");
const options = (guest: string) => (loops(guest) ? quick : patient);

/** Leads a guest through its whole life and says how each step ended; nothing it does may throw. */
async function lifeOf(guest: LivingGuest, isolation: "worker" | "inline") {
  const ended: Record<string, Ending> = {};
  let instance: PluginInstance;
  try {
    instance = await livingInstance(guest.name, { isolation, ...options(guest.name) });
  } catch (error) {
    if (!isPluginError(error)) throw error;
    return { start: { code: error.code, message: error.message } };
  }
  ended.start = "ok";
  ended.tool = (await instance.callTool("run", { a: 1 })).error ?? "ok";
  if (instance.state === "running") {
    ended.ingress = (await instance.deliverIngress("room", event())).error ?? "ok";
  }
  if (instance.state === "running") {
    const { state, lastError } = await instance.refreshStatus();
    ended.status = state === "failed" && lastError !== undefined ? lastError : "ok";
  }
  const isFailed = instance.state === "failed";
  if (isFailed) {
    // A guest that failed is not entered again.
    const after = await instance.deliverIngress("room", event());
    expect(after.error?.code).toMatch(/^(?:ingress\/unavailable|instance\/failed)$/u);
    expect(after.attempts).toBe(0);
  }
  await instance.stop();
  const { state, lastError } = instance.status();
  if (!isFailed) {
    expect(state).toMatch(/^(?:stopped|failed)$/u);
    ended.stop = state === "failed" && lastError !== undefined ? lastError : "ok";
  }
  expect((await instance.callTool("run", {})).isError).toBe(true);
  return ended;
}

const living = instanceGuests.filter(
  ({ name }) => name !== "instance-without-stop" && name !== "instance-calls-host",
);

const isolations = ["worker", "inline"] as const;

describe("[instance/hostile] a guest of the instance world", () => {
  const neighbours = new Map<string, PluginInstance>();
  beforeAll(async () => {
    for (const isolation of isolations) {
      neighbours.set(isolation, await livingInstance("instance-counter", { isolation }));
    }
  });
  afterAll(() => Promise.all([...neighbours.values()].map((neighbour) => neighbour.stop())));
  let heard = 0;

  // Both isolations in one test: the guest is prepared once.
  it.each(living.map((guest) => [guest.name, guest] as const))(
    "%s fails where it must and nowhere else, and its neighbour goes on",
    async (_, guest) => {
      heard += 1;
      for (const isolation of isolations) {
        const ended = await lifeOf(guest, isolation);
        for (const [step, ending] of Object.entries(ended)) {
          const expected =
            "code" in guest.expects && step === guest.step ? guest.expects.code : "ok";
          expect({ [step]: ending === "ok" ? "ok" : ending.code }).toEqual({ [step]: expected });
          if (ending !== "ok") expectInert(ending.message);
        }
        if ("code" in guest.expects) expect(ended).toHaveProperty(guest.step ?? "");
        const next = await neighbours.get(isolation)?.deliverIngress("room", event());
        expect(next).toMatchObject({ accepted: true, output: { count: heard } });
      }
      expect(globalThis).not.toHaveProperty("yoiPwned");
    },
  );
});

describe.each(isolations)("[instance/hostile] in the isolation %s", (isolation) => {
  it("a guest that fails late has done its work before, and has a clean start after a restart", async () => {
    await using instance = await livingInstance("instance-trap-on-third-event", {
      isolation,
      ...patient,
      ingress: { maxAttempts: 1 },
      restart: { when: "on-failure", initialDelayMs: 1 },
    });
    for (const round of [1, 2]) {
      const running = announced(instance, "state", ({ to }: { to: string }) => to === "running");
      const reports = await Promise.all(
        [1, 2, 3].map(() => instance.deliverIngress("room", event())),
      );
      expect(reports.map(outcome)).toEqual([1, 2, "runtime/trap"]);
      await running;
      expect(instance.status().restarts.count).toBe(round);
    }
  });

  it("a guest that loops late is stopped in time, and events behind it are not lost unreported", async () => {
    await using instance = await livingInstance("instance-loop-on-third-event", {
      isolation,
      ...quick,
    });
    const reports = await Promise.all(
      [1, 2, 3, 4, 5].map(() => instance.deliverIngress("room", event())),
    );
    expect(reports.map(outcome).slice(0, 3)).toEqual([1, 2, "runtime/timeout"]);
    for (const report of reports.slice(3)) expect(report.error).toBeDefined();
    expect(reports[2]?.durationMs).toBeLessThan(5_000);
  });

  it("a guest that leaks has its memory and no more, then fails by its own trap", async () => {
    await using instance = await livingInstance("instance-leak", { isolation, ...patient });
    let taken = 0;
    let last: IngressReport;
    do {
      last = await instance.deliverIngress("room", event());
      if (last.accepted) taken += 1;
    } while (last.accepted);
    expect(last.error?.code).toBe("runtime/trap");
    // 24 of 1,024 pages from the start, then 16 with every event.
    expect(taken).toBe(62);
    expect(instance.state).toBe("failed");
  });

  it("a guest that always asks for another attempt gets three, and its event is a dead letter", async () => {
    await using instance = await livingInstance("instance-ingress-retryable", {
      isolation,
      ...patient,
    });
    const letters: DeadLetter[] = [];
    instance.on("deadLetter", (letter) => letters.push(letter));
    const report = await instance.deliverIngress("room", { ...event(), correlation_id: "again" });
    expect(report).toMatchObject({
      accepted: false,
      attempts: 3,
      error: { code: "guest/failed" },
    });
    expect(letters.map(({ event: { correlation_id: id } }) => id)).toEqual(["again"]);
    expect(instance.state).toBe("running");
  });

  it("a guest that takes an event at the third attempt has taken it", async () => {
    await using instance = await livingInstance("instance-third-time-lucky", {
      isolation,
      ...patient,
    });
    const report = await instance.deliverIngress("room", event());
    expect(report).toMatchObject({ accepted: true, attempts: 3, output: { attempt: 3 } });
  });
});

function outcome({ output, error }: IngressReport): unknown {
  return error?.code ?? (output as { count?: number } | undefined)?.count;
}

it("[instance/hostile] a guest without one of the world's exports is refused before it runs", async () => {
  await expect(livingInstance("instance-without-stop")).rejects.toMatchObject({
    code: "artifact/missing-export",
    message: expect.stringContaining("stop"),
  });
});

describe("[instance/hostile] a guest whose host would call it again meanwhile", () => {
  it.each(["tool", "event"] as const)(
    "is not entered twice: a %s within its call waits for its turn, until the call's time is up",
    async (inner) => {
      const manifest = `${instanceManifest()}\n[[permissions]]\nkind = "host_api"\napi = "fs"\n`;
      const pkg = await loadPackage({
        "plugin.toml": manifest,
        "guest.wasm": await guestBytes("instance-calls-host"),
      });
      let again: Promise<unknown> | undefined;
      const instance: PluginInstance = await createInstance(pkg, {
        grants: grantRequested(pkg, { fs: [{ root: "/nowhere", operations: ["read"] }] }),
        hostApis: [
          fsApi(async () => {
            // A host that waits for its own guest: a mistake, but not one to hang for.
            again ??=
              inner === "tool"
                ? instance.callTool("run", {})
                : instance.deliverIngress("room", event());
            await again;
          }),
        ],
        ...quick,
      });
      const outer = await instance.callTool("run", {});
      expect(outer.error?.code).toBe("runtime/timeout");
      expect(outer.durationMs).toBeLessThan(5_000);
      expect(await again).toMatchObject({ error: { code: expect.stringMatching(/\//u) } });
      expect(instance.state).toBe("failed");
      await instance.stop();
    },
  );
});

/** A host's own `fs` API, which does something before it answers. */
function fsApi(does: () => Promise<void>): HostApi {
  const answer = async () => {
    await does();
    return "{}";
  };
  return {
    name: "fs",
    interface: "yoi:host/fs@1.0.0",
    open: () => ({
      functions: new Map(["read", "list", "write"].map((name) => [name, answer])),
      [Symbol.asyncDispose]: async () => {},
    }),
  };
}
