/** What a TypeScript guest imports: tools, their outputs and their errors. It holds no host code. */
export {
  defineTools,
  type ToolContext,
  type ToolGuest,
  type ToolHandler,
} from "./pdk/define-tools.ts";
export type { JsonObject, JsonValue } from "./pdk/json.ts";
export {
  maxContentBytes,
  maxErrorMessageBytes,
  maxOutputBytes,
  maxSummaryBytes,
} from "./pdk/output-limits.ts";
export { ToolError, type ToolErrorCode } from "./pdk/tool-error.ts";
export { jsonOutput, type ToolOutput, toolOutput } from "./pdk/tool-output.ts";
