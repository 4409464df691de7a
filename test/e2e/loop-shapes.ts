import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";

/** What a guest's core module declares, and what its call does. */
interface Shape {
  readonly declared?: string;
  readonly call: string;
}

const mebibyte32 = "(i32.const 0x2000000)";

/** Every way to run for ever that metering knows of, none of which uses up the stack. */
const shapes = {
  "a loop": { call: "(loop (br 0))" },
  "a loop that works": {
    call: `(loop (i64.store (i32.const 8) (i64.add (i64.load (i32.const 8)) (i64.const 1))) (br_if 0 (i32.const 1)))`,
  },
  "loops in loops": {
    call: `(loop $a (loop $b (loop $c (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (br_if $c (i32.and (local.get 0) (i32.const 255)))) (br_if $b (i32.and (local.get 0) (i32.const 4095)))) (br $a))`,
  },
  "a br_table": {
    call: "(loop $l (block $b (br_table $b $l $b (i32.and (local.get 0) (i32.const 3)))) (br $l))",
  },
  recursion: {
    declared: `(func $f (param i32) (if (local.get 0) (then
      (call $f (i32.sub (local.get 0) (i32.const 1))) (call $f (i32.sub (local.get 0) (i32.const 1))))))`,
    call: "(call $f (i32.const 60))",
  },
  "mutual recursion through a table": {
    declared: `(type $t (func (param i32))) (table 2 2 funcref) (elem (i32.const 0) $even $odd)
      (func $even (type $t) (if (local.get 0) (then
        (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1))
        (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))))
      (func $odd (type $t) (if (local.get 0) (then
        (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))
        (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))))`,
    call: "(call_indirect (type $t) (i32.const 60) (i32.const 0))",
  },
  "tail calls": {
    declared: "(func $a (return_call $b)) (func $b (return_call $a))",
    call: "(call $a)",
  },
  "tail calls through a table": {
    declared: `(type $v (func)) (table 1 1 funcref) (elem (i32.const 0) $a)
      (func $a (return_call_indirect (type $v) (i32.const 0)))`,
    call: "(call $a)",
  },
  "a start function": { declared: "(func $s (loop (br 0))) (start $s)", call: "" },
  "a start function that recurses": {
    declared: `(func $f (param i32) (if (local.get 0) (then
      (call $f (i32.sub (local.get 0) (i32.const 1))) (call $f (i32.sub (local.get 0) (i32.const 1))))))
      (func $s (call $f (i32.const 60))) (start $s)`,
    call: "",
  },
  "a start function that fills": {
    declared: `(func $s (loop (memory.fill (i32.const 0) (i32.const 7) ${mebibyte32}) (br 0))) (start $s)`,
    call: "",
  },
  "fills of 32 MiB": {
    call: `(loop (memory.fill (i32.const 0) (i32.const 7) ${mebibyte32}) (br 0))`,
  },
  "copies of 32 MiB": {
    call: `(loop (memory.copy (i32.const 8) (i32.const 0) ${mebibyte32}) (br 0))`,
  },
  "small fills": { call: "(loop (memory.fill (i32.const 0) (i32.const 7) (i32.const 3)) (br 0))" },
  "fills of a table": {
    declared: "(table $t 90000 funcref)",
    call: "(loop (table.fill $t (i32.const 0) (ref.null func) (i32.const 90000)) (br 0))",
  },
  "growth by nothing": { call: "(loop (drop (memory.grow (i32.const 0))) (br 0))" },
  "functions with many locals": {
    declared: `(func $f (param i32) (local ${"i64 ".repeat(20_000)})
      (if (local.get 0) (then (local.set 19999 (i64.const 1)) (call $g (local.get 19999)))))
      (func $g (param i64))`,
    call: "(loop (call $f (i32.const 1)) (br 0))",
  },
} as const satisfies Record<string, Shape>;

/** The same with exceptions in the encoding that every engine has; components take only the newer one. */
const rawShapes = {
  "exceptions in a loop": {
    declared: "(tag $t)",
    call: "(loop $l try (throw $t) catch_all (br $l) end)",
  },
  "exceptions through many frames": {
    declared: `(tag $t) (func $f (param i32)
      (if (i32.eqz (local.get 0)) (then (throw $t))) (call $f (i32.sub (local.get 0) (i32.const 1))))`,
    call: "(loop $l try (call $f (i32.const 2000)) catch $t (br $l) end)",
  },
  "a catch around a loop, in a loop": {
    call: "(loop $l try (loop $k (br $k)) catch_all (br $l) end)",
  },
} as const satisfies Record<string, Shape>;

/** A guest as bytes, and what its package says it is. */
export interface ShapedGuest {
  readonly kind: "component" | "raw";
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A way to run for ever. */
export type LoopShape = keyof typeof shapes | keyof typeof rawShapes;

/** All of them. */
export const loopShapes = [
  ...Object.keys(shapes),
  ...Object.keys(rawShapes),
] as readonly LoopShape[];

/** A guest whose call, or whose start function, never ends by itself. */
export function loopGuest(name: LoopShape): Promise<ShapedGuest> {
  return name in rawShapes
    ? rawOf(rawShapes[name as keyof typeof rawShapes])
    : componentOf(shapes[name as keyof typeof shapes]);
}

/** Some of everything that has a price of its own, and an answer. */
const mixed: Shape = {
  declared: `(type $v (func (param i32) (result i32)))
    (table $table 4 100 funcref) (elem (i32.const 0) $half $twice $wide $fib3)
    (func $half (type $v) (i32.shr_u (local.get 0) (i32.const 1)))
    (func $twice (type $v) (return_call $half (i32.mul (local.get 0) (i32.const 4))))
    (func $wide (type $v) (local ${"i64 ".repeat(100)}) (local.get 0))
    (func $fib3 (type $v) (i32.add (local.get 0) (call $fib (i32.const 3))))
    (func $fib (type $v) (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0)) (else (i32.add
      (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))`,
  call: `(local $i i32) (local $sum i32) (local $lanes v128)
    (local.set $sum (call $fib (i32.const 12)))
    (loop $l
      (local.set $sum (call_indirect (type $v) (local.get $sum) (i32.and (local.get $i) (i32.const 3))))
      (block $c (block $b (block $a (br_table $a $b $c (local.get $i)))
        (memory.fill (i32.const 4096) (local.get $i) (i32.const 10000)))
        (memory.copy (i32.const 8192) (i32.const 4096) (i32.const 777)))
      (local.set $lanes (i32x4.add (local.get $lanes) (i32x4.splat (local.get $i))))
      (local.set $sum (i32.add (local.get $sum) (i32x4.extract_lane 1 (local.get $lanes))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
    (drop (memory.grow (i32.const 2)))
    (drop (table.grow $table (ref.null func) (i32.const 3)))
    (table.fill $table (i32.const 4) (ref.null func) (i32.const 3))`,
};

/** And of exceptions, with a host call for the answer. */
const rawMixed: Shape = {
  declared: `(tag $t (param i32))
    (func $throws (param i32) (if (i32.and (local.get 0) (i32.const 1)) (then (throw $t (local.get 0)))))`,
  call: `(local $i i32) (local $sum i32)
    (loop $l
      try try (call $throws (local.get $i)) delegate 0
      catch $t (local.set $sum (i32.add (local.get $sum))) end
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 500))))`,
};

/** Guests that do some of everything, and end; and what one call of each costs on every engine. */
export const mixedGuests = {
  component: { make: () => componentOf(mixed), fuel: 74_224 },
  raw: { make: () => rawOf(rawMixed), fuel: 266_052 },
} as const;

async function componentOf({ declared = "", call }: Shape): Promise<ShapedGuest> {
  const text = `(component
    (core module $guest
      (memory (export "memory") 513)
      (global $next (mut i32) (i32.const 1024))
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (global.get $next) (global.set $next (i32.add (global.get $next) (local.get 3))))
      (data (i32.const 64) "{\\"summary\\":\\"done\\"}")
      ${declared}
      (func (export "call") (param i32 i32 i32 i32) (result i32)
        ${call}
        (i32.store (i32.const 0) (i32.const 64))
        (i32.store (i32.const 4) (i32.const 18))
        (i32.const 0)))
    (core instance $guest (instantiate $guest))
    (type $call (func (param "tool-name" string) (param "input-json" string) (result string)))
    (func (export "call") (type $call)
      (canon lift (core func $guest "call")
        (memory (core memory $guest "memory")) (realloc (core func $guest "cabi_realloc")))))`;
  return { kind: "component", bytes: new Uint8Array(await parse(text)) };
}

async function rawOf({ declared = "", call }: Shape): Promise<ShapedGuest> {
  const text = `(module
    (import "yoi:tool" "output_write" (func $write (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 64) "{\\"summary\\":\\"done\\"}")
    ${declared}
    (func (export "yoi_tool_call") ${call} (drop (call $write (i32.const 64) (i32.const 18)))))`;
  return { kind: "raw", bytes: new Uint8Array(await parse(text)) };
}
