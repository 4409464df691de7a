import { describe, expect, test, vi } from "vitest";
import {
  createWasi,
  readWasiOptions,
  type WasiOptions,
  wasiInterfaces,
} from "../../../src/host-api/wasi/wasi.ts";
import { wasiLimits } from "../../../src/limits.ts";

function standIns(options?: WasiOptions) {
  const interfaces = createWasi(
    wasiInterfaces,
    {
      log: () => {},
      stop(reason) {
        throw reason;
      },
    },
    options,
  );
  // biome-ignore lint/suspicious/noExplicitAny: the stand-ins are what generated code calls
  return (name: string) => interfaces[name] as any;
}

const moment = Date.UTC(2030, 0, 1);

describe("[wasi/frozen] a frozen clock", () => {
  test("stands still however long the guest works", () => {
    const ticking = vi.spyOn(performance, "now");
    try {
      const named = standIns({ clock: { now: moment } });
      ticking.mockImplementation(() => 1e9);
      expect(named("wasi:clocks/wall-clock").now()).toEqual({
        seconds: BigInt(moment / 1000),
        nanoseconds: 0,
      });
      expect(named("wasi:clocks/monotonic-clock").now()).toBe(0n);
    } finally {
      ticking.mockRestore();
    }
  });

  test("moves on by exactly what the guest sleeps", () => {
    const named = standIns({ clock: { now: moment } });
    const monotonic = named("wasi:clocks/monotonic-clock");
    monotonic.subscribeDuration(1_500_000_000n).block();
    expect(monotonic.now()).toBe(1_500_000_000n);
    monotonic.subscribeInstant(2_000_000_000n).block();
    expect(monotonic.now()).toBe(2_000_000_000n);
    expect(named("wasi:clocks/wall-clock").now()).toEqual({
      seconds: BigInt(moment / 1000 + 2),
      nanoseconds: 0,
    });
  });
});

describe("[wasi/frozen] seeded randomness", () => {
  test("gives SplitMix64's numbers", () => {
    const named = standIns({ random: { seed: 1_234_567 } });
    const { getRandomU64 } = named("wasi:random/random");
    expect([getRandomU64(), getRandomU64(), getRandomU64()]).toEqual([
      6_457_827_717_110_365_317n,
      3_203_168_211_198_807_973n,
      9_817_491_932_198_370_423n,
    ]);
  });

  test("gives each fresh instance the same, another seed others", () => {
    const draw = (seed: number) => {
      const named = standIns({ random: { seed } });
      return [
        named("wasi:random/random").getRandomBytes(13n),
        named("wasi:random/insecure").getInsecureRandomU64(),
        named("wasi:random/insecure-seed").insecureSeed(),
      ];
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  test("gives as many bytes as were asked for, within the bound", () => {
    const { getRandomBytes } = standIns({ random: { seed: 0 } })("wasi:random/random");
    for (const length of [0, 1, 7, 8, 9, wasiLimits.randomBytes.default]) {
      expect(getRandomBytes(BigInt(length))).toHaveLength(length);
    }
    expect(() => getRandomBytes(BigInt(wasiLimits.randomBytes.default + 1))).toThrow();
  });
});

describe("options", () => {
  test("unless given, time passes and randomness is the engine's", () => {
    const named = standIns();
    const { seconds } = named("wasi:clocks/wall-clock").now();
    expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(60);
    const { getRandomBytes } = named("wasi:random/random");
    expect(getRandomBytes(32n)).not.toEqual(getRandomBytes(32n));
  });

  test("are plain data, copied and frozen, that crosses threads", () => {
    const given = { clock: { now: 1 }, random: { seed: 2 }, more: () => {} };
    const read = readWasiOptions(given);
    given.clock.now = 3;
    expect(structuredClone(read)).toEqual({ clock: { now: 1 }, random: { seed: 2 } });
    expect(Object.isFrozen(read) && Object.isFrozen(read.clock)).toBe(true);
    expect(readWasiOptions()).toEqual({});
  });

  test.each([-1, 0.5, Number.NaN, 1e300, "1", null, undefined])("refuse %j", (number) => {
    const wrong = number as number;
    expect(() => readWasiOptions({ clock: { now: wrong } })).toThrow(/clock.now/);
    expect(() => readWasiOptions({ random: { seed: wrong } })).toThrow(/random.seed/);
  });
});
