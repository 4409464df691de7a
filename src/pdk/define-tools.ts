import { renderToolError } from "./error-output.ts";
import { isObject, type JsonObject } from "./json.ts";
import { ToolError } from "./tool-error.ts";
import { renderToolOutput, type ToolOutput } from "./tool-output.ts";

/** What a handler is told about the call. */
export interface ToolContext {
  /** The tool's name, as the host called it. */
  readonly toolName: string;
}

/**
 * Does one tool's work: takes the input, gives the output, or throws a `ToolError`.
 *
 * The input is a JSON object. Its type is the author's reading of the tool's `input_schema`, `unknown`
 * where a handler states none. This project's host checks the input against that schema before the
 * guest starts; not every host does.
 */
export type ToolHandler<Input = unknown> = (input: Input, context: ToolContext) => ToolOutput;

/** What a guest of the world `yoi:plugin/tool@1.0.0` exports. */
export interface ToolGuest {
  readonly call: (toolName: string, inputJson: string) => string;
}

/**
 * Makes a tool guest out of one handler for each tool.
 *
 * ```ts
 * export const { call } = defineTools({
 *   greet: (input: { name: string }) => toolOutput(`Hello, ${input.name}.`),
 * });
 * ```
 *
 * @param tools Tool name, as in `plugin.toml` → handler.
 * @returns The world's export. It never throws: what a handler throws becomes an error output.
 */
export function defineTools<Inputs extends object>(
  tools: {
    readonly [Name in keyof Inputs]: ToolHandler<Inputs[Name]>;
  },
): ToolGuest {
  // A name comes from outside: a Map has no inherited keys for it to find.
  const handlers = new Map<string, unknown>(Object.entries(tools));
  const call = (toolName: string, inputJson: string): string => {
    try {
      const handler = handlers.get(toolName);
      if (typeof handler !== "function") {
        throw new ToolError("unsupported_tool", `This plugin has no tool named ${toolName}.`);
      }
      const context: ToolContext = Object.freeze({ toolName });
      return renderToolOutput((handler as ToolHandler)(parseInput(inputJson), context));
    } catch (thrown) {
      return renderToolError(thrown);
    }
  };
  return Object.freeze({ call });
}

function parseInput(inputJson: string): JsonObject {
  let input: unknown;
  try {
    input = JSON.parse(inputJson);
  } catch {
    throw new ToolError("invalid_input", "The tool's input is not JSON.");
  }
  if (!isObject(input)) throw new ToolError("invalid_input", "The tool's input is not an object.");
  return input as JsonObject;
}
