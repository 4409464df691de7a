import { describe, expect, it } from "vitest";
import { defaultLimits, guestLimits, meterLimits } from "../../src/limits.ts";
import { createGuestMeter, type GuestMeter } from "../../src/runtime/isolation/guest-meter.ts";
import { meterModule } from "../../src/wasm/meter.ts";
import { wasm } from "../wasm/wasm-text.ts";

const hostCall = meterLimits.hostCallFuel.default;

function guestMeter(fuel = 1_000_000): GuestMeter {
  return createGuestMeter(
    { ...defaultLimits(guestLimits), fuel },
    { pages: 0, elements: 0 },
    () => undefined,
    () => false,
  );
}

async function instantiate(
  text: string,
  meter: GuestMeter,
  imports: WebAssembly.Imports,
): Promise<Record<string, () => unknown>> {
  const module = new WebAssembly.Module(meterModule(await wasm(text)));
  const { exports } = new WebAssembly.Instance(module, meter.extendImports(imports));
  return exports as Record<string, () => unknown>;
}

const calling = `(module (import "m" "f" (func $f)) (func (export "run") (call $f)) (export "again" (func $f)))`;

describe("[meter/slow] a call to the host", () => {
  it("costs a fixed sum, whatever the name of the function that answers", async () => {
    const bound = function named() {}.bind(undefined);
    const numbered = { 0: () => undefined }[0];
    expect(numbered.name).toBe("0"); // as the functions of modules are named
    for (const f of [() => undefined, bound, numbered]) {
      const meter = guestMeter();
      const { run } = await instantiate(calling, meter, { m: { f } });
      run?.();
      expect(meter.spent()).toBe(2 + hostCall);
    }
  });

  it("is paid once, however many modules it goes through", async () => {
    const meter = guestMeter();
    const first = await instantiate(calling, meter, { m: { f: () => undefined } });
    const second = await instantiate(calling, meter, { m: { f: first.again as () => unknown } });
    second.run?.();
    expect(meter.spent()).toBe(2 + hostCall);
  });

  it("is none when another module of the guest answers", async () => {
    const meter = guestMeter();
    const inner = await instantiate(`(module (func (export "f")))`, meter, {});
    const { run } = await instantiate(calling, meter, { m: { f: inner.f as () => unknown } });
    run?.();
    expect(meter.spent()).toBe(2 + 1);
  });

  it("passes on what it is given and what it answers", async () => {
    const text = `(module (import "m" "f" (func $f (param i32 i64) (result f64)))
      (func (export "run") (result f64) (call $f (i32.const 3) (i64.const 4))))`;
    const f = (left: number, right: bigint) => left + Number(right) + 0.5;
    const { run } = await instantiate(text, guestMeter(), { m: { f } });
    expect(run?.()).toBe(7.5);
  });

  it("that comes last and goes over the budget is noticed all the same", async () => {
    for (const [fuel, isOver] of [
      [2 + hostCall, false],
      [1 + hostCall, true],
    ] as const) {
      const meter = guestMeter(fuel);
      const { run } = await instantiate(calling, meter, { m: { f: () => undefined } });
      run?.();
      expect([meter.isOverspent(), meter.fault()?.code]).toEqual([
        isOver,
        isOver ? "runtime/out-of-fuel" : undefined,
      ]);
      expect(meter.spent()).toBe(fuel);
    }
  });
});
