import { describe, expect, test } from "vitest";
import { metered, testMeter, thrownBy } from "./metered.ts";

/** Guests that never end by themselves, each in its own way; `run` starts them. */
const endless: Readonly<Record<string, string>> = {
  "a loop that does nothing": '(module (func (export "run") (loop (br 0))))',
  "a loop that counts": `(module (func (export "run") (local i32)
    (loop (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br 0))))`,
  "nested loops": `(module (func (export "run") (local i32)
    (loop $a (local.set 0 (i32.const 1000))
      (loop $b (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $b (local.get 0))) (br $a))))`,
  "a loop through br_table": `(module (func (export "run") (param i32)
    (loop $a (block $b (block $c (br_table $b $c $a (i32.and (local.get 0) (i32.const 3))))
      (br $a)) (br $a))))`,
  "a loop with a parameter": `(module (func (export "run")
    (i32.const 0) (loop (param i32) (i32.const 1) i32.add (br 0))))`,
  "a loop that calls": `(module (func $f) (func (export "run") (loop (call $f) (br 0))))`,
  "a loop that calls through a table": `(module (type $t (func)) (table 1 funcref) (elem (i32.const 0) $f)
    (func $f) (func (export "run") (loop (call_indirect (type $t) (i32.const 0)) (br 0))))`,
  "a loop that calls the host": `(module (import "host" "nothing" (func $f)) (func (export "run") (loop (call $f) (br 0))))`,
  "recursion that doubles": `(module (func $f (param i32)
      (if (local.get 0) (then
        (call $f (i32.sub (local.get 0) (i32.const 1))) (call $f (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "run") (call $f (i32.const 60))))`,
  "mutual recursion through a table that doubles": `(module (type $t (func (param i32))) (table 2 funcref) (elem (i32.const 0) $a $b)
    (func $a (param i32) (if (local.get 0) (then
      (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1))
      (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))))
    (func $b (param i32) (call $a (local.get 0)))
    (func (export "run") (call $a (i32.const 60))))`,
  "calls that double at every level, without recursion": `(module
    ${Array.from({ length: 60 }, (_, level) => `(func $f${level} ${level === 59 ? "" : `(call $f${level + 1}) (call $f${level + 1})`})`).join("\n")}
    (func (export "run") (call $f0)))`,
  "tail calls": `(module (func $a (return_call $b)) (func $b (return_call $a)) (func (export "run") (call $a)))`,
  "tail calls through a table": `(module (type $t (func)) (table 1 funcref) (elem (i32.const 0) $a)
    (func $a (return_call_indirect (type $t) (i32.const 0))) (func (export "run") (call $a)))`,
  "throwing and catching": `(module (tag $t) (func (export "run")
    (loop $a try (throw $t) catch $t end (br $a))))`,
  "throwing across functions": `(module (tag $t) (func $f (throw $t)) (func (export "run")
    (loop $a try (call $f) catch_all (br $a) end)))`,
  "a loop in a catch": `(module (tag $t) (func (export "run")
    try (throw $t) catch $t (loop (br 0)) end))`,
  "filling 32 MiB": `(module (memory 512) (func (export "run")
    (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x2000000)) (br 0))))`,
  "copying 32 MiB": `(module (memory 768) (func (export "run")
    (loop (memory.copy (i32.const 0) (i32.const 0x800000) (i32.const 0x2000000)) (br 0))))`,
  "filling nothing": `(module (memory 1) (func (export "run")
    (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 0)) (br 0))))`,
  "filling a table": `(module (table $t 100000 externref) (func (export "run")
    (loop (table.fill $t (i32.const 0) (ref.null extern) (i32.const 100000)) (br 0))))`,
  "copying a table": `(module (table $t 100000 funcref) (func (export "run")
    (loop (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 99999)) (br 0))))`,
  "growing by nothing": `(module (memory 1) (func (export "run")
    (loop (drop (memory.grow (i32.const 0))) (br 0))))`,
  "growing too much": `(module (memory 1) (func (export "run")
    (loop (drop (memory.grow (i32.const 60000))) (br 0))))`,
  "growing a table by nothing": `(module (table $t 1 externref) (func (export "run")
    (loop (drop (table.grow $t (ref.null extern) (i32.const 0))) (br 0))))`,
  dividing: `(module (func (export "run") (local i64) (local.set 0 (i64.const 7))
    (loop (local.set 0 (i64.div_s (i64.const 0x7fffffffffffffff) (i64.add (local.get 0) (i64.const 3)))) (br 0))))`,
};

const deadlineMs = 30;
/** How late a guest may be ended before a test fails; what is measured is in docs/decisions. */
const graceMs = 400;

describe("a guest is ended soon after its deadline while it runs", () => {
  for (const [name, text] of Object.entries(endless)) {
    test(name, async () => {
      let endsAt = 0;
      const meter = testMeter({ mayContinue: () => performance.now() < endsAt });
      const { run } = await metered(text, meter, { host: { nothing: () => undefined } });
      meter.begin(Number.MAX_SAFE_INTEGER);
      endsAt = performance.now() + deadlineMs;
      const error = thrownBy(() => run?.(3));
      expect(performance.now() - endsAt).toBeLessThan(graceMs);
      expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
      expect(meter.end).toBe("stopped");
    });

    test(`${name}, out of fuel at the same count for any slice`, async () => {
      const spent = async (sliceFuel: number) => {
        const meter = testMeter({ sliceFuel });
        const { run } = await metered(text, meter, { host: { nothing: () => undefined } });
        meter.begin(200_000);
        thrownBy(() => run?.(3));
        expect(meter.end).toBe("out-of-fuel");
        return meter.spent;
      };
      const whole = await spent(1_000_000);
      expect(whole).toBeGreaterThan(200_000);
      expect(await spent(777)).toBe(whole);
    });
  }

  test("a start function that never returns", async () => {
    let endsAt = 0;
    const meter = testMeter({ mayContinue: () => performance.now() < endsAt });
    meter.begin(Number.MAX_SAFE_INTEGER);
    endsAt = performance.now() + deadlineMs;
    await expect(metered("(module (func $s (loop (br 0))) (start $s))", meter)).rejects.toThrow(
      WebAssembly.RuntimeError,
    );
    expect(performance.now() - endsAt).toBeLessThan(graceMs + 100);
    expect(meter.end).toBe("stopped");
  });

  test("recursion without end runs out of stack, and the host goes on", async () => {
    const meter = testMeter();
    const { run, fine } = await metered(
      '(module (func $f (export "run") (call $f) (call $f)) (func (export "fine") (result i32) (i32.const 1)))',
      meter,
    );
    meter.begin(Number.MAX_SAFE_INTEGER);
    expect(thrownBy(() => run?.())).toBeInstanceOf(RangeError);
    expect(fine?.()).toBe(1);
  });
});
