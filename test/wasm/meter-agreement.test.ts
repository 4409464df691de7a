import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isPluginError } from "../../src/errors.ts";
import { meterModule } from "../../src/wasm/meter.ts";
import { countEveryInstruction } from "./counting.ts";
import { testMeter, thrownBy } from "./metered.ts";
import { generateEndlessModule, generateModule } from "./module-generator.ts";

const host = { twice: (value: number) => value * 2 };

/** What a run shows from outside: its outcome, and what it left behind. */
interface Run {
  readonly outcome: string;
  readonly memory: string;
  readonly plain: number;
  /** Fuel spent, or instructions counted. */
  readonly count: number;
}

function run(
  bytes: Uint8Array<ArrayBuffer>,
  meterImports: WebAssembly.Imports,
  count: () => number,
): Run {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    host,
    ...meterImports,
  });
  const exports = instance.exports as {
    run(value: number): number;
    memory: WebAssembly.Memory;
    plain: WebAssembly.Global;
    count?: WebAssembly.Global;
  };
  let outcome: string;
  try {
    outcome = `returned ${exports.run(5)}`;
  } catch (error) {
    outcome = error instanceof Error ? error.message : "exception";
  }
  return {
    outcome,
    memory: Buffer.from(exports.memory.buffer).subarray(0, 8192).toString("base64"),
    plain: exports.plain.value,
    count: exports.count === undefined ? count() : Number(exports.count.value),
  };
}

function runMetered(bytes: Uint8Array<ArrayBuffer>, sliceFuel: number): Run {
  const meter = testMeter({ sliceFuel });
  meter.begin(Number.MAX_SAFE_INTEGER);
  return run(bytes, meter.imports, () => meter.spent);
}

const choices = fc.uint8Array({ minLength: 20, maxLength: 400 });

describe("a metered module", () => {
  test("does what the plain one does, and pays for exactly the instructions that run", () => {
    let returned = 0;
    fc.assert(
      fc.property(choices, (stream) => {
        const bytes = generateModule(stream);
        const metered = meterModule(bytes);
        const counted = run(countEveryInstruction(bytes), {}, () => 0);
        const large = runMetered(metered, 1_000_000);
        const small = runMetered(metered, 7);
        expect(large.outcome).toBe(counted.outcome);
        expect(large.memory).toBe(counted.memory);
        expect(large.plain).toBe(counted.plain);
        expect(small).toEqual(large);
        // A trap or an exception leaves some paid code unrun, and some unpaid.
        if (!counted.outcome.startsWith("returned")) return;
        returned += 1;
        expect(large.count).toBe(counted.count);
      }),
      { numRuns: 400 },
    );
    expect(returned).toBeGreaterThan(100);
  });

  test("is valid for an engine exactly when the plain one is, or refused", () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    let valid = 0;
    let invalid = 0;
    fc.assert(
      fc.property(choices, changes, (stream, changed) => {
        const bytes = generateModule(stream);
        for (const [place, value] of changed) bytes[8 + (place % (bytes.length - 8))] = value;
        const error = thrownBy(() => {
          const metered = meterModule(bytes);
          expect(WebAssembly.validate(metered)).toBe(WebAssembly.validate(bytes));
        });
        if (error === undefined) {
          if (WebAssembly.validate(bytes)) valid += 1;
          else invalid += 1;
        } else if (!isPluginError(error)) {
          throw error;
        }
      }),
      { numRuns: 1_000 },
    );
    expect(valid).toBeGreaterThan(20);
    expect(invalid).toBeGreaterThan(20);
  });

  test("that does not end by itself is ended at its budget", () => {
    const counted = 60_000;
    const budget = 50_000;
    let endless = 0;
    fc.assert(
      fc.property(choices, fc.integer({ min: 1, max: 100 }), (stream, sliceFuel) => {
        const bytes = generateEndlessModule(stream);
        const plain = run(countEveryInstruction(bytes, counted), {}, () => 0);
        const meter = testMeter({ sliceFuel });
        meter.begin(budget);
        const paid = run(meterModule(bytes), meter.imports, () => meter.spent);
        // A metered function has one local more, so that stacks differ in depth.
        if (isStackOverflow(plain) || isStackOverflow(paid)) return;
        if (plain.count > counted) {
          endless += 1;
          expect(meter.end).toBe("out-of-fuel");
        } else if (plain.count <= budget && plain.outcome.startsWith("returned")) {
          expect(paid).toEqual(plain);
        }
      }),
      { numRuns: 300 },
    );
    expect(endless).toBeGreaterThan(30);
  });
});

function isStackOverflow({ outcome }: Run): boolean {
  return outcome.includes("call stack");
}
