import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, it } from "vitest";
import { meterModule } from "../../src/wasm/meter.ts";

/** Runs `f` of a metered module and grants it so many slices; says how it ended. */
async function runWithSlices(body: string, slices: number): Promise<"trapped" | "returned"> {
  const module = await parse(`(module (func (export "f") ${body}))`);
  const fuel = new WebAssembly.Global({ value: "i64", mutable: true }, 1000n);
  let left = slices;
  const refill = () => {
    left -= 1;
    fuel.value += 1000n;
    return left >= 0 ? 1 : 0;
  };
  const imports = { "yoi:meter": { refill, grow: () => 1, fuel } };
  const { instance } = await WebAssembly.instantiate(meterModule(module), imports);
  try {
    (instance.exports.f as () => void)();
    return "returned";
  } catch (error) {
    expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
    return "trapped";
  }
}

// Going round a loop that does nothing else costs fuel too; a loop whose top is paid by whoever goes
// there once let the shapes below go round for nothing. This file hangs if one does.
describe("an endless loop pays for every turn", () => {
  it.each([
    "(loop $l (br $l))",
    "nop (loop $l (br $l))",
    "(loop $l (drop (i32.const 1)) (br $l))",
    "(loop $l (block (br $l)))",
    "(loop $l (loop $k (br $k)))",
    "(loop $l (loop $k (br $l)))",
    "(loop $l (loop $k (loop $m (br $k))))",
    "(loop $l (block $b (loop $k (br $b))) (br $l))",
    "(loop $l (br_if $l (i32.const 1)))",
    "(loop $l (if (i32.const 1) (then (br $l))))",
    "(loop $l (if (i32.const 0) (then) (else (br $l))))",
    "(loop $l (br_table $l $l (i32.const 0)))",
    "(loop $l (block $b (br_table $b $l $b (i32.const 1))))",
    "(block (loop $l (br_if 1 (i32.const 0)) (br $l)))",
  ])("%s", async (body) => {
    expect(await runWithSlices(body, 3)).toBe("trapped");
  });

  it("and a loop that ends returns", async () => {
    expect(await runWithSlices("(loop $l (br_if $l (i32.const 0)))", 3)).toBe("returned");
  });
});
