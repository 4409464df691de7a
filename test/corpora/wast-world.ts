import { defaultLimits, guestLimits } from "../../src/limits.ts";
import { readArtifact } from "../../src/wasm/artifact.ts";
import { clampArtifact } from "../../src/wasm/clamp.ts";
import { meterModule } from "../../src/wasm/meter.ts";
import { openMeter } from "../../src/wasm/meter-account.ts";

/** Where modules of a script live: as they are, or clamped and metered. */
export interface World {
  readonly name: "plain" | "metered" | "clamped and metered";
  /** The bytes that run here. */
  prepare(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
  readonly instances: Map<number, WebAssembly.Exports>;
  readonly registry: Record<string, WebAssembly.Exports>;
  /** What every module gets besides the registry. */
  readonly imports: WebAssembly.Imports;
}

/** Limits that no module of the suite reaches, so that clamping changes nothing that it can see. */
const limits = {
  ...defaultLimits(guestLimits),
  memoryBytes: 2 ** 32,
  tableElements: 10_000_000,
};

/** A world in which modules run as they are. */
export function plainWorld(spectest: WebAssembly.Module): World {
  return {
    name: "plain",
    prepare: (bytes) => bytes,
    instances: new Map(),
    registry: { spectest: new WebAssembly.Instance(spectest).exports },
    imports: {},
  };
}

/** A world in which modules are metered first, or also clamped, and ask for fuel at every turn. */
export function meteredWorld(spectest: WebAssembly.Module, isClamped: boolean): World {
  const meter = openMeter({
    memoryBytes: Number.MAX_SAFE_INTEGER,
    tableElements: Number.MAX_SAFE_INTEGER,
    sliceFuel: isClamped ? 1_000 : 1,
    mayContinue: () => true,
  });
  meter.begin(Number.MAX_SAFE_INTEGER);
  return {
    name: isClamped ? "clamped and metered" : "metered",
    prepare: isClamped ? clampAndMeter : meterModule,
    instances: new Map(),
    registry: { spectest: new WebAssembly.Instance(spectest).exports },
    imports: meter.imports,
  };
}

/** What every guest's modules go through. */
export function clampAndMeter(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return meterModule(clampArtifact(bytes, readArtifact(bytes), limits));
}

/** The module that the suite imports as `spectest`. */
export const spectestText = `(module
  (global (export "global_i32") i32 (i32.const 666))
  (global (export "global_i64") i64 (i64.const 666))
  (global (export "global_f32") f32 (f32.const 666.6))
  (global (export "global_f64") f64 (f64.const 666.6))
  (table (export "table") 10 20 funcref)
  (memory (export "memory") 1 2)
  (func (export "print"))
  (func (export "print_i32") (param i32))
  (func (export "print_i64") (param i64))
  (func (export "print_f32") (param f32))
  (func (export "print_f64") (param f64))
  (func (export "print_i32_f32") (param i32 f32))
  (func (export "print_f64_f64") (param f64 f64)))`;

/** How a call or an instantiation ends. */
export type Ending = "return" | "trap" | "exhaustion" | "exception" | "unlinkable";

/** Runs something and says how it ended, with the engine's words. */
export function endingOf(run: () => void): { readonly ending: Ending; readonly words: string } {
  try {
    run();
    return { ending: "return", words: "" };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    if (error instanceof WebAssembly.LinkError) return { ending: "unlinkable", words };
    if (!(error instanceof Error)) return { ending: "exception", words: "" };
    if (error instanceof RangeError) return { ending: "exhaustion", words: "" };
    if (error instanceof WebAssembly.RuntimeError) return { ending: "trap", words };
    if (error instanceof TypeError) return { ending: "unlinkable", words };
    throw error;
  }
}
