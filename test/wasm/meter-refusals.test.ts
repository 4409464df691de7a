import { describe, expect, test } from "vitest";
import { isPluginError } from "../../src/errors.ts";
import type { WasmFeature } from "../../src/wasm/artifact.types.ts";
import { meterModule } from "../../src/wasm/meter.ts";
import { featureBit, plainOpcodes, prefixedOpcodes } from "../../src/wasm/opcode.ts";
import { metered, testMeter, thrownBy } from "./metered.ts";
import { wasm } from "./wasm-text.ts";

async function refusal(text: string): Promise<string> {
  return refusalOf(await wasm(text));
}

function refusalOf(bytes: Uint8Array): string {
  const error = thrownBy(() => meterModule(bytes));
  return isPluginError(error) ? error.code : `not refused: ${String(error)}`;
}

function featuresMask(features: readonly WasmFeature[]): number {
  return features.reduce((mask, feature) => mask | featureBit(feature), 0);
}

/** A module of raw sections: a type `() -> ()`, one function, and its body. */
function moduleOf(body: readonly number[], globals: readonly number[] = []): Uint8Array {
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...[1, 4, 1, 0x60, 0, 0],
    ...[3, 2, 1, 0],
    ...globals,
    ...[10, body.length + 3, 1, body.length + 1, 0, ...body],
  ]);
}

describe("a guest that reaches for the meter", () => {
  test("may not import from its name", async () => {
    expect(await refusal('(module (import "yoi:meter" "fuel" (global (mut i64))))')).toBe(
      "artifact/unknown-import",
    );
    expect(await refusal('(module (import "yoi:meter" "x" (func)))')).toBe(
      "artifact/unknown-import",
    );
  });

  test("finds no local, global, function or type that metering adds", () => {
    const one = [0x42, 1, 0x0b];
    expect(refusalOf(moduleOf([0x20, 0, 0x1a, 0x0b]))).toBe("artifact/malformed"); // local.get
    expect(refusalOf(moduleOf([...one.slice(0, 2), 0x21, 0, 0x0b]))).toBe("artifact/malformed");
    expect(refusalOf(moduleOf([...one.slice(0, 2), 0x22, 0, 0x1a, 0x0b]))).toBe(
      "artifact/malformed",
    );
    expect(refusalOf(moduleOf([0x23, 0, 0x1a, 0x0b]))).toBe("artifact/malformed"); // global.get
    expect(refusalOf(moduleOf([...one.slice(0, 2), 0x24, 0, 0x0b]))).toBe("artifact/malformed");
    expect(refusalOf(moduleOf([0x10, 1, 0x0b]))).toBe("artifact/malformed"); // call
    expect(refusalOf(moduleOf([0x12, 1, 0x0b]))).toBe("artifact/malformed"); // return_call
    expect(refusalOf(moduleOf([0xd2, 1, 0x1a, 0x0b]))).toBe("artifact/malformed"); // ref.func
    expect(refusalOf(moduleOf([0x02, 1, 0x0b, 0x0b]))).toBe("artifact/malformed"); // block
    expect(refusalOf(moduleOf([0x41, 0, 0x11, 1, 0, 0x0b]))).toBe("artifact/malformed"); // call_indirect
    expect(refusalOf(moduleOf([0x10, 0, 0x0b]))).toBe("not refused: undefined");
  });

  test("finds none where items are declared", async () => {
    const preamble = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 1, 4, 1, 0x60, 0, 0];
    const withSection = (...section: number[]) =>
      refusalOf(Uint8Array.from([...preamble, ...section]));
    expect(withSection(3, 2, 1, 1)).toBe("artifact/malformed"); // a function's type
    expect(withSection(2, 5, 1, 0, 0, 0, 1)).toBe("artifact/malformed"); // an import's type
    expect(withSection(13, 3, 1, 0, 1)).toBe("artifact/malformed"); // a tag's type
    expect(withSection(7, 5, 1, 1, 0x66, 0, 0)).toBe("artifact/malformed"); // an exported function
    expect(withSection(7, 5, 1, 1, 0x66, 3, 0)).toBe("artifact/malformed"); // an exported global
    expect(withSection(8, 1, 0)).toBe("artifact/malformed"); // the start function
    expect(withSection(9, 7, 1, 0, 0x41, 0, 0x0b, 1, 0)).toBe("artifact/malformed"); // an element
    expect(withSection(6, 6, 1, 0x7f, 0, 0x23, 0, 0x0b)).toBe("artifact/unsupported"); // a constant
  });

  test("can't catch being ended, in either encoding of exceptions", async () => {
    const meter = testMeter();
    const { run } = await metered(
      `(module (tag $t) (func (export "run")
        (loop $again
          try (loop $spin (br $spin)) catch_all (br $again) end)))`,
      meter,
    );
    meter.begin(100_000);
    expect(thrownBy(() => run?.())).toBeInstanceOf(WebAssembly.RuntimeError);
    expect(meter.end).toBe("out-of-fuel");
  });
});

describe("metering refuses", () => {
  test("opcodes that nothing here knows", () => {
    for (const opcode of [
      [0x16],
      [0x27],
      [0xc5],
      [0xff],
      [0xfc, 0x12],
      [0xfd, 0x9a, 0x01],
      [0xfe, 0x05],
    ]) {
      expect(refusalOf(moduleOf([...opcode, 0x0b]))).toBe("artifact/unsupported");
    }
  });

  test("every opcode of a feature that admission refuses", () => {
    const refused = featuresMask([
      "gc",
      "function-references",
      "threads",
      "stack-switching",
      "wide-arithmetic",
    ]);
    let opcodes = 0;
    for (let opcode = 0; opcode < 256; opcode += 1) {
      if (((plainOpcodes.features[opcode] as number) & refused) === 0) continue;
      opcodes += 1;
      expect([opcode, refusalOf(moduleOf([opcode, 0, 0, 0, 0x0b]))]).toEqual([
        opcode,
        "artifact/unsupported",
      ]);
    }
    for (const [index, { features }] of prefixedOpcodes.entries()) {
      for (const [sub, needed] of features.entries()) {
        if ((needed & refused) === 0) continue;
        opcodes += 1;
        const body = [0xfb + index, sub | 0x80, 0, 0, 0, 0, 0, 0, 0, 0x0b];
        expect([index, sub, refusalOf(moduleOf(body))]).toEqual([
          index,
          sub,
          "artifact/unsupported",
        ]);
      }
    }
    expect(opcodes).toBeGreaterThan(100);
  });

  test("other uses of such features", async () => {
    for (const text of [
      "(module (memory i64 1))",
      "(module (memory 1 1 shared))",
      "(module (memory 1 1 shared) (func (drop (i32.atomic.load (i32.const 0)))))",
      "(module (table i64 1 funcref))",
      "(module (table 1 funcref (ref.null func)))",
      "(module (type (struct)))",
      "(module (type (array i8)))",
      "(module (rec (type (func)) (type (func))))",
      "(module (type $t (func)) (func (param (ref $t)) (call_ref $t (local.get 0))))",
      "(module (func (drop (ref.i31 (i32.const 1)))))",
      "(module (func (local anyref)))",
      "(module (func (param i64 i64 i64 i64) (result i64 i64) (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3))))",
      "(module (global anyref (ref.null any)))",
    ]) {
      expect([text, await refusal(text)]).toEqual([text, "artifact/unsupported"]);
    }
  });

  test("modules whose parts do not fit", () => {
    const preamble = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
    const of = (...bytes: number[]) => refusalOf(Uint8Array.from([...preamble, ...bytes]));
    expect(refusalOf(Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]))).toBe(
      "artifact/malformed",
    );
    expect(of(1, 4, 1, 0x60, 0)).toBe("artifact/malformed"); // a section that is cut
    expect(of(1, 5, 1, 0x60, 0, 0, 0)).toBe("artifact/malformed"); // bytes left over
    expect(of(1, 4, 1, 0x60, 0, 0, 1, 1, 0)).toBe("artifact/malformed"); // twice
    expect(of(3, 1, 0, 1, 1, 0)).toBe("artifact/malformed"); // out of order
    expect(of(14, 1, 0)).toBe("artifact/unsupported"); // an unknown section
    expect(of(1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0)).toBe("artifact/malformed"); // no body
    expect(refusalOf(moduleOf([0x0b, 0x0b]))).toBe("artifact/malformed"); // an end too many
    expect(refusalOf(moduleOf([0x02, 0x40, 0x0b]))).toBe("artifact/malformed"); // one too few
    expect(refusalOf(moduleOf([0x05, 0x0b]))).toBe("artifact/malformed"); // an else alone
    expect(refusalOf(moduleOf([0x0c, 1, 0x0b]))).toBe("artifact/malformed"); // a label that is not there
    expect(refusalOf(moduleOf([0x41, 0, 0x40, 0, 0x1a, 0x0b]))).toBe("artifact/malformed"); // no memory
  });
});
