/** A compute-bound guest, as text: `run` takes how much to do and gives a number that depends on it. */
export interface Kernel {
  readonly text: string;
  /** For a test, and for a benchmark. */
  readonly small: number;
  readonly large: number;
}

const recursion = `(module
  (func $fib (export "run") (param $n i32) (result i32)
    (if (result i32) (i32.lt_s (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else (i32.add
        (call $fib (i32.sub (local.get $n) (i32.const 1)))
        (call $fib (i32.sub (local.get $n) (i32.const 2))))))))`;

const matrix = `(module (memory 4)
  (func (export "run") (param $n i32) (result i32)
    (local $i i32) (local $j i32) (local $k i32) (local $sum f64)
    (loop $fill
      (f64.store (i32.mul (local.get $i) (i32.const 8)) (f64.convert_i32_s (i32.rem_u (local.get $i) (i32.const 17))))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 16384))))
    (local.set $i (i32.const 0))
    (loop $rows
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $sum (f64.const 0))
        (local.set $k (i32.const 0))
        (loop $products
          (local.set $sum (f64.add (local.get $sum) (f64.mul
            (f64.load (i32.shl (i32.add (i32.mul (local.get $i) (i32.const 90)) (local.get $k)) (i32.const 3)))
            (f64.load (i32.shl (i32.add (i32.mul (local.get $k) (i32.const 90)) (local.get $j)) (i32.const 3))))))
          (br_if $products (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (local.get $n))))
        (f64.store offset=131072 (i32.shl (i32.add (i32.mul (local.get $i) (i32.const 90)) (local.get $j)) (i32.const 3)) (local.get $sum))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $n))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (i32.trunc_f64_s (local.get $sum))))`;

const sieve = `(module (memory 16)
  (func (export "run") (param $n i32) (result i32) (local $i i32) (local $j i32) (local $count i32)
    (memory.fill (i32.const 0) (i32.const 0) (local.get $n))
    (local.set $i (i32.const 2))
    (loop $numbers
      (if (i32.eqz (i32.load8_u (local.get $i))) (then
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (local.set $j (i32.mul (local.get $i) (i32.const 2)))
        (block $done (loop $multiples
          (br_if $done (i32.ge_u (local.get $j) (local.get $n)))
          (i32.store8 (local.get $j) (i32.const 1))
          (local.set $j (i32.add (local.get $j) (local.get $i)))
          (br $multiples)))))
      (br_if $numbers (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $count)))`;

const mixing = `(module
  (func (export "run") (param $n i32) (result i32) (local $a i32) (local $b i32) (local $c i32) (local $d i32)
    (local.set $a (i32.const 0x67452301)) (local.set $b (i32.const 0x7fcdab89))
    (local.set $c (i32.const 0x18badcfe)) (local.set $d (i32.const 0x10325476))
    (loop $rounds
      (local.set $a (i32.add (i32.rotl (i32.xor (local.get $a) (local.get $d)) (i32.const 16)) (local.get $b)))
      (local.set $c (i32.add (local.get $c) (local.get $a)))
      (local.set $b (i32.rotl (i32.xor (local.get $b) (local.get $c)) (i32.const 12)))
      (local.set $d (i32.xor (i32.and (local.get $a) (local.get $b)) (i32.rotr (local.get $d) (i32.const 7))))
      (local.set $a (i32.sub (local.get $a) (i32.shr_u (local.get $c) (i32.const 3))))
      (br_if $rounds (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.xor (local.get $a) (local.get $d))))`;

const interpreter = `(module (memory 1)
  (data (i32.const 0) "\\00\\01\\02\\03\\04\\05\\06\\03\\02\\01\\07")
  (func (export "run") (param $left i32) (result i32)
    (local $pc i32) (local $x i32) (local $y i32) (local $op i32)
    (local.set $x (i32.const 7)) (local.set $y (i32.const 1))
    (loop $next
      (local.set $op (i32.load8_u (local.get $pc)))
      (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
      (block $again (block $xor5 (block $odd (block $rotate (block $shift (block $xor (block $mul (block $add
        (br_table $add $mul $xor $shift $rotate $odd $xor5 $again (local.get $op)))
        (local.set $y (i32.add (local.get $y) (local.get $x))) (br $next))
        (local.set $x (i32.mul (local.get $x) (i32.const 31))) (br $next))
        (local.set $y (i32.xor (local.get $y) (local.get $x))) (br $next))
        (local.set $x (i32.add (local.get $x) (i32.shr_s (local.get $y) (i32.const 3)))) (br $next))
        (local.set $y (i32.rotl (local.get $y) (i32.const 5))) (br $next))
        (if (i32.and (local.get $y) (i32.const 1)) (then (local.set $x (i32.add (local.get $x) (i32.const 1))))) (br $next))
        (local.set $x (i32.xor (local.get $x) (i32.const 0x55))) (br $next))
      (local.set $pc (i32.const 0))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.get $y)))`;

const dispatch = `(module (type $op (func (param i32 i32) (result i32)))
  (table 4 funcref) (elem (i32.const 0) $add $xor $rotate $mix)
  (func $add (type $op) (i32.add (local.get 0) (local.get 1)))
  (func $xor (type $op) (i32.xor (local.get 0) (local.get 1)))
  (func $rotate (type $op) (i32.rotl (local.get 0) (local.get 1)))
  (func $mix (type $op) (if (result i32) (i32.and (local.get 0) (i32.const 1))
    (then (call $add (local.get 0) (i32.const 3))) (else (i32.shr_u (local.get 0) (i32.const 1)))))
  (func (export "run") (param $n i32) (result i32) (local $x i32)
    (loop $calls
      (local.set $x (call_indirect (type $op) (local.get $x) (local.get $n) (i32.and (local.get $n) (i32.const 3))))
      (br_if $calls (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x)))`;

const sorting = `(module (memory 4)
  (func $at (param i32) (result i32) (i32.load (i32.shl (local.get 0) (i32.const 2))))
  (func $set (param i32 i32) (i32.store (i32.shl (local.get 0) (i32.const 2)) (local.get 1)))
  (func $sort (param $low i32) (param $high i32) (local $i i32) (local $j i32) (local $pivot i32) (local $swap i32)
    (if (i32.ge_s (local.get $low) (local.get $high)) (then (return)))
    (local.set $i (local.get $low)) (local.set $j (local.get $high))
    (local.set $pivot (call $at (i32.shr_u (i32.add (local.get $low) (local.get $high)) (i32.const 1))))
    (loop $part
      (block $found (loop $up (br_if $found (i32.ge_u (call $at (local.get $i)) (local.get $pivot)))
        (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $up)))
      (block $found (loop $down (br_if $found (i32.le_u (call $at (local.get $j)) (local.get $pivot)))
        (local.set $j (i32.sub (local.get $j) (i32.const 1))) (br $down)))
      (if (i32.le_s (local.get $i) (local.get $j)) (then
        (local.set $swap (call $at (local.get $i)))
        (call $set (local.get $i) (call $at (local.get $j)))
        (call $set (local.get $j) (local.get $swap))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (local.set $j (i32.sub (local.get $j) (i32.const 1)))))
      (br_if $part (i32.le_s (local.get $i) (local.get $j))))
    (call $sort (local.get $low) (local.get $j))
    (call $sort (local.get $i) (local.get $high)))
  (func (export "run") (param $n i32) (result i32) (local $i i32) (local $seed i32)
    (local.set $seed (i32.const 12345))
    (loop $fill
      (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
      (call $set (local.get $i) (local.get $seed))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (call $sort (i32.const 0) (i32.sub (local.get $n) (i32.const 1)))
    (call $at (i32.shr_u (local.get $n) (i32.const 1)))))`;

/** Compute-bound guests of different shapes. */
export const kernels: Readonly<Record<string, Kernel>> = {
  "calls itself": { text: recursion, small: 12, large: 25 },
  "multiplies matrices": { text: matrix, small: 8, large: 90 },
  "sieves primes": { text: sieve, small: 1_000, large: 1_000_000 },
  "mixes bits": { text: mixing, small: 100, large: 1_000_000 },
  "interprets bytecode": { text: interpreter, small: 50, large: 200_000 },
  "calls through a table": { text: dispatch, small: 200, large: 1_000_000 },
  "sorts numbers": { text: sorting, small: 100, large: 50_000 },
};
