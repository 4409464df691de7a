import { describe, expect, test } from "vitest";
import { meterLimits } from "../../src/limits.ts";
import { meterModule } from "../../src/wasm/meter.ts";
import { metered, testMeter, thrownBy } from "./metered.ts";
import { wasm } from "./wasm-text.ts";

const enough = 1_000_000;

describe("fuel", () => {
  test("counts instructions that do something, and each function entered", async () => {
    const meter = testMeter();
    const { none, three, looped, called } = await metered(
      `(module
        (func (export "none"))
        (func (export "three") (result i32) nop (block (i32.add (i32.const 1) (i32.const 2)) drop) (i32.const 7))
        (func (export "looped") (param $left i32)
          (loop $top (br_if $top (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
        (func $inner (result i32) (i32.const 1))
        (func (export "called") (drop (call $inner)) (drop (call $inner))))`,
      meter,
    );
    const fuel = (call: () => unknown) => {
      meter.begin(enough);
      call();
      return meter.spent;
    };
    expect(fuel(() => none?.())).toBe(1);
    expect(fuel(() => three?.())).toBe(1 + 4);
    expect(fuel(() => looped?.(10))).toBe(1 + 10 * 5);
    expect(fuel(() => called?.())).toBe(1 + 2 * (1 + 1 + 1));
  });

  test("ends a guest with a trap as soon as it is over, and stays ended", async () => {
    const meter = testMeter();
    const { looped } = await metered(
      `(module (func (export "looped") (param $left i32)
        (loop $top (br_if $top (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))`,
      meter,
    );
    meter.begin(51);
    looped?.(10);
    expect([meter.spent, meter.end]).toEqual([51, undefined]);
    meter.begin(50);
    expect(thrownBy(() => looped?.(11))).toBeInstanceOf(WebAssembly.RuntimeError);
    expect(meter.end).toBe("out-of-fuel");
    meter.begin(enough);
    expect(meter.end).toBeUndefined();
    looped?.(10);
    expect(meter.spent).toBe(51);
  });

  test("is the same whatever the slice, also for a guest that traps or runs out", async () => {
    const text = `(module (memory 1)
      (func (export "run") (param $left i32)
        (loop $top
          (i32.store (i32.mul (local.get $left) (i32.const 4)) (local.get $left))
          (br_if $top (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
      (func (export "trap") (param $at i32)
        (loop $top (drop (i32.load (local.get $at)))
          (local.set $at (i32.add (local.get $at) (i32.const 1000))) (br $top))))`;
    const spent = async (sliceFuel: number, fuel: number, name: string) => {
      const meter = testMeter({ sliceFuel });
      const functions = await metered(text, meter);
      meter.begin(fuel);
      const error = thrownBy(() => functions[name]?.(1000));
      return [meter.spent, meter.end, error instanceof Error ? error.message : undefined];
    };
    for (const [fuel, name] of [
      [enough, "run"],
      [5_000, "run"],
      [enough, "trap"],
      [300, "trap"],
    ] as const) {
      const whole = await spent(enough, fuel, name);
      for (const slice of [1, 2, 7, 1_000]) expect(await spent(slice, fuel, name)).toEqual(whole);
    }
  });

  test("is one budget for all modules of a guest, start functions included", async () => {
    const meter = testMeter();
    meter.begin(enough);
    const first = await metered(
      `(module (global $g (mut i32) (i32.const 0))
        (func $start (global.set $g (i32.const 5)))
        (func (export "twice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
        (start $start))`,
      meter,
    );
    const afterStart = meter.spent;
    expect(afterStart).toBe(1 + 2);
    const second = await metered(
      `(module (import "first" "twice" (func $twice (param i32) (result i32)))
        (func (export "run") (result i32) (call $twice (call $twice (i32.const 3)))))`,
      meter,
      { first: first as never },
    );
    expect(second.run?.()).toBe(12);
    expect(meter.spent).toBe(afterStart + (1 + 3) + 2 * (1 + 3));
  });

  test("is paid for bulk operations by their length, before they run", async () => {
    const meter = testMeter();
    const { fill, copy, init, table, at } = await metered(
      `(module (memory 4) (data $d "0123456789abcdef") (table $t 2000 funcref) (elem $e func $f)
        (func $f)
        (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 7) (local.get 0)))
        (func (export "copy") (param i32) (memory.copy (i32.const 0) (i32.const 8) (local.get 0)))
        (func (export "init") (param i32) (memory.init $d (i32.const 0) (i32.const 0) (local.get 0)))
        (func (export "table") (param i32) (table.fill $t (i32.const 0) (ref.null func) (local.get 0)))
        (func (export "at") (param i32) (result i32) (i32.load8_u (local.get 0))))`,
      meter,
    );
    const fuel = (call: () => unknown) => {
      meter.begin(enough);
      call();
      return meter.spent;
    };
    const bytes = 100_000;
    for (const operation of [fill, copy]) {
      expect(fuel(() => operation?.(bytes)) - fuel(() => operation?.(0))).toBe(
        bytes / meterLimits.bulkBytes.default,
      );
    }
    expect(fuel(() => init?.(16)) - fuel(() => init?.(0))).toBe(2);
    expect(fuel(() => table?.(1_000)) - fuel(() => table?.(0))).toBe(1_000);

    fuel(() => fill?.(0));
    meter.begin(1_000);
    expect(thrownBy(() => fill?.(bytes))).toBeInstanceOf(WebAssembly.RuntimeError);
    expect(meter.end).toBe("out-of-fuel");
    meter.begin(enough);
    expect(at?.(50_000)).toBe(7); // what the fill before wrote; nothing since
  });

  test("[meter/slow] is paid for each local past those that are free, parameters left out", async () => {
    const free = meterLimits.freeLocals.default;
    const meter = testMeter();
    for (const [locals, fuel] of [
      [0, 1],
      [free, 1],
      [free + 1, 2],
      [free + 5_000, 1 + 5_000],
    ] as const) {
      const { run } = await metered(
        `(module (func (export "run") (param i32 i32) (local ${"i64 ".repeat(locals)})))`,
        meter,
      );
      meter.begin(enough);
      run?.(0, 0);
      expect(meter.spent).toBe(fuel);
    }
  });

  test("is paid for throwing, in functions that catch and in those that do not", async () => {
    const meter = testMeter();
    const { run } = await metered(
      `(module (tag $t) (func $throws (throw $t))
        (func (export "run") try (call $throws) catch $t end))`,
      meter,
    );
    meter.begin(enough);
    run?.();
    expect(meter.spent).toBe(1 + 1 + 1 + meterLimits.throwFuel.default);
  });
});

describe("a metered module", () => {
  test("keeps its imports, exports, elements and names where they belong", async () => {
    const meter = testMeter();
    meter.begin(enough);
    const functions = await metered(
      `(module
        (import "host" "add" (func $add (param i32 i32) (result i32)))
        (import "host" "base" (global $base i32))
        (global $own (mut i32) (global.get $base))
        (global $f funcref (ref.func $second))
        (table $t 4 funcref)
        (elem (i32.const 0) $first $second)
        (elem (table $t) (i32.const 2) funcref (ref.func $second) (ref.null func))
        (func $first (result i32) (call $add (global.get $own) (i32.const 1)))
        (func $second (result i32) (global.set $own (i32.const 30)) (call $first))
        (func (export "run") (param i32) (result i32) (call_indirect $t (result i32) (local.get 0)))
        (export "own" (global $own)))`,
      meter,
      { host: { add: (a: number, b: number) => a + b, base: 20 } },
    );
    expect(functions.run?.(0)).toBe(21);
    expect(functions.run?.(2)).toBe(31);
    expect((functions.own as unknown as WebAssembly.Global).value).toBe(30);
    expect(Object.keys(functions)).toEqual(["run", "own"]);
  });

  test("has no custom sections, which would name other functions than they did", async () => {
    const bytes = meterModule(await wasm('(module (func $named) (@custom "other" "x"))'));
    const module = new WebAssembly.Module(bytes);
    expect(WebAssembly.Module.customSections(module, "name")).toEqual([]);
    expect(WebAssembly.Module.customSections(module, "other")).toEqual([]);
  });

  test("is the same bytes every time", async () => {
    const bytes = await wasm("(module (func (loop (br 0))))");
    expect(meterModule(bytes)).toEqual(meterModule(bytes));
  });
});
