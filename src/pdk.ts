/** What a TypeScript guest imports: tools, events, their answers and their errors. It holds no host code. */
export {
  definePlugin,
  type EventHandler,
  type IngressContext,
  type PluginDefinition,
  type PluginGuest,
} from "./pdk/define-plugin.ts";
export {
  defineTools,
  type ToolContext,
  type ToolGuest,
  type ToolHandler,
} from "./pdk/define-tools.ts";
export { accepted, type EventAnswer, rejected } from "./pdk/event-answer.ts";
export {
  type RequestResult,
  requestResult,
  type TimerTick,
  timerTick,
  type WebhookCall,
  type WebsocketText,
  webhookCall,
  websocketText,
} from "./pdk/event-payloads.ts";
export type { JsonObject, JsonValue } from "./pdk/json.ts";
export {
  type CommandOptions,
  type DispatchedRequest,
  diagnosticStatusUpdate,
  hostRequestDispatch,
  type OutputCommand,
  type OutputCommandKind,
  websocketSend,
} from "./pdk/output-command.ts";
export {
  maxCommandIdBytes,
  maxCommandPayloadBytes,
  maxCommands,
  maxContentBytes,
  maxErrorMessageBytes,
  maxOutputBytes,
  maxSummaryBytes,
} from "./pdk/output-limits.ts";
export type { PluginEvent } from "./pdk/plugin-event.ts";
export { type PluginStatus, pluginStatus } from "./pdk/plugin-status.ts";
export { RetryableError, ToolError, type ToolErrorCode } from "./pdk/tool-error.ts";
export { jsonOutput, type ToolOutput, toolOutput } from "./pdk/tool-output.ts";
