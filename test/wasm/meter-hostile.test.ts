import { describe, expect, test } from "vitest";
import { meterLimits } from "../../src/limits.ts";
import { meterModule } from "../../src/wasm/meter.ts";
import { countEveryInstruction } from "./counting.ts";
import { type Functions, testMeter, thrownBy } from "./metered.ts";
import { wasm } from "./wasm-text.ts";

const host = { host: { nothing: () => undefined } };
const prelude = `(import "host" "nothing" (func $host)) (memory (export "memory") 1)
  (global $unused (mut i32) (i32.const 0)) (tag $t) (tag $with (param i32)) (type $plain (func))`;

/** Code that jumps, returns and throws where a count by blocks could go wrong. */
const shapes: Readonly<Record<string, string>> = {
  "code that nothing reaches": `(func (export "run") (param i32) (result i32)
    (block (br 0) (call $host) (loop (br 0)) (memory.fill (i32.const 0) (i32.const 0) (i32.const 800)))
    (if (local.get 0) (then (return (i32.const 1)) (drop (i32.const 1)) unreachable))
    (block (result i32) (br 0 (i32.const 2)) (if (result i32) (then (i32.const 1)) (else (i32.const 2)))))`,
  "an if without else, taken and not": `(func (export "run") (param i32) (result i32) (local $sum i32)
    (loop $l
      (if (i32.and (local.get 0) (i32.const 1)) (then (local.set $sum (i32.add (local.get $sum) (i32.const 1)))))
      (if (i32.and (local.get 0) (i32.const 2)) (then (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $sum))`,
  "branches that carry values out of loops": `(func (export "run") (param i32) (result i32)
    (block $out (result i32)
      (loop $l (result i32)
        (drop (br_if $out (i32.const 7) (i32.eqz (local.get 0))))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br $l))))`,
  "a br_table that goes past its end": `(func (export "run") (param i32) (result i32) (local $sum i32)
    (loop $l (block $c (block $b (block $a
      (br_table $a $b $c $a (i32.sub (local.get 0) (i32.const 3))))
      (local.set $sum (i32.add (local.get $sum) (i32.const 1))))
      (call $host))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $sum))`,
  "loops that leave several others at once": `(func (export "run") (param i32) (result i32) (local $i i32) (local $j i32)
    (block $out (loop $a
      (local.set $j (i32.const 0))
      (loop $b
        (br_if $out (i32.gt_u (local.get $i) (local.get 0)))
        (local.set $j (i32.add (local.get $j) (i32.const 1)))
        (loop $c (br_if $a (i32.gt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $j))))
        (br_if $b (i32.lt_u (local.get $j) (i32.const 5))))))
    (local.get $i))`,
  "a tail call in a loop of tail calls": `(func $even (param i32) (result i32)
      (if (local.get 0) (then (return_call $odd (i32.sub (local.get 0) (i32.const 1))))) (i32.const 1))
    (func $odd (param i32) (result i32)
      (loop $l (if (i32.eqz (local.get 0)) (then (return (i32.const 0)))) (return_call $even (i32.sub (local.get 0) (i32.const 1)))) unreachable)
    (func (export "run") (param i32) (result i32) (return_call $even (local.get 0)))`,
  "a tail call through a table to the host": `(table funcref (elem $host $back)) (func $back (return_call $host))
    (func $through (param i32) (return_call_indirect (type $plain) (i32.and (local.get 0) (i32.const 1))))
    (func (export "run") (param i32) (result i32)
      (loop $l (call $through (local.get 0)) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 0))`,
  "exceptions that a loop catches": `(func $throws (param i32) (if (i32.and (local.get 0) (i32.const 1)) (then (throw $with (local.get 0)))))
    (func (export "run") (param i32) (result i32) (local $sum i32)
      (loop $l
        try (call $throws (local.get 0)) catch $with (local.set $sum (i32.add (local.get $sum))) end
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get $sum))`,
  "exceptions that are delegated and thrown again": `(func $throws (throw $t))
    (func (export "run") (param i32) (result i32) (local $sum i32)
      (loop $l
        try $outer
          try try (call $throws) delegate 0 catch $t (local.set $sum (i32.add (local.get $sum) (i32.const 1))) rethrow 0 end
        catch_all (local.set $sum (i32.add (local.get $sum) (i32.const 100))) end
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get $sum))`,
  "a loop of vectors": `(func (export "run") (param i32) (result i32) (local $v v128)
    (loop $l
      (local.set $v (i32x4.add (local.get $v) (i32x4.splat (local.get 0))))
      (v128.store (i32.const 16) (local.get $v))
      (br_if $l (v128.any_true (i32x4.splat (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
    (i32x4.extract_lane 2 (local.get $v)))`,
  "a function with more locals than most": `(func $wide (local ${"i64 ".repeat(40)}) (local ${"i32 ".repeat(30)}))
    (func $wider (local ${"f64 ".repeat(5000)})) (func $usual (local ${"i64 ".repeat(64)}))
    (func (export "run") (param i32) (result i32) (call $wide) (call $wider) (call $usual) (local.get 0))`,
  "bulk operations of several lengths": `(data $d "0123456789abcdef") (func (export "run") (param i32) (result i32)
    (loop $l
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 0)) (memory.fill (i32.const 0) (i32.const 1) (i32.const 7))
      (memory.copy (i32.const 8) (i32.const 0) (i32.const 8)) (memory.copy (i32.const 8) (i32.const 0) (i32.const 6001))
      (memory.init $d (i32.const 0) (i32.const 0) (i32.const 16))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 0))`,
};

/** The same for what not every engine of the matrix has; those that have it agree. */
const newerShapes: Readonly<Record<string, string>> = {
  "a try_table that a loop is left through": `(func $throws (param i32) (throw $with (local.get 0)))
    (func (export "run") (param i32) (result i32) (local $sum i32)
      (loop $l
        (block $caught (result i32) (try_table (catch $with $caught) (call $throws (local.get 0))) unreachable)
        (local.set $sum (i32.add (local.get $sum)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get $sum))`,
  "a try_table whose clause goes back to a loop": `(func $throws (param i32) (if (local.get 0) (then (throw $t))))
    (func (export "run") (param i32) (result i32)
      (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (loop $l (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (try_table (catch_all $l) (call $throws (local.get 0))))
      (local.get 0))`,
  "an exception that is caught whole and thrown again": `(func $throws (throw $t))
    (func $again (block $e (result exnref) (try_table (catch_all_ref $e) (call $throws)) (return)) throw_ref)
    (func (export "run") (param i32) (result i32)
      (loop $l (block $c (try_table (catch $t $c) (call $again))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 0))`,
  "copies between two memories": `(memory $second 1) (func (export "run") (param i32) (result i32)
    (loop $l (memory.copy $second 0 (i32.const 0) (i32.const 0) (i32.const 100)) (memory.fill $second (i32.const 0) (i32.const 1) (i32.const 33))
      (i32.store $second (i32.const 0) (i32.load 0 (i32.const 4)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.load $second (i32.const 0)))`,
};

async function moduleBytes(shape: string): Promise<Uint8Array<ArrayBuffer>> {
  return wasm(`(module ${prelude} ${shape})`);
}

function instantiate(bytes: Uint8Array<ArrayBuffer>, imports: WebAssembly.Imports = {}): Functions {
  const module = new WebAssembly.Module(bytes);
  return new WebAssembly.Instance(module, { ...host, ...imports }).exports as Functions;
}

async function runnable(): Promise<[name: string, bytes: Uint8Array<ArrayBuffer>][]> {
  const all: [string, Uint8Array<ArrayBuffer>][] = [];
  for (const [name, shape] of Object.entries(shapes)) all.push([name, await moduleBytes(shape)]);
  for (const [name, shape] of Object.entries(newerShapes)) {
    const bytes = await moduleBytes(shape);
    if (WebAssembly.validate(bytes)) all.push([name, bytes]);
  }
  return all;
}

describe("[meter/exact] the fuel of", async () => {
  test.each(await runnable())("%s is what its instructions cost", (_, bytes) => {
    for (const amount of [1, 2, 9]) {
      const counted = instantiate(countEveryInstruction(bytes));
      const result = counted.run?.(amount);
      const count = Number((counted.count as unknown as WebAssembly.Global).value);
      for (const sliceFuel of [1, 3, 1_000_000]) {
        const meter = testMeter({ sliceFuel });
        meter.begin(count);
        expect(instantiate(meterModule(bytes), meter.imports).run?.(amount)).toBe(result);
        expect([meter.spent, meter.end]).toEqual([count, undefined]);
      }
    }
  });

  test("a length that traps is paid first, and nothing of it is done", async () => {
    const lengths = ["memory.fill", "memory.copy"].map(
      (name) => `(${name} (i32.const 1) (i32.const 2) (i32.const -1))`,
    );
    for (const operation of lengths) {
      const bytes = await moduleBytes(`(func (export "run") ${operation})`);
      const amounts = [Number.MAX_SAFE_INTEGER, 1_000].map((fuel) => {
        const meter = testMeter();
        const { run, memory } = instantiate(meterModule(bytes), meter.imports);
        meter.begin(fuel);
        expect(thrownBy(() => run?.())).toBeInstanceOf(WebAssembly.RuntimeError);
        const { buffer } = memory as unknown as WebAssembly.Memory;
        expect(new Uint8Array(buffer, 0, 16).every((byte) => byte === 0)).toBe(true);
        return [meter.spent, meter.end];
      });
      const fuel = 1 + 4 + meterLimits.bulkFuel.default + Math.floor(0xffffffff / 8);
      expect(amounts).toEqual([
        [fuel, undefined],
        [fuel, "out-of-fuel"],
      ]);
    }
  });
});

/** Ways to hold on to a thread for good, by catching whatever comes. */
const clinging: Readonly<Record<string, string>> = {
  "catches around a loop, in a loop": `(func (export "run") (loop $l try (loop $k (br $k)) catch_all (br $l) end))`,
  "catches in every frame of a recursion": `(func $f (export "run") try (call $f) catch_all (call $f) end)`,
  "catches in a tree of frames that are all full": `(func $f try (call $f) catch_all end try (call $f) catch_all end)
    (func (export "run") (loop $l try (call $f) catch_all end (br $l)))`,
  "delegates to itself": `(func $f (export "run") try $a try (call $f) delegate $a catch_all (return_call $f) end)`,
  "throws and catches": `(func (export "run") (loop $l try (throw $t) catch_all (br $l) end))`,
  "throws through many frames": `(func $f (param i32) (if (i32.eqz (local.get 0)) (then (throw $t))) (call $f (i32.sub (local.get 0) (i32.const 1))))
    (func (export "run") (loop $l try (call $f (i32.const 1000)) catch_all (br $l) end))`,
  "recurses where it starts": `(func $f (param i32) (loop $l (if (i32.lt_u (local.get 0) (i32.const 100)) (then (call $f (i32.add (local.get 0) (i32.const 1))))) (br $l)))
    (func $start (call $f (i32.const 0))) (start $start) (func (export "run"))`,
  "grows by nothing": `(func (export "run") (loop (drop (memory.grow (i32.const 0))) (br 0)))`,
  "grows by more than there is": `(func (export "run") (loop (drop (memory.grow (i32.const -1))) (br 0)))`,
  "grows a table by nothing": `(table 1 funcref) (func (export "run") (loop (drop (table.grow (ref.null func) (i32.const 0))) (br 0)))`,
  "drops the same segments": `(data $d "") (elem $e func) (func (export "run") (loop (data.drop $d) (elem.drop $e) (br 0)))`,
  "calls itself with values that nothing takes": `(type $many (func (param ${"i64 ".repeat(200)})))
    (func (export "run") ${"(i64.const 0) ".repeat(200)} (loop (param ${"i64 ".repeat(200)}) (br 0)))`,
};

const clingingNewer: Readonly<Record<string, string>> = {
  "catches around a loop, in a loop, with a try_table": `(func (export "run") (loop $l (try_table (catch_all $l) (loop $k (br $k)))))`,
  "catches in every frame of a recursion, with a try_table": `(func $f (export "run") (block $c (try_table (catch_all $c) (call $f))) (call $f))`,
  "throws again what it caught": `(func (export "run") (loop $l (block $e (result exnref) (try_table (catch_all_ref $e) (throw $t)) (br $l)) (try_table (param exnref) (catch_all $l) throw_ref)))`,
};

async function clinginess(): Promise<[name: string, bytes: Uint8Array<ArrayBuffer>][]> {
  const all: [string, Uint8Array<ArrayBuffer>][] = [];
  for (const [name, shape] of Object.entries(clinging)) all.push([name, await moduleBytes(shape)]);
  for (const [name, shape] of Object.entries(clingingNewer)) {
    const bytes = await moduleBytes(shape);
    if (WebAssembly.validate(bytes)) all.push([name, bytes]);
  }
  return all;
}

describe("[meter/caught] a guest that", async () => {
  test.each(await clinginess())("%s ends with its fuel", (_, bytes) => {
    const spent = [1_000, 7].map((sliceFuel) => {
      const meter = testMeter({ sliceFuel });
      // Less than it takes to use up the stack, which is an engine's own.
      meter.begin(20_000);
      const error = thrownBy(() => instantiate(meterModule(bytes), meter.imports).run?.());
      expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
      expect(meter.end).toBe("out-of-fuel");
      return meter.spent;
    });
    expect(spent[0]).toBe(spent[1]);
  });

  test.each(await clinginess())("%s ends when the host says so", (_, bytes) => {
    let asked = 0;
    const meter = testMeter({
      sliceFuel: 500,
      mayContinue: () => {
        asked += 1;
        return asked < 20;
      },
    });
    meter.begin(Number.MAX_SAFE_INTEGER);
    const error = thrownBy(() => instantiate(meterModule(bytes), meter.imports).run?.());
    expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
    expect([asked, meter.end]).toEqual([20, "stopped"]);
  });

  test("uses up the stack gets no further by catching that", async () => {
    const tree = clinging["catches in a tree of frames that are all full"] as string;
    const meter = testMeter({ sliceFuel: 1 });
    const { run } = instantiate(meterModule(await moduleBytes(tree)), meter.imports);
    meter.begin(Number.MAX_SAFE_INTEGER);
    expect(thrownBy(() => run?.())).toBeInstanceOf(RangeError);
    expect(meter.end).toBeUndefined();
  });
});
