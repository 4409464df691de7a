import { expect, test } from "vitest";
import { kernels } from "./kernels.ts";
import { metered, testMeter } from "./metered.ts";
import { wasm } from "./wasm-text.ts";

/** Fuel of each kernel at its small size: the same on every engine. */
const fuel: Readonly<Record<string, number>> = {
  "calls itself": 4_646,
  "multiplies matrices": 260_941,
  "sieves primes": 36_615,
  "mixes bits": 3_712,
  "interprets bytecode": 8_090,
  "calls through a table": 3_506,
  "sorts numbers": 25_192,
};

test.each(Object.entries(kernels))(
  "a guest that %s gives the same, for a fixed price",
  async (name, { text, small }) => {
    const plain = new WebAssembly.Instance(new WebAssembly.Module(await wasm(text))).exports;
    const meter = testMeter();
    const guest = await metered(text, meter);
    meter.begin(Number.MAX_SAFE_INTEGER);
    expect(guest.run?.(small)).toBe((plain as typeof guest).run?.(small));
    expect(meter.spent).toBe(fuel[name]);
  },
);
