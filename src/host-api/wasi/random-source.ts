/** Where a guest's random numbers come from. */
export interface RandomSource {
  /** Fills bytes that the caller made, at most 64 KiB. */
  fill(bytes: Uint8Array<ArrayBuffer>): void;
  u64(): bigint;
}

/** The engine's own, fit for secrets. */
export const engineRandom: RandomSource = Object.freeze({
  fill: (bytes: Uint8Array<ArrayBuffer>) => void crypto.getRandomValues(bytes),
  u64: () => crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n,
});

const stepOfState = 0x9e37_79b9_7f4a_7c15n;

/**
 * Makes a source whose numbers follow from a seed: the generator SplitMix64, the same everywhere.
 *
 * @param seed A whole number of at least 0.
 * @returns The source, at its beginning.
 */
export function seededRandom(seed: number): RandomSource {
  let state = BigInt.asUintN(64, BigInt(seed));
  const u64 = () => {
    state = BigInt.asUintN(64, state + stepOfState);
    const first = BigInt.asUintN(64, (state ^ (state >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
    const second = BigInt.asUintN(64, (first ^ (first >> 27n)) * 0x94d0_49bb_1331_11ebn);
    return second ^ (second >> 31n);
  };
  return {
    u64,
    fill(bytes) {
      const word = new DataView(new ArrayBuffer(8));
      for (let at = 0; at < bytes.length; at += 8) {
        word.setBigUint64(0, u64(), true);
        bytes.set(new Uint8Array(word.buffer, 0, Math.min(8, bytes.length - at)), at);
      }
    },
  };
}
