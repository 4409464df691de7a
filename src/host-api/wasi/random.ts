import { wasiLimits } from "../../limits.ts";
import { engineRandom, seededRandom } from "./random-source.ts";
import type { WasiContext } from "./wasi-context.ts";
import type { WasiOptions } from "./wasi-options.ts";

/** @returns `wasi:random/{random,insecure,insecure-seed}` for one guest instance. */
export function createRandom(
  context: WasiContext,
  { random }: WasiOptions = {},
): {
  readonly random: object;
  readonly insecure: object;
  readonly insecureSeed: object;
} {
  const source = random === undefined ? engineRandom : seededRandom(random.seed);
  const bytes = (length: bigint): Uint8Array => {
    // The length is the guest's word, and the host allocates it.
    if (length > BigInt(wasiLimits.randomBytes.default)) {
      context.stop({
        code: "runtime/limit",
        message: "The guest asked for too many random bytes at once.",
      });
    }
    const filled = new Uint8Array(Number(length));
    source.fill(filled);
    return filled;
  };
  const u64 = (): bigint => source.u64();
  return {
    random: { getRandomBytes: bytes, getRandomU64: u64 },
    insecure: { getInsecureRandomBytes: bytes, getInsecureRandomU64: u64 },
    insecureSeed: { insecureSeed: () => [u64(), u64()] },
  };
}
