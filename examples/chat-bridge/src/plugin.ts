import {
  accepted,
  definePlugin,
  diagnosticStatusUpdate,
  pluginStatus,
  rejected,
  ToolError,
  toolOutput,
  websocketSend,
  websocketText,
} from "yoi-plugin-sdk/pdk";
import { readMessage, startConversation } from "./conversation.ts";

const conversation = startConversation();
const toSay: string[] = [];
let ownName = "bridge";

export const { start, handleTool, handleIngress, status, stop } = definePlugin({
  start(config: { name?: string } | null) {
    ownName = config?.name ?? ownName;
    return pluginStatus("running", { name: ownName });
  },

  tools: {
    room_summary() {
      conversation.act();
      const heard = [...conversation.names.values()].reduce((total, own) => total + own, 0);
      const names = [...conversation.names].map(([name, own]) => `${name}: ${own}`);
      const last = conversation.newest.map(({ name, text }) => `${name}: ${text}`);
      return toolOutput(
        `${heard} messages by ${names.length} ${names.length === 1 ? "person" : "people"}`,
        [...names, "", ...last].join("\n"),
      );
    },

    say({ text }: { text: string }) {
      if (toSay.length === 8) throw new ToolError("failed", "There is too much to say already.");
      conversation.act();
      toSay.push(text.replace(/\s+/g, " ").slice(0, 500));
      return toolOutput("The room hears it with the next answer.");
    },
  },

  ingress: {
    room(event) {
      const frame = websocketText(event);
      if (frame === undefined) {
        return accepted(null, [
          diagnosticStatusUpdate({ status: { state: "alone", data: event.kind } }),
        ]);
      }
      const message = readMessage(frame.text);
      if (message === undefined) return rejected("not a message of the room");
      if (message.name === ownName) return rejected("the bridge's own words");

      conversation.hear(message);
      const { count } = conversation;
      const answers = toSay.splice(0);
      if (message.text === "!ping") answers.push(`pong, ${message.name}; I am at ${count}`);
      return accepted({ count }, [
        ...answers.map((text) => websocketSend(frame.url, `${ownName}: ${text}`)),
        diagnosticStatusUpdate({
          message: `heard ${message.name}`,
          status: { state: "running", data: { count } },
        }),
      ]);
    },
  },

  status: () => pluginStatus("running", { count: conversation.count, toSay: toSay.length }),
  stop: () => pluginStatus("stopped", { count: conversation.count }),
});
