import { describe, expect, test } from "vitest";
import { meterLimits } from "../../src/limits.ts";
import { metered, testMeter, thrownBy } from "./metered.ts";

const enough = 1_000_000;

/** Metered functions, and how often the host is asked while one runs with slices of nothing. */
async function asking(text: string) {
  let asked = 0;
  const meter = testMeter({
    sliceFuel: 1,
    mayContinue: () => {
      asked += 1;
      return true;
    },
  });
  const functions = await metered(text, meter);
  return (name: string): number => {
    asked = 0;
    meter.begin(enough);
    functions[name]?.();
    return asked;
  };
}

/** So many instructions that cost one unit each, and leave nothing. */
const units = (count: number) =>
  `${"(i32.const 0) drop ".repeat(count % 2)}${"(i32.eqz (i32.const 0)) drop ".repeat(Math.floor(count / 2))}`;

describe("the host is asked", () => {
  test("once every slice, and not more often than that", async () => {
    const text = `(module (func (export "run") (local i32) (local.set 0 (i32.const 10000))
      (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`;
    for (const sliceFuel of [meterLimits.sliceFuel.default, 1_000]) {
      let asked = 0;
      const meter = testMeter({
        sliceFuel,
        mayContinue: () => {
          asked += 1;
          return true;
        },
      });
      const { run } = await metered(text, meter);
      meter.begin(enough);
      run?.();
      expect(meter.spent).toBe(1 + 2 + 50_000);
      expect(asked).toBeLessThanOrEqual(Math.floor(meter.spent / sliceFuel));
      expect(asked).toBeGreaterThanOrEqual(Math.floor(meter.spent / (sliceFuel + 10)));
    }
  });

  test("at the guest's next step once an import ended its slice, and what it spent stays right", async () => {
    let asked = 0;
    const meter = testMeter({
      mayContinue: () => {
        asked += 1;
        return false;
      },
    });
    const text = `(module (import "host" "f" (func $f)) (func (export "run") (loop (call $f) (br 0))))`;
    let calls = 0;
    const { run } = await metered(text, meter, {
      host: {
        f: () => {
          calls += 1;
          if (calls === 10) meter.endSlice();
        },
      },
    });
    meter.begin(enough);
    expect(thrownBy(() => run?.())).toBeInstanceOf(WebAssembly.RuntimeError);
    expect({ calls, asked, end: meter.end }).toEqual({ calls: 10, asked: 1, end: "stopped" });
    expect(meter.spent).toBeGreaterThan(10);
    expect(meter.spent).toBeLessThan(100);
  });

  test("in every iteration of a loop, whether it calls or not", async () => {
    const loop = (inside: string) => `(local i32) (local.set 0 (i32.const 10))
      (loop ${inside} (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))`;
    const asks = await asking(`(module (func $f)
      (func (export "quiet") ${loop("")})
      (func (export "calls") ${loop("(call $f)")}))`);
    expect(asks("quiet")).toBeGreaterThanOrEqual(9);
    expect(asks("calls")).toBeGreaterThanOrEqual(9);
  });

  test("by a function that calls, on the ways on which it does, and not by a short one that does not", async () => {
    const asks = await asking(`(module (func $leaf) (table 1 funcref) (elem (i32.const 0) $leaf)
      (func (export "leaf") ${units(10)})
      (func (export "calls") (call_indirect (i32.const 0)))
      (func (export "may") (if (i32.const 0) (then (call_indirect (i32.const 0))))))`);
    expect(asks("leaf")).toBe(0);
    expect(asks("calls")).toBe(1);
    expect(asks("may")).toBe(0);
  });

  test("by those that it calls, for a function with up to callsWithoutAsking calls, and no others", async () => {
    const most = meterLimits.callsWithoutAsking.default;
    const asks = await asking(`(module (func $leaf)
      (func $at (export "at") ${"(call $leaf)".repeat(most)})
      (func (export "past") ${"(call $leaf)".repeat(most + 1)})
      (func (export "above") (call $at)))`);
    expect(asks("at")).toBe(0);
    expect(asks("past")).toBe(1);
    expect(asks("above")).toBe(1);
  });

  test("at the entry of a function that calls nothing, once it costs more than fuelBetweenAsking", async () => {
    const most = meterLimits.fuelBetweenAsking.default;
    const asks = await asking(`(module
      (func (export "at") ${units(most - 1)})
      (func (export "past") ${units(most)}))`);
    expect(asks("at")).toBe(0);
    expect(asks("past")).toBe(1);
  });

  test("after callsBetweenAsking calls of one body, which themselves need not ask", async () => {
    const most = meterLimits.callsBetweenAsking.default;
    const asks = await asking(`(module (func $leaf)
      (func (export "at") ${"(call $leaf)".repeat(most - 1)})
      (func (export "past") ${"(call $leaf)".repeat(most)} ${units(2)}))`);
    expect(asks("at")).toBe(1);
    expect(asks("past")).toBe(2);
  });
});

test("a caller pays for a callee's entry ahead, up to paidAheadFuel", async () => {
  const most = meterLimits.paidAheadFuel.default;
  const spentWhenTrapping = async (entry: number) => {
    const meter = testMeter();
    const { run } = await metered(
      `(module (func $traps (unreachable)) (func $later ${units(entry - 1)})
        (func (export "run") (call $traps) (call $later)))`,
      meter,
    );
    meter.begin(enough);
    expect(thrownBy(() => run?.())).toBeInstanceOf(WebAssembly.RuntimeError);
    return meter.spent;
  };
  const own = 1 + 2 + 1; // the function, its two calls, and the one that traps
  expect(await spentWhenTrapping(most)).toBe(own + most);
  expect(await spentWhenTrapping(most + 1)).toBe(own);
});

test("bulk operations have a fixed cost besides their length", async () => {
  const meter = testMeter();
  const { fill, table } = await metered(
    `(module (memory 1) (table $t 1 funcref)
      (func (export "fill") (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))
      (func (export "table") (table.fill $t (i32.const 0) (ref.null func) (i32.const 0))))`,
    meter,
  );
  const { bulkFuel, tableFuel } = meterLimits;
  meter.begin(enough);
  fill?.();
  expect(meter.spent).toBe(1 + 3 + 1 + bulkFuel.default);
  meter.begin(enough);
  table?.();
  expect(meter.spent).toBe(1 + 3 + 1 + tableFuel.default);
});
