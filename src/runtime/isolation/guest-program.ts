import type { HostQuestion } from "../../host-api/host-call.ts";
import type { WasiOptions } from "../../host-api/wasi/wasi.ts";
import type { GuestLimits } from "../../limits.ts";
import type { GuestFault } from "../fault.ts";
import type { GuestMeter } from "./guest-meter.ts";

/** What a guest's code runs in: a JavaScript realm that holds nothing but the language itself. */
export interface GuestRealm {
  /**
   * Compiles a checked script.
   *
   * @param script An expression whose value is a function of `globals`.
   * @param globals The names that it takes as arguments.
   * @returns A promise of a function that runs it: it gives each name its value from `provided`, or else the
   *   realm's own, and returns what the script's function returned.
   */
  compile(
    script: string,
    globals: readonly string[],
  ): Promise<(provided: ReadonlyMap<string, unknown>) => unknown>;
}

/**
 * What one guest instance shares with the isolate around it.
 *
 * The first fault stays: a guest that catches the exception which carried it can't undo it.
 */
export interface GuestContext {
  readonly limits: GuestLimits;
  /** What the host decided about clocks and randomness. */
  readonly wasi: WasiOptions | undefined;
  /** What the instance's modules pay into. */
  readonly meter: GuestMeter;
  fault: GuestFault | undefined;
  /**
   * Asks the host: waits for the answer or, for a guest that its engine suspends, promises it. Throws
   * when the guest is to stop; such a promise stays open then, so that nothing of the guest runs again.
   */
  askHost(question: HostQuestion): string | Promise<string>;
  /** Takes a line that the guest wrote; counted and dropped past `limits.logBytes`. */
  log(stream: "stdout" | "stderr", text: string): void;
}

/** A guest's code in an isolate, from which instances are made. */
export interface GuestProgram {
  /** Makes a fresh instance; start functions run. Throws what the guest throws. */
  instantiate(context: GuestContext): GuestExports;
}

/** One instance's exports. */
export interface GuestExports {
  /** Calls an export of the world with strings; throws, or rejects with, what the guest throws. */
  call(exportName: string, args: readonly string[]): string | Promise<string>;
}

/** Records a fault in the context and throws it, so that the guest stops. */
export function raiseFault(context: GuestContext, fault: GuestFault): never {
  context.fault ??= fault;
  // A guest may catch what is thrown here; its own code ends it at its next step.
  context.meter.endSlice();
  throw new Error(fault.message);
}
