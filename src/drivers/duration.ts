import { driverLimits } from "../limits.ts";

/** A duration in milliseconds, or why the text is none that can be timed. */
export type DurationReading =
  | { readonly ok: true; readonly ms: number }
  | { readonly ok: false; readonly reason: string };

const shape = /^P(?:(\d+)W|(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,3}))?S)?)?)$/u;

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * Reads an ISO 8601 duration of a fixed length: weeks, or days, hours, minutes and seconds, such as
 * `PT1M`, `P1DT12H` or `PT1.5S`.
 *
 * Years and months are refused, because their length varies; so are signs, lower case, other
 * fractions, and a period that is out of {@link driverLimits}.
 *
 * @param text The duration, as a manifest writes it.
 * @returns Whole milliseconds, or a reason without any of the text.
 */
export function readDuration(text: string): DurationReading {
  if (text.length > driverLimits.durationCharacters.default) {
    return refused(`it has more than ${driverLimits.durationCharacters.default} characters`);
  }
  const parts = shape.exec(text);
  if (parts === null || !/\d/u.test(text) || text.endsWith("T")) {
    return refused(
      /^P[\dTYMWDHS.]+$/u.test(text) && /Y|^P[^T]*M/u.test(text)
        ? "years and months have no fixed length"
        : "it is not an ISO 8601 duration such as PT1M or P1DT12H",
    );
  }
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts
    .slice(1, 6)
    .map((digits) => Number(digits ?? 0));
  const thousandths = Number((parts[6] ?? "").padEnd(3, "0"));
  const ms =
    weeks * 7 * day + days * day + hours * hour + minutes * minute + seconds * second + thousandths;
  const { shortestPeriodMs, longestPeriodMs } = driverLimits;
  if (ms < shortestPeriodMs.default) return refused("it is shorter than one second");
  if (ms > longestPeriodMs.default) return refused("it is longer than 24 days");
  return { ok: true, ms };
}

function refused(reason: string): DurationReading {
  return { ok: false, reason };
}
