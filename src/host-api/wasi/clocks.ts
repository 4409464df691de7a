import type { WasiIo } from "./io.ts";
import type { WasiOptions } from "./wasi-options.ts";

const nanosPerMilli = 1_000_000;

/**
 * `wasi:clocks/{monotonic-clock,wall-clock}`: the host's time, or one that stands still, and waits that
 * take none.
 *
 * A guest that sleeps would hold its isolate without working. Its clocks move on by what it wanted
 * to sleep instead, so that code which waits for a time gets there.
 *
 * @returns The interfaces for one guest instance.
 */
export function createClocks(
  io: WasiIo,
  { clock }: WasiOptions = {},
): { readonly monotonic: object; readonly wall: object } {
  const monotonicNow = clock === undefined ? () => performance.now() : () => 0;
  const startedAt = monotonicNow();
  let skippedNanos = 0n;
  const elapsed = () =>
    BigInt(Math.round((monotonicNow() - startedAt) * nanosPerMilli)) + skippedNanos;
  const skip = (nanos: bigint) => {
    if (nanos > 0n) skippedNanos += nanos;
  };
  const u64 = (value: bigint) => BigInt.asUintN(64, value);

  const wallStart = BigInt(clock?.now ?? Date.now()) * BigInt(nanosPerMilli);
  return {
    monotonic: {
      now: () => u64(elapsed()),
      resolution: () => BigInt(nanosPerMilli),
      subscribeInstant: (when: bigint) => io.pollable(() => skip(when - elapsed())),
      subscribeDuration: (nanos: bigint) => io.pollable(() => skip(nanos)),
    },
    wall: {
      now() {
        const nanos = u64(wallStart + elapsed());
        return { seconds: nanos / 1_000_000_000n, nanoseconds: Number(nanos % 1_000_000_000n) };
      },
      resolution: () => ({ seconds: 0n, nanoseconds: nanosPerMilli }),
    },
  };
}
