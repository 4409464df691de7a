import { wasiLimits } from "../../limits.ts";
import type { WasiContext } from "./wasi-context.ts";

/** @returns `wasi:random/{random,insecure,insecure-seed}` for one guest instance. */
export function createRandom(context: WasiContext): {
  readonly random: object;
  readonly insecure: object;
  readonly insecureSeed: object;
} {
  const bytes = (length: bigint): Uint8Array => {
    // The length is the guest's word, and the host allocates it.
    if (length > BigInt(wasiLimits.randomBytes.default)) {
      context.stop({
        code: "runtime/limit",
        message: "The guest asked for too many random bytes at once.",
      });
    }
    return crypto.getRandomValues(new Uint8Array(Number(length)));
  };
  const u64 = (): bigint => crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n;
  return {
    random: { getRandomBytes: bytes, getRandomU64: u64 },
    insecure: { getInsecureRandomBytes: bytes, getInsecureRandomU64: u64 },
    insecureSeed: { insecureSeed: () => [u64(), u64()] },
  };
}
