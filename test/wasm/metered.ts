import { meterModule } from "../../src/wasm/meter.ts";
import { type Meter, type MeterOptions, openMeter } from "../../src/wasm/meter-account.ts";
import { wasm } from "./wasm-text.ts";

/** Bounds that no test reaches unless it sets its own. */
const plenty: MeterOptions = {
  memoryBytes: 64 * 1024 * 1024,
  tableElements: 100_000,
  mayContinue: () => true,
};

/** A meter for a test. */
export function testMeter(options: Partial<MeterOptions> = {}): Meter {
  return openMeter({ ...plenty, ...options });
}

/** Functions that a test module exports. */
export type Functions = Record<string, (...values: (number | bigint)[]) => number | bigint>;

/** Instantiates a module given as text, metered by `meter`. */
export async function metered(
  text: string,
  meter: Meter,
  imports: WebAssembly.Imports = {},
): Promise<Functions> {
  const bytes = meterModule(await wasm(text));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    ...imports,
    ...meter.imports,
  });
  return instance.exports as Functions;
}

/** What a call threw. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}
