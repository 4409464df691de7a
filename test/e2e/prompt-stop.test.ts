import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import type { InstanceOptions, PluginInstance } from "yoi-plugin-sdk";
import { meterLimits } from "../../src/limits.ts";
import { guestInstance } from "./guest-package.ts";
import { loopGuest, loopShapes, mixedGuests, type ShapedGuest } from "./loop-shapes.ts";
import { rawInstance } from "./raw-package.ts";

/** Where the canonical ABI calls a guest besides: the shapes themselves are in `loop-shapes`. */
const places = ["loop-in-start", "loop-in-realloc", "loop-in-post-return"] as const;

const timeoutMs = 200;
// Time is to end them, never a raw guest's fuel.
const limits = { timeoutMs, fuel: Number.MAX_SAFE_INTEGER };

/** What one call of the echo guest costs. Counted on Node 20; every engine has to agree. */
const echoFuel = 679;
const lateness: { readonly guest: string; readonly ms: number }[] = [];

// The first call of a process waits for code that is only then loaded and compiled.
beforeAll(async () => {
  for (const isolation of ["worker", "inline"] as const) {
    await using instance = await guestInstance("echo", { isolation });
    await instance.callTool("run", {});
  }
});

// How late is measured and shown, not judged: machines differ. What is judged is that the guest's own
// metered code ended it, so that its worker lives on; terminating it is the rung after that.
afterAll(() => {
  const [worst] = lateness.toSorted((left, right) => right.ms - left.ms);
  const middle = lateness.map(({ ms }) => ms).toSorted((left, right) => left - right);
  const median = middle[Math.floor(middle.length / 2)]?.toFixed(1);
  console.info(
    `From limit to settled call, Node ${process.versions.node}: median ${median} ms, ` +
      `most ${worst?.ms.toFixed(1)} ms (${worst?.guest}), ${lateness.length} calls.`,
  );
});

describe.each(["worker", "inline"] as const)("[stop/prompt] in the isolation %s", (isolation) => {
  const endsAtItsLimit = async (name: string, open: Promise<PluginInstance>) => {
    await using instance = await open;
    for (let call = 0; call < 2; call += 1) {
      const result = await instance.callTool("run", {});
      expect(result.error?.code).toBe("runtime/timeout");
      lateness.push({ guest: `${name}, ${isolation}`, ms: result.durationMs - timeoutMs });
    }
    expect(instance.status()).toMatchObject({ replacements: 0, calls: { failed: 2 } });
  };

  it.each(loopShapes)("%s ends at its limit, again and again, in the same worker", async (shape) =>
    endsAtItsLimit(shape, shapedInstance(await loopGuest(shape), { isolation, limits })),
  );

  it.each(places)("%s ends at its limit, again and again, in the same worker", (guest) =>
    endsAtItsLimit(guest, guestInstance(guest, { isolation, limits })),
  );

  it("a call's fuel ends it as well, and the next one has its own", async () => {
    await using instance = await guestInstance("loop", { isolation, limits: { fuel: 1_000_000 } });
    for (let call = 0; call < 2; call += 1) {
      const result = await instance.callTool("run", {});
      expect(result).toMatchObject({
        error: { code: "runtime/out-of-fuel" },
        usage: { fuel: 1_000_000 },
      });
    }
    expect(instance.status().replacements).toBe(0);
  });

  it("what a call had spent is told when time or its caller ended it, too", async () => {
    await using instance = await guestInstance("loop", { isolation, limits: { timeoutMs: 300 } });
    const late = await instance.callTool("run", {});
    expect(late.error?.code).toBe("runtime/timeout");
    expect(late.usage?.fuel).toBeGreaterThan(meterLimits.sliceFuel.default);
  });

  it("the same call costs the same fuel, wherever it runs", async () => {
    await using instance = await guestInstance("echo", { isolation });
    const spent = new Set<number | undefined>();
    for (let call = 0; call < 3; call += 1) {
      spent.add((await instance.callTool("run", { city: "Kyoto" })).usage?.fuel);
    }
    expect([...spent]).toEqual([echoFuel]);
  });

  it.each(["component", "raw"] as const)(
    "so does a call of a guest that does some of everything: %s",
    async (kind) => {
      const { make, fuel } = mixedGuests[kind];
      await using instance = await shapedInstance(await make(), { isolation });
      expect(await instance.callTool("run", {})).toMatchObject({
        summary: "done",
        usage: { fuel },
      });
    },
  );
});

test("[meter/slow] a component pays for every call to what stands in for WASI", async () => {
  await using instance = await guestInstance("wasi-stdout");
  const { isError, usage } = await instance.callTool("run", {});
  expect(isError).toBe(false);
  const writes = 10_000;
  expect(usage?.fuel).toBeGreaterThan(writes * meterLimits.hostCallFuel.default);
});

function shapedInstance(
  { kind, bytes }: ShapedGuest,
  options: InstanceOptions,
): Promise<PluginInstance> {
  return kind === "raw" ? rawInstance(bytes, options) : guestInstance(bytes, options);
}
