import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPluginError } from "../../../src/errors.ts";
import { exposeStart, startExport } from "../../../src/runtime/raw/start-function.ts";
import { wasm } from "../../wasm/wasm-text.ts";

/** A module with so many exported functions, whose start function counts in an exported global. */
function counting(exports: number): Promise<Uint8Array<ArrayBuffer>> {
  const functions = Array.from({ length: exports }, (_, index) => `(func (export "f${index}"))`);
  return wasm(`(module
    (global $count (export "count") (mut i32) (i32.const 0))
    ${functions.join("\n")}
    (func $start (global.set $count (i32.add (global.get $count) (i32.const 1))))
    (start $start)
    (func (export "other")))`);
}

function exportsOf(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
}

describe("a module whose start function was exposed", () => {
  // Counts and sizes around the places where their encoding grows by a byte.
  it.each([0, 1, 125, 126, 127, 128, 200, 3_000])(
    "runs it only when it is called, with %i exports beside it",
    async (exports) => {
      const module = await counting(exports);
      const exposed = exportsOf(exposeStart(module));
      const count = exposed.count as WebAssembly.Global;
      expect(Object.keys(exposed)).toEqual([...Object.keys(exportsOf(module)), startExport]);
      expect(count.value).toBe(0);
      (exposed[startExport] as () => void)();
      expect(count.value).toBe(1);
    },
  );

  it("has an export also when there was none before", async () => {
    const module = await wasm('(module (func $start) (start $start) (memory 1) (data "x"))');
    expect(Object.keys(exportsOf(exposeStart(module)))).toEqual([startExport]);
  });

  it("is what it was when it has none", async () => {
    const module = await wasm('(module (func (export "f")))');
    expect(exposeStart(module)).toBe(module);
  });
});

it("bytes that end early, or say something else, are refused and read no further", async () => {
  const module = await counting(3);
  const change = fc.record({
    length: fc.nat({ max: module.length }),
    at: fc.nat({ max: module.length - 1 }),
    byte: fc.nat({ max: 255 }),
  });
  fc.assert(
    fc.property(change, ({ length, at, byte }) => {
      const changed = module.slice(0, length);
      if (at >= 8 && at < length) changed[at] = byte;
      try {
        exposeStart(changed);
      } catch (error) {
        expect(isPluginError(error) && error.code).toBe("artifact/malformed");
      }
    }),
    { numRuns: 2_000 },
  );
});
