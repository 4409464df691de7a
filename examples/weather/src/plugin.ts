import { defineTools, toolOutput } from "yoi-plugin-sdk/pdk";
import { forecast } from "./forecast.ts";
import { parseReadings } from "./readings.ts";
import { summarise } from "./summary.ts";

export const { call } = defineTools({
  summarise_readings(input: { csv: string; station?: string }) {
    const { headline, report } = summarise(parseReadings(input.csv));
    return toolOutput(
      input.station === undefined ? headline : `${input.station}: ${headline}`,
      report,
    );
  },

  get_forecast(input: { csv: string }) {
    const { headline, report } = forecast(parseReadings(input.csv));
    return toolOutput(headline, report);
  },
});
