import { defineTools, ToolError, toolOutput } from "yoi-plugin-sdk/pdk";

export const { call } = defineTools({
  greet: (input: { name: string }) => toolOutput(`Hello, ${input.name}.`),
  refuse: () => {
    throw new ToolError("denied", "Not today.", { until: "tomorrow" });
  },
  cut: () => toolOutput("🌧".repeat(1000), "\u0000é\ud800\n".repeat(20_000)),
  pollute: () => toolOutput(String(Reflect.set(globalThis, "polluted", true))),
  polluted: () => toolOutput(String(Reflect.get(globalThis, "polluted"))),
});
