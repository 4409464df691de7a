import { afterEach, describe, expect, it } from "vitest";
import {
  createInstance,
  type GuestInstance,
  grantRequested,
  type IngressQueue,
  type IngressQueueSession,
  memoryIngressQueue,
  type PluginInstance,
  type RuntimeBackend,
} from "yoi-plugin-sdk";
import { event, livingPackage } from "./instance-package.ts";

const open: PluginInstance[] = [];
async function livingWith(options: Parameters<typeof createInstance>[1]): Promise<PluginInstance> {
  const pkg = await livingPackage("instance-world");
  const instance = await createInstance(pkg, { grants: grantRequested(pkg), ...options });
  open.push(instance);
  return instance;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((instance) => instance.stop()));
});

type Answer = (exportName: string, args: readonly string[]) => string | Promise<string>;

/** A backend of a host's own, whose guests answer as a function says. */
function backendOf(answer: Answer, odd: Partial<GuestInstance> = {}) {
  const calls: string[] = [];
  let closed = 0;
  const backend: RuntimeBackend = {
    name: "own",
    supports: () => true,
    async prepare() {
      return {
        async instantiate({ lifetime }) {
          calls.push(lifetime);
          const guest: GuestInstance = {
            isAlive: true,
            async call(exportName, args) {
              calls.push(exportName);
              return { output: await answer(exportName, args), usage: {} };
            },
            async close() {
              closed += 1;
            },
          };
          return Object.defineProperties(guest, Object.getOwnPropertyDescriptors(odd));
        },
      };
    },
  };
  return {
    backend,
    calls,
    get closed() {
      return closed;
    },
  };
}

const good: Answer = (exportName) =>
  exportName === "handle-tool" ? '{"summary":"fine"}' : '{"state":"running"}';

describe("[backend/living] a host's own backend", () => {
  it("runs guests that live on: one guest, started, called and stopped in this order", async () => {
    const own = backendOf(good);
    const instance = await livingWith({ backends: [own.backend] });
    expect((await instance.callTool("run", {})).summary).toBe("fine");
    await instance.deliverIngress("room", event());
    await instance.refreshStatus();
    await instance.stop();
    expect(own.calls).toEqual([
      "instance",
      "start",
      "handle-tool",
      "handle-ingress",
      "status",
      "stop",
    ]);
    expect(own.closed).toBe(1);
  });

  it("that throws something of its own fails the instance, and its text stays where it is", async () => {
    const own = backendOf((exportName, args) => {
      if (exportName === "handle-tool") throw new Error("secret=/home/me");
      return good(exportName, args);
    });
    const instance = await livingWith({ backends: [own.backend] });
    const result = await instance.callTool("run", {});
    expect(result.error?.code).toBe("instance/failed");
    expect(JSON.stringify([result, instance.status()])).not.toContain("secret");
    expect(instance.state).toBe("failed");
    expect(own.closed).toBe(1);
  });

  it.each<[string, Answer, Partial<GuestInstance>]>([
    ["throws from a start", () => Promise.reject(new Error("secret")), {}],
    ["can't close a guest", good, { close: () => Promise.reject(new Error("secret")) }],
    ["never closes a guest", good, { close: () => new Promise(() => {}) }],
  ])("that %s leaves no rejection behind, and nobody waiting", async (_name, answer, odd) => {
    const { backend } = backendOf(answer, odd);
    const made = await livingWith({ backends: [backend], limits: { startTimeoutMs: 200 } }).catch(
      (error: unknown) => error,
    );
    if (made instanceof Error) expect(made).toMatchObject({ code: "instance/failed" });
    else await (made as PluginInstance).stop();
  });

  it("whose guest ends between two calls fails nobody's event: it goes to the next guest", async () => {
    let isAlive = true;
    let starts = 0;
    const own = backendOf(
      (exportName, args) => {
        if (exportName === "start") {
          starts += 1;
          isAlive = true;
        }
        return good(exportName, args);
      },
      {
        get isAlive() {
          return isAlive;
        },
      },
    );
    const instance = await livingWith({
      backends: [own.backend],
      restart: { when: "on-failure", initialDelayMs: 1 },
      ingress: { retryDelayMs: 1 },
    });
    isAlive = false;
    const report = await instance.deliverIngress("room", event());
    expect(report).toMatchObject({ accepted: true, attempts: 2 });
    expect(starts).toBe(2);
    expect(instance.status().restarts.lastError?.code).toBe("runtime/lost");
  });

  it("whose guest is being started again takes no calls meanwhile, says so, and can be stopped", async () => {
    let starts = 0;
    const own = backendOf((exportName, args) => {
      if (exportName === "start") {
        starts += 1;
        if (starts === 2) return new Promise(() => {});
      }
      if (exportName === "handle-tool") throw new Error("falls");
      return good(exportName, args);
    });
    const instance = await livingWith({
      backends: [own.backend],
      restart: { when: "on-failure", initialDelayMs: 1 },
      limits: { startTimeoutMs: 500 },
    });
    await instance.callTool("run", {});
    while (starts < 2) await new Promise(setImmediate);
    expect((await instance.callTool("run", {})).error?.code).toBe("instance/starting");
    const waiting = instance.deliverIngress("room", event());
    // The backend does not keep its deadlines either; it is not waited for in vain.
    await instance.stop();
    expect(instance.status()).toMatchObject({
      state: "failed",
      lastError: { code: "runtime/timeout" },
    });
    expect((await waiting).error?.code).toBe("instance/stopped");
  });

  it("that never answers a stop is closed all the same", async () => {
    const own = backendOf((exportName, args) =>
      exportName === "stop" ? new Promise(() => {}) : good(exportName, args),
    );
    const instance = await livingWith({ backends: [own.backend], limits: { startTimeoutMs: 100 } });
    await instance.stop();
    expect(instance.status()).toMatchObject({
      state: "failed",
      lastError: { code: "runtime/timeout" },
    });
    expect(own.closed).toBe(1);
  });

  it("is never entered twice at once, whatever its guest's answers make the host do", async () => {
    let inside = 0;
    let deepest = 0;
    let instance: PluginInstance | undefined;
    const later: Promise<unknown>[] = [];
    const own = backendOf(async (exportName, args) => {
      inside += 1;
      deepest = Math.max(deepest, inside);
      // As a host API would that calls back into its own plugin.
      if (exportName === "handle-tool" && later.length < 5 && instance !== undefined) {
        later.push(instance.callTool("run", {}), instance.deliverIngress("room", event()));
        later.push(instance.refreshStatus());
      }
      await new Promise(setImmediate);
      inside -= 1;
      return good(exportName, args);
    });
    instance = await livingWith({ backends: [own.backend] });
    await instance.callTool("run", {});
    await instance.stop();
    await Promise.all(later);
    expect(later.length).toBeGreaterThan(2);
    expect([deepest, inside]).toEqual([1, 0]);
  });
});

describe("[queue/own] a host's own queue", () => {
  /** The memory queue with one thing done differently. */
  function queueOf(odd: Partial<IngressQueueSession>): IngressQueue {
    return {
      open: async (consumer) => {
        const session = await memoryIngressQueue().open(consumer);
        return {
          get depth() {
            return session.depth;
          },
          get counters() {
            return session.counters;
          },
          deliver: (...args) => session.deliver(...args),
          close: (...args) => session.close(...args),
          ...odd,
        };
      },
    };
  }
  const rude = () => {
    throw new Error("secret");
  };

  it("takes the place of the memory's", async () => {
    let delivered = 0;
    const queue = queueOf({});
    const counting: IngressQueue = {
      open: async (consumer) => {
        expect(consumer).toMatchObject({ capacity: 7, maxAttempts: 2 });
        expect(consumer.retryDelayMs(1)).toBeLessThanOrEqual(10);
        const session = await queue.open(consumer);
        return {
          ...session,
          deliver(...args) {
            delivered += 1;
            return session.deliver(...args);
          },
        };
      },
    };
    const ingress = { queue: counting, capacity: 7, maxAttempts: 2, retryDelayMs: 10 };
    const instance = await livingWith({ ingress });
    expect(await instance.deliverIngress("room", event())).toMatchObject({ accepted: true });
    expect(delivered).toBe(1);
  });

  it("that rejects against its contract gives a report", async () => {
    const instance = await livingWith({ ingress: { queue: queueOf({ deliver: rude }) } });
    const report = await instance.deliverIngress("room", event());
    expect(report.error).toMatchObject({ code: "ingress/unavailable", isRetryable: true });
    expect(JSON.stringify(report)).not.toContain("secret");
  });

  it("that opens after the creation was given up keeps nobody waiting, and is closed", async () => {
    const giveUp = new AbortController();
    let openAtLast = () => {};
    let isClosed = () => {};
    const closed = new Promise<void>((resolve) => {
      isClosed = resolve;
    });
    const slow: IngressQueue = {
      open: async (consumer) => {
        giveUp.abort();
        await new Promise<void>((resolve) => {
          openAtLast = resolve;
        });
        return queueOf({ close: async () => isClosed() }).open(consumer);
      },
    };
    const creation = livingWith({ ingress: { queue: slow }, signal: giveUp.signal });
    await expect(creation).rejects.toMatchObject({ code: "runtime/aborted" });
    openAtLast();
    await closed;
  });

  it.each<[string, IngressQueueSession["close"]]>([
    ["throws", rude],
    ["never ends", () => new Promise(() => {})],
  ])("that %s when it is closed does not keep the instance from stopping", async (_name, close) => {
    const instance = await livingWith({
      ingress: { queue: queueOf({ close }) },
      limits: { startTimeoutMs: 1_000, timeoutMs: 100 },
    });
    await instance.stop();
    expect(instance.state).toBe("stopped");
  });
});
