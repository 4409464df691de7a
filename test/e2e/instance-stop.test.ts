import { afterEach, describe, expect, it } from "vitest";
import {
  createInstance,
  type DeadLetter,
  type GrantPolicy,
  grantRequested,
  type IngressDriver,
  type InstanceState,
  type PluginInstance,
  PluginInstanceRegistry,
} from "yoi-plugin-sdk";
import type { InstanceSteps } from "../../fixtures/guests/instance-guest.ts";
import { guestPackage } from "./guest-package.ts";
import { announced, event, livingInstance, livingPackage } from "./instance-package.ts";

const open: PluginInstance[] = [];
async function living(...args: Parameters<typeof livingInstance>): Promise<PluginInstance> {
  const instance = await livingInstance(...args);
  open.push(instance);
  return instance;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((instance) => instance.stop()));
});

/** Some 100 million instructions: long enough to be met at work, short enough to wait for. */
const work = `(local.set $index (i32.const 30000000))
      (loop $work (br_if $work (local.tee $index (i32.sub (local.get $index) (i32.const 1)))))`;

const slow: InstanceSteps = {
  tool: { does: work, answers: ['{"summary":"done"}'] },
  ingress: { does: work, answers: ['{"accepted":true}'] },
  stop: ['{"state":"stopped","data":', { number: "calls" }, "}"],
};

describe("[instance/stop] stopping", () => {
  it("lets what runs finish, then tells the guest, and settles what waits", async () => {
    const instance = await living(slow);
    const running = instance.callTool("run", {});
    const waiting = [instance.callTool("run", {}), instance.callTool("run", {})];
    const letters: DeadLetter[] = [];
    instance.on("deadLetter", (letter) => letters.push(letter));
    const events = [1, 2, 3].map((payload) => instance.deliverIngress("room", event(payload)));
    await new Promise(setImmediate);
    await instance.stop();
    expect(await running).toMatchObject({ isError: false, summary: "done" });
    for (const call of waiting) expect((await call).error?.code).toBe("instance/stopped");
    for (const report of await Promise.all(events)) {
      expect(report.error?.code).toBe("instance/stopped");
    }
    expect(letters.map((letter) => letter.event.payload).sort()).toEqual([1, 2, 3]);
    expect(instance.status()).toMatchObject({
      state: "stopped",
      component: { state: "stopped", data: 1 },
      ingress: { depth: 0 },
    });
  });

  it("lets an event that the guest has finish as well", async () => {
    const instance = await living(slow);
    const first = instance.deliverIngress("room", event());
    const second = instance.deliverIngress("room", event());
    await new Promise(setImmediate);
    await instance.stop();
    expect(await first).toMatchObject({ accepted: true });
    expect(await second).toMatchObject({ attempts: 0, error: { code: "instance/stopped" } });
  });

  it("[stop/loop] cuts off what does not finish within startTimeoutMs", async () => {
    const instance = await living("instance-tool-loop", {
      limits: { startTimeoutMs: 1_000, timeoutMs: 60_000 },
    });
    const running = instance.callTool("run", {});
    await new Promise(setImmediate);
    const beganAt = performance.now();
    await instance.stop();
    expect(performance.now() - beganAt).toBeLessThan(10_000);
    expect((await running).error?.code).toBe("instance/stopped");
    expect(instance.state).toBe("stopped");
  });

  it("twice is once", async () => {
    const states: InstanceState[] = [];
    const instance = await living("instance-counter");
    instance.on("state", ({ to }) => states.push(to));
    const first = instance.stop();
    expect(instance.stop()).toBe(first);
    await first;
    await instance[Symbol.asyncDispose]();
    expect(states).toEqual(["stopping", "stopped"]);
    expect((await instance.callTool("run", {})).error?.code).toBe("instance/stopped");
    expect((await instance.deliverIngress("room", event())).error?.code).toBe("instance/stopped");
  });

  it.each<[string, string, string]>([
    ["an error", "instance-stop-error", "guest/failed"],
    ["the state failed", "instance-stop-failed", "guest/failed"],
    ["rubbish", "instance-stop-rubbish", "output/malformed"],
    ["a trap", "instance-stop-trap", "runtime/trap"],
  ])(
    "a guest that answers with %s leaves the instance failed, and is gone all the same",
    async (_name, guest, code) => {
      const instance = await living(guest);
      await instance.stop();
      expect(instance.status()).toMatchObject({ state: "failed", lastError: { code } });
      expect((await instance.callTool("run", {})).error?.code).toBe("instance/failed");
    },
  );

  it("[stop/loop] a guest that never stops is stopped at startTimeoutMs", async () => {
    const instance = await living("instance-stop-loop", { limits: { startTimeoutMs: 1_000 } });
    await instance.stop();
    expect(instance.status()).toMatchObject({
      state: "failed",
      lastError: { code: "runtime/timeout" },
    });
  });

  it("from a listener of one of its own events does not hang", async () => {
    const instance = await living("instance-counter");
    let stopped: Promise<void> | undefined;
    instance.on("call", () => {
      stopped = instance.stop();
    });
    await instance.callTool("run", {});
    await stopped;
    expect(instance.state).toBe("stopped");
  });
});

describe("[instance/stop] a person who is asked for a grant and does not answer", () => {
  /** Allows everything but executions, about which nobody ever answers. */
  const asking = (asked: () => void): GrantPolicy => ({
    decide({ at }) {
      if (at !== "execution") return { allowed: true };
      asked();
      return new Promise(() => {});
    },
  });

  it.each(["tool world", "instance world"] as const)(
    "keeps neither a stop nor a caller of the %s waiting",
    async (world) => {
      const pkg =
        world === "tool world" ? await guestPackage("echo") : await livingPackage("instance-echo");
      let isAsked = () => {};
      const asked = new Promise<void>((resolve) => {
        isAsked = resolve;
      });
      const instance = await createInstance(pkg, {
        grants: asking(() => isAsked()),
        limits: { startTimeoutMs: 1_000 },
      });
      open.push(instance);
      const giveUp = new AbortController();
      const given = instance.callTool("run", {}, { signal: giveUp.signal });
      await asked;
      giveUp.abort();
      expect((await given).error?.code).toBe("runtime/aborted");
      const stopped = instance.callTool("run", {});
      await instance.stop();
      expect((await stopped).error?.code).toBe("instance/stopped");
    },
  );
});

describe("[instance/dispose-starting] while the guest starts", () => {
  it("a stop through the registry gives the start up, and the opening rejects", async () => {
    await using registry = new PluginInstanceRegistry();
    const pkg = await livingPackage("instance-start-loop");
    const states: InstanceState[] = [];
    let isStarting = () => {};
    const started = new Promise<void>((resolve) => {
      isStarting = resolve;
    });
    const opening = registry.open(pkg, {
      grants: grantRequested(pkg),
      onEvent(seen) {
        if (seen.type === "state") states.push(seen.to);
        isStarting();
      },
    });
    const outcome = opening.catch((error: unknown) => error);
    await started;
    expect(registry.get(pkg.identity.ref)).toBeUndefined();
    expect(await registry.stop(pkg.identity.ref)).toBe(true);
    expect(await outcome).toMatchObject({ code: "runtime/aborted" });
    expect(states).toEqual(["starting", "failed", "stopping", "stopped"]);
  });

  it("a driver that never opens does not keep the instance from coming up, nor from stopping", async () => {
    const driver: IngressDriver = {
      name: "stuck",
      serves: () => true,
      open: () => new Promise(() => {}),
    };
    const instance = await living(
      "instance-counter",
      { drivers: [driver], limits: { startTimeoutMs: 1_000 } },
      { ingress: ["stuck:1"] },
    );
    expect(instance.status()).toMatchObject({
      state: "running",
      sources: [],
      diagnostics: [{ code: "ingress/unavailable", phase: "lifecycle" }],
    });
  });

  it("a queue that can't be opened rejects the creation", async () => {
    const states: InstanceState[] = [];
    const queue = {
      open: () => {
        throw new Error("no Redis");
      },
    };
    const opening = living("instance-counter", {
      ingress: { queue },
      onEvent: (seen) => seen.type === "state" && states.push(seen.to),
    });
    await expect(opening).rejects.toMatchObject({
      code: "ingress/unavailable",
      cause: expect.objectContaining({ message: "no Redis" }),
    });
    expect(states).toEqual(["starting", "running", "stopping", "stopped"]);
  });
});

describe("[instance/stop-order] a stop", () => {
  it("ends the sources first, while the guest still runs, and the guest hears of it last", async () => {
    const order: string[] = [];
    const driver: IngressDriver = {
      name: "own",
      serves: (source) => source.startsWith("own:"),
      open: ({ signal, deliver }) => {
        signal.addEventListener("abort", () => order.push("signal"));
        return {
          status: () => ({
            driver: "own",
            ingress: "room",
            source: "own:1",
            state: "connected",
            received: 0,
            sent: 0,
            dropped: 0,
            sendFailures: 0,
            reconnects: 0,
          }),
          async [Symbol.asyncDispose]() {
            const { error } = await deliver({ kind: "late" });
            order.push(`disposed, and a late event got ${error?.code}`);
          },
        };
      },
    };
    const instance = await living(
      "instance-counter",
      { drivers: [driver] },
      { ingress: ["own:1"] },
    );
    expect(instance.status().sources).toMatchObject([{ driver: "own", state: "connected" }]);
    instance.on("state", ({ to }) => order.push(to));
    await instance.stop();
    expect(order).toEqual([
      "stopping",
      "signal",
      "disposed, and a late event got instance/stopped",
      "stopped",
    ]);
  });

  it("of a whole host ends all instances at once", async () => {
    const registry = new PluginInstanceRegistry();
    const packages = await Promise.all(
      ["a", "b", "c"].map((id) => livingPackage("instance-counter", { id: `test.${id}` })),
    );
    const instances = await Promise.all(
      packages.map((pkg) => registry.open(pkg, { grants: grantRequested(pkg) })),
    );
    const stopped = instances.map((instance) =>
      announced(instance, "state", ({ to }: { readonly to: string }) => to === "stopped"),
    );
    await registry[Symbol.asyncDispose]();
    await Promise.all(stopped);
    expect(registry.status()).toEqual([]);
    const [pkg] = packages;
    await expect(registry.open(pkg as never)).rejects.toMatchObject({ code: "registry/disposed" });
  });
});

it("[instance/no-leak] instances come and go without leaving listeners on the caller's signal", async () => {
  const pkg = await livingPackage("instance-counter");
  const { signal } = new AbortController();
  let listeners = 0;
  const counted = new Proxy(signal, {
    get(target, key) {
      if (key === "addEventListener") {
        return (...args: Parameters<AbortSignal["addEventListener"]>) => {
          listeners += 1;
          target.addEventListener(...args);
        };
      }
      if (key === "removeEventListener") {
        return (...args: Parameters<AbortSignal["removeEventListener"]>) => {
          listeners -= 1;
          target.removeEventListener(...args);
        };
      }
      return Reflect.get(target, key, target) as unknown;
    },
  });
  for (let round = 0; round < 5; round += 1) {
    await using instance = await createInstance(pkg, {
      grants: grantRequested(pkg),
      signal: counted,
      isolation: "inline",
    });
    await instance.callTool("run", {}, { signal: counted });
    await instance.deliverIngress("room", event(), { signal: counted });
  }
  expect(listeners).toBe(0);
});
