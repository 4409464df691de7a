import { toHex } from "../bytes.ts";
import { inertText, utf8Length } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";
import { callLimits } from "../limits.ts";
import type { CallOptions } from "./instance.types.ts";

/** One call's options, checked and complete. */
export interface ResolvedCall {
  readonly callId: string;
  /** Milliseconds for the guest's work, waiting for its turn excluded. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Checks the options of one call and fills them in.
 *
 * @param options What the caller passed.
 * @param maxTimeoutMs The callee's own timeout, which a call can only lower.
 * @returns The options; the id is made up of 128 random bits when the caller gave none.
 * @throws PluginError `options/invalid` when an option has no meaning: the host's mistake, not the plugin's.
 */
export function resolveCall(options: CallOptions | undefined, maxTimeoutMs: number): ResolvedCall {
  const { callId = randomCallId(), timeoutMs = maxTimeoutMs, signal } = options ?? {};
  if (typeof callId !== "string" || callId === "" || inertText(callId) !== callId) {
    throw invalid("callId must be a string of printable characters");
  }
  if (utf8Length(callId) > callLimits.callIdBytes.default) {
    throw invalid(`callId may have at most ${callLimits.callIdBytes.default} bytes`);
  }
  if (typeof timeoutMs !== "number" || !(timeoutMs > 0)) {
    throw invalid("timeoutMs must be a number of milliseconds above 0");
  }
  if (signal !== undefined && typeof signal?.addEventListener !== "function") {
    throw invalid("signal must be an AbortSignal");
  }
  return { callId, timeoutMs: Math.min(timeoutMs, maxTimeoutMs), signal };
}

function randomCallId(): string {
  // Not randomUUID, which a browser lacks on a page without TLS.
  return `call_${toHex(crypto.getRandomValues(new Uint8Array(16)))}`;
}

function invalid(problem: string): PluginError {
  return new PluginError({
    code: "options/invalid",
    phase: "options",
    message: `A call's option is invalid: ${problem}.`,
  });
}
