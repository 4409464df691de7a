import { type GuestLimits, meterLimits } from "../../limits.ts";
import type { DeclaredSize } from "../../wasm/declared-size.ts";
import { type Meter, openMeter } from "../../wasm/meter-account.ts";
import type { GuestFault } from "../fault.ts";

/** Says why a guest must stop now, if it must. Asked about every 0.1 ms, so it only reads. */
export type StopCheck = () => "timeout" | "aborted" | undefined;

/** What one guest instance pays into, and why it was ended. */
export interface GuestMeter {
  /** Lays the meter's imports over those of a module, whose calls to the host are paid for from then on. */
  extendImports(imports: WebAssembly.Imports | undefined): WebAssembly.Imports;
  /** Has the guest pay for a call to the host that {@link GuestMeter.extendImports} can't see: one that suspends it. */
  payHostCall(): void;
  /** Instructions spent since the last {@link GuestMeter.begin}. */
  spent(): number;
  /** Begins a new budget: another call of the same instance. */
  begin(): void;
  /** Has the guest's code ask at once whether it may go on. */
  endSlice(): void;
  /** Whether more was spent than the budget. */
  isOverspent(): boolean;
  /** The fault as which the meter ended the guest, if it did. */
  fault(): GuestFault | undefined;
}

/**
 * Makes the meter of one guest instance, with a full budget.
 *
 * @param limits The instance's limits.
 * @param declared What its memories and tables take from the start; admission has held it against the limits.
 * @param stop Says whether it must stop.
 * @param hasFault Whether something else has ended it already, which a guest's `catch_all` may hide from it.
 * @returns The meter.
 */
export function createGuestMeter(
  limits: GuestLimits,
  declared: DeclaredSize,
  stop: StopCheck,
  hasFault: () => boolean,
): GuestMeter {
  const { memoryBytes, tableElements } = limits;
  let stopped: ReturnType<StopCheck>;
  const meter: Meter = openMeter({
    memoryBytes,
    tableElements,
    mayContinue() {
      stopped ??= stop();
      return stopped === undefined && !hasFault();
    },
  });
  meter.reserve(declared);
  meter.begin(limits.fuel);
  return {
    extendImports: (others = {}) => ({ ...charged(others, meter), ...meter.imports }),
    payHostCall: () => meter.charge(meterLimits.hostCallFuel.default),
    spent: () => Math.min(meter.spent, limits.fuel),
    begin() {
      stopped = undefined;
      meter.begin(limits.fuel);
    },
    endSlice: () => meter.endSlice(),
    isOverspent: () => meter.spent > limits.fuel,
    fault() {
      if (meter.end === "out-of-fuel" || meter.spent > limits.fuel) return outOfFuel(limits.fuel);
      return stopped === undefined ? undefined : stopFaults[stopped];
    },
  };
}

/** Imports whose functions are paid for, but for those of other modules, which pay for themselves. */
function charged(imports: WebAssembly.Imports, meter: Meter): WebAssembly.Imports {
  const probe = new WebAssembly.Table({ element: "anyfunc", initial: 1 });
  const pay = (value: WebAssembly.ImportValue): WebAssembly.ImportValue => {
    if (typeof value !== "function" || isExported(value, probe)) return value;
    return (...args: unknown[]) => {
      meter.charge(meterLimits.hostCallFuel.default);
      return value(...args);
    };
  };
  return mapValues(imports, (fields) => mapValues(fields, pay));
}

/** Whether a function is some module's: its name is its index (WebAssembly JavaScript Interface §5.6). */
function isExported(value: { readonly name: string }, probe: WebAssembly.Table): boolean {
  if (!/^[0-9]+$/u.test(value.name)) return false;
  try {
    probe.set(0, value); // takes functions of modules only
    return true;
  } catch {
    return false;
  }
}

/** The same keys with other values; keys are the guest's words, so that there is no prototype. */
function mapValues<From, To>(
  values: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Record<string, To> {
  const changed: Record<string, To> = Object.create(null);
  for (const [key, value] of Object.entries(values)) changed[key] = change(value);
  return changed;
}

function outOfFuel(fuel: number): GuestFault {
  return { code: "runtime/out-of-fuel", message: `The guest used up its ${fuel} units of fuel.` };
}

/** The faults of a guest that was told to stop. */
export const stopFaults: Readonly<Record<"timeout" | "aborted", GuestFault>> = {
  timeout: { code: "runtime/timeout", message: "The guest was stopped at its deadline." },
  aborted: { code: "runtime/aborted", message: "The guest was stopped by the caller's signal." },
};
