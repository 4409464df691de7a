import type { GuestLimits } from "../../limits.ts";
import type { GuestLogLine } from "../backend.ts";
import type { GuestFault, GuestFaultCode } from "../fault.ts";
import type { Outcome } from "./guest-runner.ts";

/** What an isolate's inside says to its owner. */
export type GuestMessage =
  | { readonly type: "answer"; readonly output: string; readonly log: readonly GuestLogLine[] }
  | {
      readonly type: "fault";
      readonly fault: GuestFault;
      readonly log: readonly GuestLogLine[];
      /** Whether the isolate is of no more use: it never got as far as the guest. */
      readonly isFatal: boolean;
    }
  | { readonly type: "prepared" };

/** Gives an outcome as a message. */
export function outcomeMessage(outcome: Outcome): GuestMessage {
  return outcome.ok
    ? { type: "answer", output: outcome.output, log: outcome.log }
    : { type: "fault", fault: outcome.fault, log: outcome.log, isFatal: false };
}

/**
 * Reads a message from inside an isolate as if the guest had written it itself.
 *
 * @param raw What came over the port.
 * @param limits The guest's limits; longer output and logs are cut off as faults.
 * @returns The message, or a fatal fault when it is not one.
 */
export function readGuestMessage(raw: unknown, limits: GuestLimits): GuestMessage {
  const message = (typeof raw === "object" && raw !== null ? raw : {}) as Record<string, unknown>;
  const log = readLog(message.log, limits);
  if (message.type === "prepared") return { type: "prepared" };
  if (message.type === "answer" && typeof message.output === "string") {
    const output = message.output;
    return output.length <= limits.outputBytes
      ? { type: "answer", output, log }
      : fault("output/too-large", "The guest's output is over its limit.", log);
  }
  const given = message.fault as { code?: unknown; message?: unknown } | undefined;
  if (message.type === "fault" && typeof given === "object" && given !== null) {
    return {
      type: "fault",
      fault: {
        code: isFaultCode(given.code) ? given.code : "runtime/trap",
        message: String(given.message).slice(0, 1024),
      },
      log,
      isFatal: message.isFatal === true,
    };
  }
  return {
    ...fault("runtime/trap", "The guest's isolate sent a malformed message.", []),
    isFatal: true,
  };
}

function fault(code: GuestFaultCode, message: string, log: readonly GuestLogLine[]) {
  return { type: "fault", fault: { code, message }, log, isFatal: false } as const;
}

const faultCodes: readonly GuestFaultCode[] = [
  "runtime/trap",
  "runtime/stack-exhausted",
  "runtime/out-of-fuel",
  "runtime/timeout",
  "runtime/aborted",
  "runtime/limit",
  "output/malformed",
  "output/too-large",
  "artifact/unsupported",
];

function isFaultCode(code: unknown): code is GuestFaultCode {
  return faultCodes.some((known) => known === code);
}

function readLog(raw: unknown, limits: GuestLimits): readonly GuestLogLine[] {
  if (!Array.isArray(raw)) return [];
  const lines: GuestLogLine[] = [];
  let room = limits.logBytes;
  for (const line of raw as { stream?: unknown; text?: unknown }[]) {
    if (typeof line?.text !== "string" || line.text.length > room) break;
    room -= line.text.length + 1;
    lines.push({ stream: line.stream === "stderr" ? "stderr" : "stdout", text: line.text });
  }
  return lines;
}
