import { describe, expect, test } from "vitest";
import type {
  InstanceEvents,
  InstanceState,
  InstanceStatus,
  PluginInstance,
} from "../../src/instance/instance.types.ts";
import type { PluginPackage } from "../../src/package/package.types.ts";
import { InstanceRegistry } from "../../src/registry/instance-registry.ts";

interface Options {
  readonly signal?: AbortSignal;
  readonly name?: string;
}

function packageOf(id: string, digest = "0"): PluginPackage {
  const identity = {
    ref: `project:${id}`,
    source: "project",
    id,
    version: "1",
    digest: `sha256:${digest}`,
  } as const;
  return { identity, digest: identity.digest } as PluginPackage;
}

/** An instance whose state the test moves, and that is stopped at once. */
function instanceOf(pkg: PluginPackage) {
  let state: InstanceState = "running";
  let nextAt: string | undefined;
  let stops = 0;
  const listeners = new Set<(event: InstanceEvents["state"]) => void>();
  const move = (to: InstanceState, restartAt?: string) => {
    const from = state;
    state = to;
    nextAt = restartAt;
    for (const listener of listeners) listener({ from, to });
  };
  const stop = async () => {
    stops += 1;
    if (state !== "stopped") move("stopped");
  };
  const instance = {
    identity: pkg.identity,
    get state() {
      return state;
    },
    status: () =>
      ({
        plugin: pkg.identity,
        state,
        restarts: nextAt === undefined ? {} : { nextAt },
      }) as InstanceStatus,
    stop,
    on(_name: string, listener: (event: InstanceEvents["state"]) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    [Symbol.asyncDispose]: stop,
  } as unknown as PluginInstance;
  return {
    instance,
    move,
    get stops() {
      return stops;
    },
  };
}

/** A registry whose openings the test settles. */
function registryOf() {
  const openings: {
    readonly pkg: PluginPackage;
    readonly signal: AbortSignal;
    readonly options: Options;
    readonly succeed: () => ReturnType<typeof instanceOf>;
    readonly fail: (error: unknown) => void;
  }[] = [];
  const registry = new InstanceRegistry<Options>(
    (pkg, options) =>
      new Promise((resolve, reject) => {
        options.signal.addEventListener("abort", () => reject(new Error("given up")));
        openings.push({
          pkg,
          signal: options.signal,
          options,
          succeed() {
            const made = instanceOf(pkg);
            resolve(made.instance);
            return made;
          },
          fail: reject,
        });
      }),
  );
  const last = () => {
    const opening = openings.at(-1);
    if (opening === undefined) throw new Error("nothing was opened");
    return opening;
  };
  return { registry, openings, last };
}

describe("[registry/instances] a registry of instances", () => {
  test("opens a plugin once, however many ask and whenever", async () => {
    const { registry, openings, last } = registryOf();
    const pkg = packageOf("a");
    const first = registry.open(pkg, { name: "first" });
    const second = registry.open(packageOf("a"));
    const { instance } = last().succeed();
    expect(await first).toBe(instance);
    expect(await second).toBe(instance);
    expect(await registry.open(pkg)).toBe(instance);
    expect(openings).toHaveLength(1);
    expect(last().options.name).toBe("first");
    expect(registry.get("project:a")).toBe(instance);
  });

  test("refuses another digest while one is open, or on its way", async () => {
    const { registry, last } = registryOf();
    const opening = registry.open(packageOf("a", "1"));
    const refused = { code: "registry/other-digest", plugin: "project:a" };
    await expect(registry.open(packageOf("a", "2"))).rejects.toMatchObject(refused);
    last().succeed();
    await opening;
    await expect(registry.open(packageOf("a", "2"))).rejects.toMatchObject(refused);
    await registry.stop("project:a");
    const other = registry.open(packageOf("a", "2"));
    const { instance } = last().succeed();
    expect(await other).toBe(instance);
  });

  test("a failure to open is everybody's who waited, and leaves room", async () => {
    const { registry, openings, last } = registryOf();
    const waiting = [registry.open(packageOf("a")), registry.open(packageOf("a"))];
    last().fail(new Error("no"));
    for (const result of await Promise.allSettled(waiting)) {
      expect(result).toMatchObject({ status: "rejected", reason: { message: "no" } });
    }
    expect(registry.get("project:a")).toBeUndefined();
    const again = registry.open(packageOf("a"));
    last().succeed();
    await again;
    expect(openings).toHaveLength(2);
  });

  test.each(["stopped", "stopping", "failed"] as const)(
    "one that is %s makes room for another, after it was stopped in order",
    async (state) => {
      const { registry, openings, last } = registryOf();
      const opening = registry.open(packageOf("a"));
      const made = last().succeed();
      await opening;
      made.move(state);
      const [again, meanwhile] = [
        registry.open(packageOf("a", "2")),
        registry.open(packageOf("a", "2")),
      ];
      await Promise.resolve();
      await new Promise(setImmediate);
      expect(made.instance.state).toBe("stopped");
      const next = last().succeed();
      expect(await again).toBe(next.instance);
      expect(await meanwhile).toBe(next.instance);
      expect(openings).toHaveLength(2);
    },
  );

  test.each(["0", "2"])(
    "one that is being stopped is given to nobody (digest %s)",
    async (digest) => {
      const { registry, last } = registryOf();
      const opening = registry.open(packageOf("a"));
      const made = last().succeed();
      await opening;
      const stopping = registry.stop("project:a");
      const again = registry.open(packageOf("a", digest));
      expect(await stopping).toBe(true);
      await new Promise(setImmediate);
      const next = last().succeed();
      expect(await again).toBe(next.instance);
      expect([made.instance.state, registry.get("project:a")]).toEqual(["stopped", next.instance]);
    },
  );

  test("one that failed and will be started again is open", async () => {
    const { registry, last } = registryOf();
    const opening = registry.open(packageOf("a"));
    const made = last().succeed();
    await opening;
    made.move("failed", "2026-01-01T00:00:00.000Z");
    expect(await registry.open(packageOf("a"))).toBe(made.instance);
    expect(registry.get("project:a")).toBe(made.instance);
  });

  test("one that its host stopped itself is forgotten", async () => {
    const { registry, last } = registryOf();
    const opening = registry.open(packageOf("a"));
    const { instance } = last().succeed();
    await opening;
    await instance.stop();
    expect(registry.get("project:a")).toBeUndefined();
    expect(registry.status()).toEqual([]);
    expect(await registry.stop("project:a")).toBe(false);
  });

  test("tells how all stand, by reference, those that failed among them", async () => {
    const { registry, last } = registryOf();
    for (const id of ["b", "a"]) {
      const opening = registry.open(packageOf(id));
      const made = last().succeed();
      await opening;
      if (id === "b") made.move("failed");
    }
    void registry.open(packageOf("c")).catch(() => undefined);
    const states = registry.status().map(({ plugin, state }) => `${plugin.ref} ${state}`);
    expect(states).toEqual(["project:a running", "project:b failed"]);
    await registry.stopAll();
  });
});

describe("[registry/give-up] giving up an opening", () => {
  test("by one of two who wait leaves it to the other", async () => {
    const { registry, last } = registryOf();
    const giveUp = new AbortController();
    const first = registry.open(packageOf("a"), { signal: giveUp.signal });
    const second = registry.open(packageOf("a"));
    giveUp.abort();
    await expect(first).rejects.toMatchObject({ code: "runtime/aborted" });
    expect(last().signal.aborted).toBe(false);
    const { instance } = last().succeed();
    expect(await second).toBe(instance);
  });

  test("by all who wait ends it, and leaves room", async () => {
    const { registry, openings, last } = registryOf();
    const giveUp = new AbortController();
    const opening = registry.open(packageOf("a"), { signal: giveUp.signal });
    giveUp.abort();
    await expect(opening).rejects.toMatchObject({ code: "runtime/aborted" });
    expect(last().signal.aborted).toBe(true);
    // Whoever comes now is not to pay for it, though its end may still be on its way.
    const again = registry.open(packageOf("a"));
    await new Promise(setImmediate);
    last().succeed();
    await again;
    expect(openings).toHaveLength(2);
  });

  test("before it began opens nothing", async () => {
    const { registry, openings } = registryOf();
    const signal = AbortSignal.abort();
    await expect(registry.open(packageOf("a"), { signal })).rejects.toMatchObject({
      code: "runtime/aborted",
    });
    expect(openings).toEqual([]);
  });

  test("by a stop rejects those who wait", async () => {
    const { registry, last } = registryOf();
    const opening = registry.open(packageOf("a"));
    const outcome = opening.catch((error: Error) => error.message);
    expect(await registry.stop("project:a")).toBe(true);
    expect(last().signal.aborted).toBe(true);
    expect(await outcome).toBe("given up");
  });

  test("too late for an instance that came all the same stops it", async () => {
    const made: ReturnType<typeof instanceOf>[] = [];
    const registry = new InstanceRegistry<Options>(async (pkg) => {
      await new Promise(setImmediate);
      const late = instanceOf(pkg);
      made.push(late);
      return late.instance;
    });
    const giveUp = new AbortController();
    const opening = registry.open(packageOf("a"), { signal: giveUp.signal });
    giveUp.abort();
    await expect(opening).rejects.toMatchObject({ code: "runtime/aborted" });
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(made.map(({ stops }) => stops)).toEqual([1]);
    expect(registry.get("project:a")).toBeUndefined();
  });
});

test("[registry/dispose] disposing stops all, ends what is on its way, and refuses what comes later", async () => {
  const { registry, last } = registryOf();
  const opening = registry.open(packageOf("a"));
  const made = last().succeed();
  await opening;
  const outcome = registry.open(packageOf("b")).catch((error: Error) => error.message);
  await registry[Symbol.asyncDispose]();
  expect(made.stops).toBe(1);
  expect(await outcome).toBe("given up");
  await expect(registry.open(packageOf("c"))).rejects.toMatchObject({ code: "registry/disposed" });
});
