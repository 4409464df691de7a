import { ToolError } from "yoi-plugin-sdk/pdk";

/** One line of a station's log; what a sensor did not tell is `undefined`. */
export interface Reading {
  /** Minutes since 1970 in the station's own time. */
  readonly minute: number;
  readonly temperature: number | undefined;
  readonly humidity: number | undefined;
  readonly pressure: number | undefined;
  readonly wind: number | undefined;
  readonly rain: number | undefined;
}

const sensors = ["temperature", "humidity", "pressure", "wind", "rain"] as const;
const timePattern = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2})(?::\d{2})?$/;

/**
 * Reads a station's CSV, in the order of time.
 *
 * @throws ToolError `invalid_input` with the line that is wrong.
 */
export function parseReadings(csv: string): readonly Reading[] {
  if (typeof csv !== "string") throw new ToolError("invalid_input", "csv must be text.");
  const [header = "", ...lines] = csv.split(/\r?\n/);
  const columns = header.split(",").map((name) => name.trim().toLowerCase());
  for (const needed of ["time", "temperature"]) {
    if (!columns.includes(needed)) {
      throw new ToolError("invalid_input", `The CSV's header has no column "${needed}".`);
    }
  }
  const readings = lines.flatMap((line, index) =>
    line.trim() === "" ? [] : [parseLine(line, columns, index + 2)],
  );
  if (readings.length === 0) throw new ToolError("invalid_input", "The CSV has no readings.");
  return readings.sort((left, right) => left.minute - right.minute);
}

function parseLine(line: string, columns: readonly string[], number: number): Reading {
  const cells = line.split(",").map((cell) => cell.trim());
  const cell = (column: string) => cells[columns.indexOf(column)] ?? "";
  const values = sensors.map((sensor) => {
    const text = cell(sensor);
    const value = text === "" ? undefined : Number(text);
    if (value !== undefined && !Number.isFinite(value)) {
      throw new ToolError("invalid_input", `Line ${number}: ${sensor} "${text}" is not a number.`, {
        line: number,
      });
    }
    return value;
  });
  const [temperature, humidity, pressure, wind, rain] = values;
  return { minute: parseTime(cell("time"), number), temperature, humidity, pressure, wind, rain };
}

function parseTime(text: string, number: number): number {
  const [, year, month, day, hour, minute] = timePattern.exec(text)?.map(Number) ?? [];
  const time = Date.UTC(year ?? Number.NaN, (month ?? 0) - 1, day, hour, minute);
  if (Number.isNaN(time)) {
    throw new ToolError("invalid_input", `Line ${number}: "${text}" is not YYYY-MM-DD HH:MM.`, {
      line: number,
    });
  }
  return time / 60_000;
}
