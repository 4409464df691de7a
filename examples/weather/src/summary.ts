import { ToolError } from "yoi-plugin-sdk/pdk";
import type { Reading } from "./readings.ts";
import { chart, column, dayLabel, hourLabel, known } from "./text.ts";

/** What a person reads: one line, and the whole. */
export interface Report {
  readonly headline: string;
  readonly report: string;
}

/** Sums up readings day by day, each day with a chart of its temperatures. */
export function summarise(readings: readonly Reading[]): Report {
  const temperatures = known(readings.map(({ temperature }) => temperature));
  if (temperatures.length === 0) {
    throw new ToolError("invalid_input", "No reading has a temperature.");
  }
  const low = Math.min(...temperatures);
  const high = Math.max(...temperatures);
  const days = [...groupByDay(readings)].map(([day, own]) => dayLine(day, own, low, high));
  const rain = sum(readings.map((reading) => reading.rain));
  const warmest = readings.find(({ temperature }) => temperature === high);
  const gaps = readings.length - temperatures.length;
  const period = `${days.length} ${days.length === 1 ? "day" : "days"}`;
  return {
    headline: `${low.toFixed(1)} to ${high.toFixed(1)} °C over ${period}, ${rain.toFixed(1)} mm of rain`,
    report: [
      `             low   high   rain   wind   ${low.toFixed(0)}–${high.toFixed(0)} °C`,
      ...days,
      "",
      `Warmest: ${at(warmest)}, ${high.toFixed(1)} °C.`,
      `Wettest: ${wettest(readings)}.`,
      `${readings.length} readings, ${gaps} without a temperature.`,
    ].join("\n"),
  };
}

function groupByDay(readings: readonly Reading[]): ReadonlyMap<number, readonly Reading[]> {
  const days = new Map<number, Reading[]>();
  for (const reading of readings) {
    const day = Math.floor(reading.minute / 1440) * 1440;
    const own = days.get(day) ?? [];
    own.push(reading);
    days.set(day, own);
  }
  return days;
}

function dayLine(day: number, readings: readonly Reading[], low: number, high: number): string {
  const temperatures = readings.map(({ temperature }) => temperature);
  const winds = known(readings.map(({ wind }) => wind));
  const measured = known(temperatures);
  const cells = [
    measured.length === 0 ? undefined : Math.min(...measured),
    measured.length === 0 ? undefined : Math.max(...measured),
    sum(readings.map(({ rain }) => rain)),
    winds.length === 0 ? undefined : Math.max(...winds),
  ];
  const columns = cells.map((cell) => column(cell, 7)).join("");
  return `${dayLabel(day)}${columns}   ${chart(temperatures, low, high)}`;
}

function wettest(readings: readonly Reading[]): string {
  const days = [...groupByDay(readings)].map(([day, own]) => ({
    day,
    rain: sum(own.map(({ rain }) => rain)),
  }));
  const most = Math.max(...days.map(({ rain }) => rain));
  const day = days.find(({ rain }) => rain === most);
  return most === 0 || day === undefined
    ? "no rain at all"
    : `${dayLabel(day.day)}, ${most.toFixed(1)} mm`;
}

function at(reading: Reading | undefined): string {
  return reading === undefined ? "–" : `${dayLabel(reading.minute)} ${hourLabel(reading.minute)}`;
}

function sum(values: readonly (number | undefined)[]): number {
  return known(values).reduce((total, value) => total + value, 0);
}
