import type { WasmFeature } from "../wasm/artifact.types.ts";

/** Turns a feature on where the engine has it behind a switch; does nothing elsewhere. */
export type EnableFeature = (feature: WasmFeature) => void;

const preamble = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const oneFunction = [0x01, 0x04, 0x01, 0x60, 0x00, 0x00, 0x03, 0x02, 0x01, 0x00];

/** The smallest module that uses a feature which not every engine of ours has. */
const probes: ReadonlyMap<WasmFeature, readonly number[]> = new Map<WasmFeature, readonly number[]>(
  [
    ["extended-constants", [0x06, 0x09, 0x01, 0x7f, 0x00, 0x41, 0x01, 0x41, 0x02, 0x6a, 0x0b]],
    ["multi-memory", [0x05, 0x05, 0x02, 0x00, 0x00, 0x00, 0x00]],
    ["tail-calls", [...oneFunction, 0x0a, 0x06, 0x01, 0x04, 0x00, 0x12, 0x00, 0x0b]],
    ["exceptions", [...oneFunction, 0x0a, 0x08, 0x01, 0x06, 0x00, 0x1f, 0x40, 0x00, 0x0b, 0x0b]],
    ["legacy-exceptions", [...oneFunction, 0x0a, 0x07, 0x01, 0x05, 0x00, 0x06, 0x40, 0x0b, 0x0b]],
    [
      "relaxed-simd",
      // v128.const 0; i32x4.relaxed_trunc_f32x4_s; drop
      [
        ...oneFunction,
        0x0a,
        0x1a,
        0x01,
        0x18,
        0x00,
        0xfd,
        0x0c,
        ...zeros(16),
        0xfd,
        0x81,
        0x02,
        0x1a,
        0x0b,
      ],
    ],
  ],
);

/**
 * Names what a guest uses and this engine does not have.
 *
 * @param features What the guest's bytes use.
 * @returns Those of them that the engine lacks now; a switch may still give them.
 */
export function lackingFeatures(features: readonly WasmFeature[]): readonly WasmFeature[] {
  return features.filter((feature) => !engineHas(feature));
}

/**
 * Says whether this engine runs a WebAssembly feature.
 *
 * @param feature A feature that admission lets in.
 * @returns What the engine says of the smallest module that uses it; `true` for features that every engine has.
 */
function engineHas(feature: WasmFeature): boolean {
  const probe = probes.get(feature);
  return probe === undefined || WebAssembly.validate(Uint8Array.of(...preamble, ...probe));
}

function zeros(count: number): readonly number[] {
  return new Array<number>(count).fill(0);
}
