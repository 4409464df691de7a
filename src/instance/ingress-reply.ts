import { boundedText, isWellFormedText, quoteName } from "../diagnostic.ts";
import { freezeJson, isJsonObject, type Json, type JsonObject, parseJson } from "../json.ts";
import { textLimits } from "../limits.ts";

/** What a guest's answer to an event says, or what is wrong with it (reference §4.8). */
export type IngressReply =
  | {
      readonly ok: true;
      /** Whether the guest took the event; an answer that does not say has. */
      readonly accepted: boolean;
      /** The answer's `data`, or all of an answer that is none of ours to read; frozen. */
      readonly data?: Json;
      /** As the guest wrote them, for the reader of output commands; absent when there are none. */
      readonly commands?: Json;
    }
  | {
      readonly ok: false;
      /** `guest/failed` is the guest's own word; the others mean that it can't be trusted any more. */
      readonly code: "output/malformed" | "output/too-large" | "guest/failed";
      /** Inert text of at most 512 bytes. */
      readonly message: string;
      /** Whether the guest itself asks for another attempt. */
      readonly isRetryable: boolean;
    };

/**
 * Reads what a guest answered to an event.
 *
 * The answer is a JSON object `{accepted?, data?, output_commands?}`; other keys mean nothing to the
 * host. A top-level `error` key, whatever is beside it, says that the guest failed (decisions
 * "`accepted: false` or `{error}` from ingress"); its `retryable: true` asks for another attempt.
 *
 * @param text What the guest answered.
 * @param maxBytes The most UTF-8 bytes of it.
 * @returns The reply; it never throws.
 */
export function readIngressReply(text: string, maxBytes: number): IngressReply {
  const parsed = parseJson(text, maxBytes);
  if (!parsed.ok) {
    return parsed.isTooLarge
      ? failed("output/too-large", `The answer to the event is too large: ${parsed.reason}.`)
      : malformed(parsed.reason);
  }
  if (!isJsonObject(parsed.value)) return malformed("it is not a JSON object");
  if (!isUnicode(parsed.value)) return malformed("it has a lone surrogate");
  return readObject(freezeJson(parsed.value));
}

const knownKeys = ["accepted", "data", "output_commands"] as const;

function readObject(answer: JsonObject): IngressReply {
  if (Object.hasOwn(answer, "error")) return guestFailed(answer.error ?? null);
  // A guest that was written for the reference may answer with an object of its own.
  if (!knownKeys.some((key) => Object.hasOwn(answer, key))) {
    return { ok: true, accepted: true, data: answer };
  }
  const { accepted = true, data, output_commands: commands } = answer;
  if (typeof accepted !== "boolean") return malformed("accepted is neither true nor false");
  return {
    ok: true,
    accepted,
    ...(data === undefined ? {} : { data }),
    ...(commands === undefined ? {} : { commands }),
  };
}

function guestFailed(error: Json): IngressReply {
  const { code, message, retryable } = isJsonObject(error) ? error : { message: error };
  const named = typeof code === "string" ? `the error ${quoteName(code)}` : "an error";
  const said = typeof message === "string" ? `: ${message}` : "";
  return failed("guest/failed", `The plugin reported ${named}${said}`, retryable === true);
}

function isUnicode(value: Json): boolean {
  if (typeof value === "string") return isWellFormedText(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(
    ([key, item]) => isWellFormedText(key) && isUnicode(item as Json),
  );
}

function malformed(reason: string): IngressReply {
  return failed("output/malformed", `The answer to the event is malformed: ${reason}.`);
}

function failed(
  code: Extract<IngressReply, { ok: false }>["code"],
  message: string,
  isRetryable = false,
): IngressReply {
  const bounded = boundedText(message, textLimits.messageBytes.default);
  return { ok: false, code, message: bounded, isRetryable };
}
