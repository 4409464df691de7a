import { describe, expect, test } from "vitest";
import { meterLimits } from "../../src/limits.ts";
import { initialSizes } from "../../src/wasm/meter.ts";
import { metered, testMeter } from "./metered.ts";
import { wasm } from "./wasm-text.ts";

const enough = 1_000_000;

describe("growth", () => {
  test("of all memories together stays within one budget", async () => {
    const meter = testMeter({ memoryBytes: 10 * 65_536 });
    meter.begin(Number.MAX_SAFE_INTEGER);
    const text = `(module (memory (export "m") 1)
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`;
    const first = await metered(text, meter);
    const second = await metered(text, meter);
    expect(meter.reserve(initialSizes(await wasm(text)))).toBe(true);
    expect(meter.reserve(initialSizes(await wasm(text)))).toBe(true);
    expect(first.grow?.(5)).toBe(1);
    expect(second.grow?.(4)).toBe(-1);
    expect(meter.refused).toBe("memory");
    expect(second.grow?.(3)).toBe(1);
    expect(second.grow?.(1)).toBe(-1);
    expect(first.grow?.(0)).toBe(6);
    expect(second.grow?.(-1)).toBe(-1);
    expect(meter.reserve({ pages: 1, elements: 0 })).toBe(false);
  });

  test("that the module's own maximum forbids is free, and takes nothing from the budget", async () => {
    const meter = testMeter({ memoryBytes: 10 * 65_536 });
    const { grow } = await metered(
      `(module (memory 1 3) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`,
      meter,
    );
    meter.begin(enough);
    expect(grow?.(3)).toBe(-1);
    const failed = meter.spent;
    expect(failed).toBeLessThan(2 * meterLimits.growFuel.default);
    expect(meter.refused).toBeUndefined();
    expect(grow?.(2)).toBe(1);
    expect(meter.spent - 2 * failed).toBe((2 * 65_536) / meterLimits.bulkBytes.default);
    expect(meter.reserve({ pages: 8, elements: 0 })).toBe(true);
  });

  test("of all tables together stays within one budget", async () => {
    const meter = testMeter({ tableElements: 100 });
    meter.begin(enough);
    const { a, b } = await metered(
      `(module (table $a 0 funcref) (table $b 0 30 externref)
        (func (export "a") (param i32) (result i32) (table.grow $a (ref.null func) (local.get 0)))
        (func (export "b") (param i32) (result i32) (table.grow $b (ref.null extern) (local.get 0))))`,
      meter,
    );
    expect(a?.(80)).toBe(0);
    expect(b?.(31)).toBe(-1);
    expect(meter.refused).toBe("table");
    expect(b?.(20)).toBe(0);
    expect(a?.(1)).toBe(-1);
  });

  test("takes initial sizes from the module's own memories and tables alone", async () => {
    const bytes =
      await wasm(`(module (import "m" "memory" (memory 7)) (import "m" "table" (table 9 funcref))
      (memory 2) (memory 3 5) (table 10 funcref) (table 20 30 externref))`);
    expect(initialSizes(bytes)).toEqual({ pages: 5, elements: 30 });
  });
});
