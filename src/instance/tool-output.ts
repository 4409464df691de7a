import { boundedText, isWellFormedText, quoteName, utf8Length } from "../diagnostic.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../json.ts";
import { type GuestLimits, textLimits } from "../limits.ts";

/** What a guest's answer to a tool call says: an output, an error of its own, or a fault. */
export type ToolOutput =
  | {
      readonly ok: true;
      /** The guest's own text, as it is: 1 to `summaryBytes` bytes. */
      readonly summary: string;
      readonly content?: string;
    }
  | {
      readonly ok: false;
      readonly code: "output/malformed" | "output/too-large" | "guest/failed";
      /** Inert text of at most 512 bytes; for `guest/failed` with what the guest said. */
      readonly message: string;
      /** For `guest/failed`: JSON `{"error":{…}}` as the guest wrote it. */
      readonly content?: string;
    };

/** The bounds of a guest's answer, in UTF-8 bytes. */
export type OutputBounds = Pick<GuestLimits, "outputBytes" | "summaryBytes">;

/**
 * Reads what a guest answered to a tool call (reference §4.3).
 *
 * An output is a JSON object with `summary` and perhaps `content`, and nothing else. A guest reports
 * an error in one of two forms, and both must match in full, so that neither an output that talks
 * about errors nor an error that lacks a part is taken for the other:
 *
 * - as the PDK's tool world does (reference §6): the summary is `tool error: <code>` and the content
 *   is JSON `{"error":{"code":<the same code>,"message":<string>,"details"?:…}}`;
 * - as the PDK's instance world does: the whole answer is `{"error":{"message":<string>,"code"?,"details"?}}`,
 *   which could be no output, as it has no summary. What it says with `retryable` is for events alone:
 *   a call that failed is the caller's to repeat.
 *
 * @param text What the guest answered.
 * @param bounds The most bytes of the answer and of its summary.
 * @returns The output, the guest's error, or what is wrong with the answer; it never throws.
 */
export function readToolOutput(text: string, bounds: OutputBounds): ToolOutput {
  if (text === "") return malformed("the guest answered with nothing");
  const parsed = parseJson(text, bounds.outputBytes);
  if (!parsed.ok) {
    return parsed.isTooLarge
      ? tooLarge(`The tool's output is too large: ${parsed.reason}.`)
      : malformed(parsed.reason);
  }
  if (!isJsonObject(parsed.value)) return malformed("it is not a JSON object");
  return readObject(parsed.value, text, bounds);
}

function readObject(output: JsonObject, text: string, bounds: OutputBounds): ToolOutput {
  const { summary, content = null } = output;
  const reported = Object.keys(output).join() === "error" ? guestError(output.error) : undefined;
  if (reported !== undefined) return guestFailed(reported, text);

  const unknown = Object.keys(output).find((key) => key !== "summary" && key !== "content");
  if (unknown !== undefined) return malformed(`it has the unknown key ${quoteName(unknown)}`);
  if (typeof summary !== "string" || summary === "") {
    return malformed("its summary is not a string with text in it");
  }
  if (content !== null && typeof content !== "string") {
    return malformed("its content is neither a string nor null");
  }
  if (!isWellFormedText(summary) || !isWellFormedText(content ?? "")) {
    return malformed("it has a lone surrogate");
  }
  const summaryBytes = utf8Length(summary);
  if (summaryBytes > bounds.summaryBytes) {
    return tooLarge(
      `The summary of the tool's output has ${summaryBytes} bytes and at most ${bounds.summaryBytes} are allowed.`,
    );
  }
  if (content === null) return { ok: true, summary };
  return errorOfContent(summary, content) ?? { ok: true, summary, content };
}

const errorSummary = "tool error: ";

function errorOfContent(summary: string, content: string): ToolOutput | undefined {
  if (!summary.startsWith(errorSummary)) return undefined;
  const parsed = parseJson(content, Number.MAX_SAFE_INTEGER);
  if (!parsed.ok || !isJsonObject(parsed.value)) return undefined;
  if (Object.keys(parsed.value).join() !== "error") return undefined;
  const error = guestError(parsed.value.error);
  return error !== undefined && error.code === summary.slice(errorSummary.length)
    ? guestFailed(error, content)
    : undefined;
}

interface GuestError {
  readonly code: string | undefined;
  readonly message: string;
}

function guestError(error: Json | undefined): GuestError | undefined {
  if (!isJsonObject(error)) return undefined;
  const { code, message } = error;
  const known = ["code", "message", "details", "retryable"];
  if (!Object.keys(error).every((key) => known.includes(key))) return undefined;
  if (typeof message !== "string") return undefined;
  if (code !== undefined && typeof code !== "string") return undefined;
  return { code, message };
}

function guestFailed({ code, message }: GuestError, content: string): ToolOutput {
  const named = code === undefined ? "an error" : `the error ${quoteName(code)}`;
  return fault("guest/failed", `The plugin reported ${named}: ${message}`, content);
}

function malformed(reason: string): ToolOutput {
  return fault("output/malformed", `The tool's output is malformed: ${reason}.`);
}

function tooLarge(message: string): ToolOutput {
  return fault("output/too-large", message);
}

function fault(
  code: Extract<ToolOutput, { ok: false }>["code"],
  message: string,
  content?: string,
): ToolOutput {
  const bounded = boundedText(message, textLimits.messageBytes.default);
  return { ok: false, code, message: bounded, ...(content === undefined ? {} : { content }) };
}
