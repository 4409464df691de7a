const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const bars = "▁▂▃▄▅▆▇█";

/** @returns `Mon 10-07`, of a station's minute. */
export function dayLabel(minute: number): string {
  const date = new Date(minute * 60_000);
  return `${weekdays[date.getUTCDay()]} ${date.toISOString().slice(5, 10)}`;
}

/** @returns `14:00`, of a station's minute. */
export function hourLabel(minute: number): string {
  return new Date(minute * 60_000).toISOString().slice(11, 16);
}

/** @returns One bar for each value, `·` where there is none, on one scale from low to high. */
export function chart(values: readonly (number | undefined)[], low: number, high: number): string {
  const step = (high - low) / (bars.length - 1) || 1;
  return values
    .map((value) => (value === undefined ? "·" : bars[Math.round((value - low) / step)]))
    .join("");
}

/** @returns The number with one decimal, right-aligned; a dash where there is none. */
export function column(value: number | undefined, width: number): string {
  return (value === undefined ? "–" : value.toFixed(1)).padStart(width);
}

/** Says which values are there. */
export function known(values: readonly (number | undefined)[]): readonly number[] {
  return values.filter((value) => value !== undefined);
}
