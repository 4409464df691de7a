import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { call as callSource } from "../../examples/weather/src/plugin.ts";
import { buildPackage } from "../../src/build.ts";
import { runComponent, worldOf } from "./run-component.ts";

const directory = new URL("../../examples/weather/", import.meta.url);
const csv = await readFile(new URL("data/kyoto.csv", directory), "utf8");

describe("[run/typescript-guest] the weather example", () => {
  it("sums up five days of readings", () => {
    const { summary, content } = JSON.parse(
      callSource("summarise_readings", JSON.stringify({ csv, station: "Kyoto" })),
    );
    expect(summary).toBe("Kyoto: 12.3 to 26.0 °C over 5 days, 26.5 mm of rain");
    expect(content.split("\n").slice(0, 4)).toEqual([
      "             low   high   rain   wind   12–26 °C",
      "Mon 10-07   13.8   23.6    0.0   12.0   ▃▂▂▃▅▇▇▅",
      "Tue 10-08   14.4   25.0    0.0   15.0   ▄▂▂▄▆▇▇▆",
      "Wed 10-09   18.5   26.0    1.8   20.0   ▅··▄▆██▇",
    ]);
    expect(content).toContain("40 readings, 2 without a temperature.");
  });

  it("forecasts a day from the pressure", () => {
    const { summary, content } = JSON.parse(callSource("get_forecast", JSON.stringify({ csv })));
    expect(summary).toBe("Clearing; 11 to 20 °C in the next 24 hours");
    expect(content).toContain("Pressure 1013.9 hPa, rising (+1.9 in 6 hours): clearing.");
    expect(content.split("\n")).toHaveLength(10);
  });

  it.each([
    ["", 'has no column "time"'],
    ["time,temperature", "The CSV has no readings."],
    ["time,temperature\n2024-10-07 00:00,warm", 'Line 2: temperature "warm" is not a number.'],
    ["time,temperature\nyesterday,12", 'Line 2: "yesterday" is not YYYY-MM-DD HH:MM.'],
    ["time,temperature\n2024-10-07 00:00,", "No reading has a temperature."],
  ])("reports invalid_input for the CSV %j", (wrong, message) => {
    const { summary, content } = JSON.parse(
      callSource("summarise_readings", JSON.stringify({ csv: wrong })),
    );
    expect(summary).toBe("tool error: invalid_input");
    expect(JSON.parse(content).error.message).toContain(message);
  });

  it("asks for more readings when a forecast has none to go by", () => {
    const short = csv.split("\n").slice(0, 4).join("\n");
    expect(
      JSON.parse(callSource("get_forecast", JSON.stringify({ csv: short }))).content,
    ).toContain("at least a day of readings");
  });

  it("answers from inside a QuickJS component as it does outside", async () => {
    const files = await buildPackage({ directory });
    expect([...files.keys()]).toEqual(["plugin.toml", "plugin.wasm", "README.md"]);
    const component = files.get("plugin.wasm") ?? new Uint8Array();
    expect((await worldOf(component)).filter((item) => item.startsWith("import"))).toEqual([]);
    const call = await runComponent(component);
    for (const tool of ["summarise_readings", "get_forecast"]) {
      const input = JSON.stringify({ csv });
      expect(call(tool, input)).toBe(callSource(tool, input));
    }
  });
});
