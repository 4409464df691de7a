import {
  accepted,
  definePlugin,
  diagnosticStatusUpdate,
  jsonOutput,
  pluginStatus,
  RetryableError,
  rejected,
  ToolError,
  toolOutput,
  websocketSend,
  websocketText,
} from "yoi-plugin-sdk/pdk";

let count = 0;

export const { start, handleTool, handleIngress, status, stop } = definePlugin({
  start(config: { from?: number; fail?: boolean } | null) {
    if (config?.fail === true) throw new ToolError("denied", "Not with this configuration.");
    count = config?.from ?? 0;
    return pluginStatus("running", { count });
  },
  tools: {
    count: () => toolOutput(`${++count}`),
    echo: (input: { text: string }) => jsonOutput("echo", input),
    fail: () => {
      throw new TypeError("something is undefined");
    },
  },
  ingress: {
    room(event) {
      count += 1;
      const text = websocketText(event)?.text;
      switch (text) {
        case undefined:
          return rejected(`no text, but ${event.kind} 🌧`);
        case "retry":
          throw new RetryableError("Not now.");
        case "huge":
          return accepted("é".repeat(40_000));
        case "cycle": {
          const round: { self?: unknown } = {};
          round.self = round;
          return accepted(round as never);
        }
        case "late":
          return Promise.resolve(accepted()) as never;
        default:
          return accepted({ count, text, lone: "\ud83d" }, [
            diagnosticStatusUpdate({ message: `heard ${text}`, status: { count } }),
            websocketSend("ws://chat.example.com/room", `${text}!`),
          ]);
      }
    },
  },
  status: () => pluginStatus("running", { count }),
  stop: () => pluginStatus("stopped", { count }),
});
