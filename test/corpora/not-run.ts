import type { WasmFeature } from "../../src/wasm/artifact.types.ts";

/** Features of the suite that guests may not use, and why: their modules are refused, not run. */
export const refusedFeatures: Partial<Record<WasmFeature, string>> = {
  gc: "garbage-collected arrays escape every memory bound",
  "function-references": "came with garbage collection; no toolchain of ours needs it",
  memory64: "a 64-bit memory escapes the bounds of the meter's 32-bit lengths",
  threads: "guests share no memory",
};

/**
 * Features that engines of the supported Node versions lack, as the smallest module that needs each:
 * where it does not validate, modules with the feature are metered but can't be run.
 */
export const engineFeatures: Partial<Record<WasmFeature, string>> = {
  "multi-memory": "(module (memory 1) (memory 1))",
  "extended-constants": "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))",
  "relaxed-simd":
    "(module (func (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1))))",
  exceptions: "(module (tag) (func (block (try_table (catch_all 0)))))",
  "tail-calls": "(module (func $f (return_call $f)))",
};

/** An assertion that does not come out as the suite says, and why. */
export interface Deviation {
  readonly script: string;
  /** The assertion's text begins like this, white space collapsed. */
  readonly form: string;
  readonly reason: string;
  /** It holds only where the engine lacks this. */
  readonly lacking?: WasmFeature;
}

const maxima = "clamping gives every table and memory a maximum, so that imports with one take it";
const closed =
  "clamping takes one artifact for the whole guest: what its own code can't grow stays";
const unrun = "a module in between, which changes what is read here, needs multi-memory";

function each(script: string, reason: string, forms: readonly string[]): readonly Deviation[] {
  return forms.map((form) => ({ script, form, reason }));
}

/** Assertions that clamping changes, or that depend on modules that an engine can't run. */
export const deviations: readonly Deviation[] = [
  ...each("imports.wast", maxima, [
    '(assert_unlinkable (module (import "test-table-10-inf"',
    '(assert_unlinkable (module (import "test-table-10-20"',
    '(assert_unlinkable (module (import "test-memory-2-inf"',
    '(assert_unlinkable (module (import "test-memory-2-4"',
  ]),
  ...each("multi-memory/imports2.wast", maxima, [
    '(assert_unlinkable (module (import "test" "memory-2-inf" (memory 2 3',
  ]),
  ...each("linking.wast", closed, [
    '(assert_return (invoke $Pm "grow"',
    '(assert_return (invoke $Mm "load" (i32.const 327670)',
    "(assert_trap (module ;; Note: the memory is 5 pages large",
  ]),
  ...each("multi-memory/linking2.wast", closed, ['(assert_return (invoke $Pm "grow"']),
  ...each("multi-memory/memory_grow.wast", closed, [
    '(assert_return (invoke "grow1"',
    '(assert_return (invoke "grow2"',
    '(assert_return (invoke "size1"',
    '(assert_return (invoke "size2"',
  ]),
  {
    script: "multi-memory/linking0.wast",
    form: '(assert_return (invoke $Mt "call" (i32.const 7))',
    reason: unrun,
    lacking: "multi-memory",
  },
  {
    script: "multi-memory/load1.wast",
    form: '(assert_return (invoke $M "read" (i32.const 2',
    reason: unrun,
    lacking: "multi-memory",
  },
];
