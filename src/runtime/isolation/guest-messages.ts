import type { EndReason } from "../../deadline.ts";
import type { HostValue } from "../../host-api/host-api.ts";
import type { HostQuestion } from "../../host-api/host-call.ts";
import { type GuestLimits, hostCallLimits } from "../../limits.ts";
import type { GuestLogLine } from "../backend.ts";
import type { GuestFault, GuestFaultCode } from "../fault.ts";
import type { OpenRequest, Outcome } from "./guest-runner.ts";
import type { HostChannel, HostChannelMessage } from "./host-channel.ts";

/** What an isolate's owner asks of its inside, one at a time; answered by one {@link GuestAnswer}. */
export type OwnerMessage = (
  | (OpenRequest & {
      readonly type: "open";
      /** Shared memory by which the owner stops a request; absent where there is none. */
      readonly stopCell: SharedArrayBuffer | undefined;
      /** Where answers to host calls come; absent for a guest that makes none, or is suspended by its engine. */
      readonly hostChannel: HostChannel | undefined;
    })
  | { readonly type: "call"; readonly exportName: string; readonly args: readonly string[] }
) & {
  /** Odd numbers, rising; see {@link stopOf}. The even number after it is the preparation that follows. */
  readonly request: number;
  /** Milliseconds until the inside ends the guest by its own clock. */
  readonly budgetMs: number;
};

/** What an owner says about a request under way, to a guest that its engine has suspended in a host call. */
export type OwnerNote =
  | { readonly type: "host-answer"; readonly request: number; readonly answer: string }
  | { readonly type: "stop"; readonly request: number; readonly reason: EndReason };

/** The answer to a request. */
export type GuestAnswer =
  | {
      readonly type: "answer";
      readonly output: string;
      readonly log: readonly GuestLogLine[];
      readonly fuel: number;
    }
  | {
      readonly type: "fault";
      readonly fault: GuestFault;
      readonly log: readonly GuestLogLine[];
      readonly fuel: number;
      /** Whether the isolate is of no more use: it never got as far as the guest. */
      readonly isFatal: boolean;
    };

/** What an isolate's inside says to its owner. */
export type GuestMessage = GuestAnswer | HostChannelMessage | { readonly type: "prepared" };

/** The slots of the stop cell: which request is to stop, and why. */
const stopSlots = { request: 0, reason: 1 } as const;
const stopReasons = ["timeout", "aborted"] as const;

/** @returns A stop cell, or `undefined` where there is no shared memory. */
export function createStopCell(): SharedArrayBuffer | undefined {
  return typeof SharedArrayBuffer === "undefined" ? undefined : new SharedArrayBuffer(8);
}

/** Asks the inside to stop a request. A request that has ended by then is not touched. */
export function stopRequest(
  cell: SharedArrayBuffer,
  request: number,
  reason: (typeof stopReasons)[number],
): void {
  const slots = new Int32Array(cell);
  Atomics.store(slots, stopSlots.reason, stopReasons.indexOf(reason));
  Atomics.store(slots, stopSlots.request, request);
}

/** @returns Why a request is to stop, if it is. */
export function stopOf(
  slots: Int32Array,
  request: number,
): (typeof stopReasons)[number] | undefined {
  // A later request waits behind the preparation that runs, so its stop is that one's as well.
  if (Atomics.load(slots, stopSlots.request) < request) return undefined;
  return stopReasons[Atomics.load(slots, stopSlots.reason)];
}

/** Gives an outcome as a message. */
export function outcomeMessage(outcome: Outcome): GuestAnswer {
  const { log, fuel } = outcome;
  return outcome.ok
    ? { type: "answer", output: outcome.output, log, fuel }
    : { type: "fault", fault: outcome.fault, log, fuel, isFatal: false };
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
  if (message.type === "prepared" || message.type === "host-next") return { type: message.type };
  if (message.type === "host-call") {
    const question = readQuestion(message.question);
    if (question !== undefined) return { type: "host-call", question };
  }
  const facts = { log: readLog(message.log, limits), fuel: readFuel(message.fuel) };
  if (message.type === "answer" && typeof message.output === "string") {
    const { output } = message;
    if (output.length <= limits.outputBytes) return { type: "answer", output, ...facts };
    const fault = fatal("output/too-large", "The guest's output is over its limit.");
    return { ...fault, ...facts, isFatal: false };
  }
  const given = message.fault as { code?: unknown; message?: unknown } | undefined;
  if (message.type === "fault" && typeof given === "object" && given !== null) {
    const code = isFaultCode(given.code) ? given.code : "runtime/trap";
    const fault = { code, message: String(given.message).slice(0, 1024) };
    return { type: "fault", fault, ...facts, isFatal: message.isFatal === true };
  }
  return fatal("runtime/trap", "The guest's isolate sent a malformed message.");
}

function readQuestion(raw: unknown): HostQuestion | undefined {
  const question = (typeof raw === "object" && raw !== null ? raw : {}) as Record<string, unknown>;
  const { interface: name, function: target, args } = question;
  if (typeof name !== "string" || typeof target !== "string" || !Array.isArray(args)) return;
  if (args.length > hostCallLimits.arguments.default) return;
  const most = hostCallLimits.questionBytes.default;
  const isValue = (value: unknown): value is HostValue =>
    typeof value === "string" ? value.length <= most : Number.isSafeInteger(value);
  return args.every(isValue) ? { interface: name, function: target, args: [...args] } : undefined;
}

/** An answer for what is not the guest's doing: the isolate itself is of no more use. */
export function fatal(code: GuestFaultCode, message: string): GuestAnswer & { type: "fault" } {
  return { type: "fault", fault: { code, message }, log: [], fuel: 0, isFatal: true };
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

function readFuel(raw: unknown): number {
  return typeof raw === "number" && Number.isSafeInteger(raw) && raw >= 0 ? raw : 0;
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
