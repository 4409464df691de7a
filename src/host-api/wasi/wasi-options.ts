import { PluginError } from "../../errors.ts";

/**
 * What a host decides about a guest's clocks and randomness: plain data, so that it can cross threads.
 *
 * Absent parts are the engine's own. What is frozen makes runs repeatable, not guests safer.
 */
export interface WasiOptions {
  /**
   * Stops the clocks at a moment, in milliseconds since 1970. They move on only by what the guest
   * wants to sleep, so that one which waits for a time gets there.
   */
  readonly clock?: { readonly now: number } | undefined;
  /**
   * Takes every random number from this whole number: each fresh instance gets the same ones. They
   * are as guessable as the seed, `wasi:random/random` included.
   */
  readonly random?: { readonly seed: number } | undefined;
}

/** The last moment that a date can say, in milliseconds since 1970. */
const lastMoment = 8_640_000_000_000_000;

/**
 * Checks what a host gave as its options.
 *
 * @param options The host's object.
 * @returns A frozen copy of its known fields.
 * @throws PluginError `options/invalid` when a moment or a seed is no whole number of at least 0.
 */
export function readWasiOptions(options: WasiOptions = {}): WasiOptions {
  const { clock, random } = options;
  return Object.freeze({
    ...(clock === undefined
      ? {}
      : { clock: Object.freeze({ now: wholeNumber("clock.now", clock.now, lastMoment) }) }),
    ...(random === undefined
      ? {}
      : {
          random: Object.freeze({
            seed: wholeNumber("random.seed", random.seed, Number.MAX_SAFE_INTEGER),
          }),
        }),
  });
}

function wholeNumber(name: string, value: unknown, most: number): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most) {
    return value as number;
  }
  throw new PluginError({
    code: "options/invalid",
    phase: "options",
    message: `${name} must be a whole number from 0 to ${most}.`,
  });
}
