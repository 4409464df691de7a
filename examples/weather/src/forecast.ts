import { ToolError } from "yoi-plugin-sdk/pdk";
import type { Reading } from "./readings.ts";
import type { Report } from "./summary.ts";
import { chart, column, dayLabel, hourLabel, known } from "./text.ts";

const day = 1440;
const stepMinutes = 180;

/**
 * Forecasts 24 hours: the sky from the air pressure and where it is going, the temperatures from the
 * same hours of the days before. A rule of thumb, as on a barometer; no weather service.
 */
export function forecast(readings: readonly Reading[]): Report {
  const last = readings.at(-1);
  const first = readings[0];
  if (last === undefined || first === undefined || last.minute - first.minute < day - stepMinutes) {
    throw new ToolError("invalid_input", "A forecast needs at least a day of readings.");
  }
  const { pressure, change } = pressureOf(readings, last.minute);
  const outlook = outlookOf(pressure, change);
  const hours = Array.from({ length: day / stepMinutes }, (_, index) => {
    const minute = last.minute + (index + 1) * stepMinutes;
    return { minute, temperature: expected(readings, last.minute, minute) };
  });
  const temperatures = known(hours.map(({ temperature }) => temperature));
  if (temperatures.length === 0) {
    throw new ToolError("invalid_input", "No reading has a temperature.");
  }
  const low = Math.min(...temperatures);
  const high = Math.max(...temperatures);
  const trend = change > 0.5 ? "rising" : change < -0.5 ? "falling" : "steady";
  return {
    headline: `${outlook}; ${low.toFixed(0)} to ${high.toFixed(0)} °C in the next 24 hours`,
    report: [
      `Pressure ${pressure.toFixed(1)} hPa, ${trend} (${change >= 0 ? "+" : ""}${change.toFixed(1)} in 6 hours): ${outlook.toLowerCase()}.`,
      "",
      ...hours.map(({ minute, temperature }) => {
        const bar = chart([temperature], low, high);
        return `${dayLabel(minute)} ${hourLabel(minute)}${column(temperature, 7)} °C ${bar}`;
      }),
    ].join("\n"),
  };
}

function pressureOf(
  readings: readonly Reading[],
  now: number,
): { readonly pressure: number; readonly change: number } {
  const recent = readings.filter((reading) => reading.minute >= now - 360);
  const [before, ...after] = known(recent.map(({ pressure }) => pressure));
  const pressure = after.at(-1);
  if (before === undefined || pressure === undefined) {
    throw new ToolError(
      "invalid_input",
      "A forecast needs two pressure readings from the last six hours.",
    );
  }
  return { pressure, change: pressure - before };
}

function outlookOf(pressure: number, change: number): string {
  if (change <= -4) return pressure < 1000 ? "Storm" : "Rain and wind soon";
  if (change <= -1.5) return pressure < 1010 ? "Rain" : "Clouding over, rain later";
  if (change >= 1.5) return pressure < 1005 ? "Showers, then clearing" : "Clearing";
  if (pressure >= 1020) return "Fine";
  return pressure >= 1010 ? "Fair" : "Changeable, showers at times";
}

/** The mean of that hour on the days before, moved by how much the last day differs from the earlier ones. */
function expected(readings: readonly Reading[], now: number, minute: number): number | undefined {
  const sameHour = readings.filter((reading) => {
    const apart = Math.abs(reading.minute - minute) % day;
    return Math.min(apart, day - apart) < stepMinutes / 2;
  });
  const usual = mean(known(sameHour.map(({ temperature }) => temperature)));
  const today = readings.filter((reading) => reading.minute > now - day);
  const shift =
    mean(known(today.map(({ temperature }) => temperature))) -
    mean(known(readings.map(({ temperature }) => temperature)));
  return Number.isNaN(usual) ? undefined : usual + shift;
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
