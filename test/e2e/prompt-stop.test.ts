import { afterAll, describe, expect, it } from "vitest";
import { guestInstance } from "./guest-package.ts";

const shapes = [
  "loop",
  "loop-in-start",
  "loop-in-realloc",
  "loop-in-post-return",
  "br-table-loop",
  "tail-call-loop",
  "indirect-recursion",
  "bulk-fill-loop",
  "bulk-copy-loop",
  "table-fill-loop",
] as const;

const timeoutMs = 100;

/** What one call of the echo guest costs. Counted on Node 20; every engine has to agree. */
const echoFuel = 679;
const lateness: { readonly guest: string; readonly ms: number }[] = [];

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
  it.each(shapes)("%s ends at its limit, again and again, in the same worker", async (guest) => {
    await using instance = await guestInstance(guest, { isolation, limits: { timeoutMs } });
    for (let call = 0; call < 3; call += 1) {
      const result = await instance.callTool("run", {});
      expect(result.error?.code).toBe("runtime/timeout");
      lateness.push({ guest: `${guest}, ${isolation}`, ms: result.durationMs - timeoutMs });
    }
    expect(instance.status()).toMatchObject({ replacements: 0, calls: { failed: 3 } });
  });

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

  it("the same call costs the same fuel, wherever it runs", async () => {
    await using instance = await guestInstance("echo", { isolation });
    const spent = new Set<number | undefined>();
    for (let call = 0; call < 3; call += 1) {
      spent.add((await instance.callTool("run", { city: "Kyoto" })).usage?.fuel);
    }
    expect([...spent]).toEqual([echoFuel]);
  });
});
