import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { call as callSource } from "../../examples/weather/src/plugin.ts";
import { buildComponent } from "../../src/build.ts";
import { runComponent, worldOf } from "./run-component.ts";

const example = new URL("../../examples/weather/", import.meta.url);

it("builds the weather example on SpiderMonkey, where it answers as it does outside", async () => {
  const csv = await readFile(new URL("data/kyoto.csv", example), "utf8");
  const component = await buildComponent({
    entry: new URL("src/plugin.ts", example),
    engine: "spidermonkey",
  });
  expect(await worldOf(component)).toEqual([
    "export call: func(tool-name: string, input-json: string) -> string",
  ]);
  const call = await runComponent(component);
  for (const tool of ["summarise_readings", "get_forecast", "absent"]) {
    const input = JSON.stringify({ csv });
    expect(call(tool, input)).toBe(callSource(tool, input));
  }
}, 180_000);
