import { isObject, type JsonValue } from "./json.ts";
import { jsonValueText } from "./json-text.ts";
import { type OutputCommand, renderCommand } from "./output-command.ts";
import { maxCommands, maxErrorMessageBytes, maxOutputBytes } from "./output-limits.ts";
import type { PluginEvent } from "./plugin-event.ts";
import { cutText, utf8Bytes, withoutControls } from "./text.ts";
import { ToolError } from "./tool-error.ts";

/** What a plugin answers to an event: whether it took it, what it has to say, what it asks for. */
export interface EventAnswer {
  readonly accepted: boolean;
  readonly data?: JsonValue;
  readonly commands?: readonly OutputCommand[];
}

/**
 * Says that the plugin took the event.
 *
 * @param data What came of it, for the host's report.
 * @param commands What the plugin asks the host for: at most 16. The host carries out all or none.
 * @returns A frozen answer, which must fit in 65,536 bytes of JSON with all commands.
 */
export function accepted(data?: JsonValue, commands: readonly OutputCommand[] = []): EventAnswer {
  return answer(true, data, commands);
}

/**
 * Says that the plugin did not take the event; not an error, and not tried again.
 *
 * @param reason At most 4,096 UTF-8 bytes are kept; the host finds it as the answer's `data.reason`.
 * @returns A frozen answer.
 */
export function rejected(reason: string): EventAnswer {
  const kept = cutText(withoutControls(reason), {
    bytes: maxErrorMessageBytes,
    jsonBytes: maxOutputBytes,
  });
  return answer(false, { reason: kept }, []);
}

/**
 * Writes an answer as the JSON that `handle-ingress` returns (reference §4.8).
 *
 * @param given What a handler returned; whatever it really is.
 * @param event The event that is answered.
 * @returns At most 65,536 UTF-8 bytes.
 * @throws ToolError `invalid_output` or `serialization` when it is not an answer, or too large.
 */
export function renderAnswer(given: unknown, event: PluginEvent): string {
  if (!isObject(given) || typeof given.accepted !== "boolean") {
    throw new ToolError(
      "invalid_output",
      "The handler did not return an answer; handlers are synchronous and return accepted(…) or rejected(…).",
    );
  }
  const { data, commands = [] } = given;
  const parts = [`"accepted":${given.accepted}`];
  if (data !== undefined) parts.push(`"data":${jsonValueText(data)}`);
  const rendered = renderCommands(commands, event);
  if (rendered !== undefined) parts.push(`"output_commands":${rendered}`);
  return bounded(`{${parts.join(",")}}`);
}

/**
 * Returns an answer as it is, if it is small enough.
 *
 * @throws ToolError `invalid_output` when it has more than 65,536 UTF-8 bytes.
 */
export function bounded(text: string): string {
  if (utf8Bytes(text) <= maxOutputBytes) return text;
  throw new ToolError(
    "invalid_output",
    `What the plugin answers is too large: its JSON must fit in ${maxOutputBytes} bytes.`,
  );
}

function answer(
  isAccepted: boolean,
  data: JsonValue | undefined,
  commands: readonly OutputCommand[],
): EventAnswer {
  return Object.freeze({
    accepted: isAccepted,
    ...(data === undefined ? {} : { data }),
    ...(commands.length === 0 ? {} : { commands: Object.freeze([...commands]) }),
  });
}

function renderCommands(commands: unknown, event: PluginEvent): string | undefined {
  if (!Array.isArray(commands) || !commands.every(isCommand)) {
    throw new ToolError(
      "invalid_output",
      "The answer's commands are not a list of what diagnosticStatusUpdate, hostRequestDispatch and websocketSend return.",
    );
  }
  if (commands.length > maxCommands) {
    throw new ToolError(
      "invalid_output",
      `The answer has ${commands.length} commands and at most ${maxCommands} are allowed.`,
    );
  }
  if (commands.length === 0) return undefined;
  return `[${commands.map((command, index) => renderCommand(command, event, index + 1)).join()}]`;
}

function isCommand(value: unknown): value is OutputCommand {
  return isObject(value) && typeof value.kind === "string" && typeof value.payloadJson === "string";
}
