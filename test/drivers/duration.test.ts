import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readDuration } from "../../src/drivers/duration.ts";
import { driverLimits } from "../../src/limits.ts";

const ms = (text: string) => {
  const read = readDuration(text);
  return read.ok ? read.ms : read.reason;
};

describe("[timer/durations] a duration", () => {
  test.each([
    ["PT1S", 1_000],
    ["PT1.5S", 1_500],
    ["PT1.05S", 1_050],
    ["PT1.005S", 1_005],
    ["PT1M", 60_000],
    ["PT90M", 5_400_000],
    ["PT1H30M", 5_400_000],
    ["P1D", 86_400_000],
    ["P1DT12H", 129_600_000],
    ["P1W", 604_800_000],
    ["P24D", 24 * 86_400_000],
    ["PT01M", 60_000],
    ["P0DT1S", 1_000],
  ])("%s is %d ms", (text, expected) => expect(ms(text)).toBe(expected));

  test.each([
    "",
    "P",
    "PT",
    "P1DT",
    "T1M",
    "1M",
    "PT1",
    "PTM",
    "pt1m",
    "PT1m",
    " PT1M",
    "PT1M ",
    "PT1M\n",
    "+PT1M",
    "-PT1M",
    "PT-1M",
    "PT+1M",
    "PT1M1H",
    "PT1S1M",
    "PT1M1M",
    "PT1.S",
    "PT.5S",
    "PT1.5M",
    "PT1,5S",
    "PT1.0005S",
    "P1WT1S",
    "P1W1D",
    "PT1e3S",
    "PT0x10S",
    "PT１S",
    "PT1M;PT1M",
    "P1D/P1D",
    "R5/PT1M",
  ])("%j is refused as none", (text) => {
    expect(ms(text)).toBe("it is not an ISO 8601 duration such as PT1M or P1DT12H");
  });

  test.each(["P1Y", "P1M", "P1Y2M", "P1M1DT1H"])(
    "%s is refused because months have no fixed length",
    (text) => expect(ms(text)).toBe("years and months have no fixed length"),
  );

  test("is at least shortestPeriodMs", () => {
    expect(ms("PT1S")).toBe(driverLimits.shortestPeriodMs.default);
    expect(ms("PT0.999S")).toBe("it is shorter than one second");
    expect(ms("PT0S")).toBe("it is shorter than one second");
  });

  test("is at most longestPeriodMs", () => {
    expect(ms("P24D")).toBe(driverLimits.longestPeriodMs.default);
    expect(ms("P24DT0.001S")).toBe("it is longer than 24 days");
    expect(ms(`PT${"9".repeat(30)}S`)).toBe("it is longer than 24 days");
  });

  test("has at most durationCharacters", () => {
    const most = driverLimits.durationCharacters.default;
    expect(ms(`PT${"0".repeat(most - 4)}1S`)).toBe(1_000);
    expect(ms(`PT${"0".repeat(most - 3)}1S`)).toBe(`it has more than ${most} characters`);
    expect(ms(`P${"9".repeat(1_000_000)}`)).toBe(`it has more than ${most} characters`);
  });

  test("is read as it was written, whatever its parts", () => {
    const part = fc.option(fc.nat(1_000), { nil: undefined });
    fc.assert(
      fc.property(part, part, part, part, fc.nat(999), (days, hours, minutes, seconds, left) => {
        const time = [
          hours === undefined ? "" : `${hours}H`,
          minutes === undefined ? "" : `${minutes}M`,
          seconds === undefined ? "" : `${seconds}.${`${left}`.padStart(3, "0")}S`,
        ].join("");
        const text = `P${days === undefined ? "" : `${days}D`}${time === "" ? "" : `T${time}`}`;
        const expected =
          (days ?? 0) * 86_400_000 +
          (hours ?? 0) * 3_600_000 +
          (minutes ?? 0) * 60_000 +
          (seconds === undefined ? 0 : seconds * 1_000 + left);
        const read = readDuration(text);
        const isTimeable = expected >= 1_000 && expected <= driverLimits.longestPeriodMs.default;
        expect(read.ok).toBe(isTimeable);
        if (read.ok) expect(read.ms).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  test("never throws, and gives whole milliseconds in bounds, whatever the text", () => {
    const pieces = fc.constantFrom("P", "T", "1", "0", "9", ".", "Y", "M", "W", "D", "H", "S", "-");
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces).map((parts) => `P${parts.join("")}`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const read = readDuration(text);
        if (!read.ok) {
          expect(read.reason).not.toBe("");
          return;
        }
        expect(Number.isSafeInteger(read.ms)).toBe(true);
        expect(read.ms).toBeGreaterThanOrEqual(driverLimits.shortestPeriodMs.default);
        expect(read.ms).toBeLessThanOrEqual(driverLimits.longestPeriodMs.default);
      }),
      { numRuns: 5_000 },
    );
  });
});
