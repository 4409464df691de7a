import { describe, expect, it } from "vitest";
import {
  createInstance,
  grantRequested,
  type InstanceOptions,
  type PluginPackage,
} from "yoi-plugin-sdk";
import { buildComponent } from "yoi-plugin-sdk/build";
import { guestPackage } from "./guest-package.ts";

const moment = Date.UTC(2030, 0, 1);

async function say(pkg: PluginPackage, options: InstanceOptions, calls = 1) {
  await using guest = await createInstance(pkg, { grants: grantRequested(pkg), ...options });
  const said: string[] = [];
  for (let call = 0; call < calls; call += 1) {
    const { summary, content, error } = await guest.callTool("run", {});
    expect(error).toBeUndefined();
    said.push(content ?? summary);
  }
  return said;
}

describe.each(["worker", "inline"] as const)("[wasi/frozen] in the isolation %s", (isolation) => {
  it("a guest finds the moment that its host chose", async () => {
    const pkg = await guestPackage("wasi-clock-and-random");
    const said = await say(pkg, { isolation, clock: { now: moment } });
    expect(said).toEqual([`seconds since 1970, lower half: ${moment / 1000}`]);
  });

  it("a guest's numbers follow from its host's seed, in each fresh instance from the beginning", async () => {
    const pkg = await guestPackage("wasi-random");
    const lower = BigInt.asUintN(32, 6_457_827_717_110_365_317n);
    const expected = `random number: ${lower}`;
    const random = { seed: 1_234_567 };
    expect(await say(pkg, { isolation, random }, 2)).toEqual([expected, expected]);
    expect(await say(pkg, { isolation, random: { seed: 1_234_568 } })).not.toEqual([expected]);
  });

  it("without them, a guest's numbers are the engine's", async () => {
    const pkg = await guestPackage("wasi-random");
    const said = await say(pkg, { isolation }, 5);
    expect(new Set(said).size).toBeGreaterThan(1);
  });
});

describe("[wasi/frozen] a TypeScript guest with the system's interfaces", () => {
  it("runs the same twice: Date and Math.random are the host's", async () => {
    const artifact = await buildComponent({
      entry: new URL("guests/clocks.ts", import.meta.url),
      wasi: true,
    });
    const pkg = await guestPackage(artifact);
    const options = { clock: { now: moment }, random: { seed: 7 } };
    const [first = "", second] = await say(pkg, options, 2);
    expect(second).toBe(first);
    expect(await say(pkg, options)).toEqual([first]);
    const [[now, iso, number], [later, , another]] = JSON.parse(first);
    expect([now, iso, later]).toEqual([moment, "2030-01-01T00:00:00.000Z", moment]);
    expect(another).not.toBe(number);
  }, 120_000);
});

it.each([
  { clock: { now: -1 } },
  { clock: { now: 1.5 } },
  { clock: { now: 8_640_000_000_000_001 } },
  { random: { seed: -1 } },
  { random: { seed: Number.MAX_SAFE_INTEGER + 1 } },
])("[wasi/frozen] %j is no such option", async (options) => {
  const pkg = await guestPackage("wasi-random");
  await expect(createInstance(pkg, options)).rejects.toMatchObject({ code: "options/invalid" });
});
