import type { GuestLimits } from "../../limits.ts";
import { meterLimits } from "../../limits.ts";
import type { DeclaredSize } from "../../wasm/declared-size.ts";
import { growth, meterImports } from "../../wasm/meter-imports.ts";
import type { GuestFault } from "../fault.ts";

/** Says why a guest must stop now, if it must. Asked often, so it only reads. */
export type StopCheck = () => "timeout" | "aborted" | undefined;

/** The counter that all modules of one guest instance pay into, and the host's answers to it. */
export interface GuestMeter {
  /** Lays the meter's imports over those of a module. */
  extendImports(imports: WebAssembly.Imports | undefined): WebAssembly.Imports;
  /** Instructions spent since the last {@link GuestMeter.restart}. */
  spent(): number;
  /** Begins a new budget: another call of the same instance. */
  restart(): void;
}

/** What {@link createGuestMeter} needs. */
export interface MeterOptions {
  readonly limits: GuestLimits;
  readonly declared: DeclaredSize;
  readonly stop: StopCheck;
  /** Takes the reason for ending the guest, before it traps. */
  readonly onFault: (fault: GuestFault) => void;
}

const pageBytes = 65_536;

/**
 * Makes the meter of one guest instance.
 *
 * A guest is given fuel in slices; whenever one is spent it asks, and is given the next, or ends in a
 * trap that it can't catch: the deadline passed, the signal fired, or the budget is gone. What it
 * spends does not depend on the slices. Growing memories and tables is allowed within the limits of
 * the whole instance.
 *
 * @param options Limits, what the guest declares, and who may stop it.
 * @returns The meter, with a full budget.
 */
export function createGuestMeter(options: MeterOptions): GuestMeter {
  const { limits, declared, stop, onFault } = options;
  const slice = meterLimits.sliceFuel.default;
  const fuel = new WebAssembly.Global({ value: "i64", mutable: true }, 0n);
  let granted = 0;
  const room = {
    pages: Math.floor(limits.memoryBytes / pageBytes) - declared.pages,
    elements: limits.tableElements - declared.elements,
  };

  const spent = () => granted - Number(fuel.value);
  const grant = (total: number) => {
    const before = spent();
    granted = total;
    fuel.value = BigInt(total - before);
  };

  const refill = (): number => {
    const reason = stop();
    if (reason !== undefined) {
      onFault(stopFaults[reason]);
      return 0;
    }
    const used = spent();
    if (used > limits.fuel) {
      onFault({
        code: "runtime/out-of-fuel",
        message: `The guest used up its ${limits.fuel} units of fuel.`,
      });
      return 0;
    }
    grant(Math.min(limits.fuel, used + slice));
    return 1;
  };

  const grow = (kind: number, amount: number): number => {
    const what = kind === growth.memory || kind === growth.memoryFailed ? "pages" : "elements";
    // The guest's amount is an unsigned number.
    const wanted = amount >>> 0;
    if (kind === growth.memoryFailed || kind === growth.tableFailed) {
      room[what] += wanted;
      return 1;
    }
    if (wanted > room[what]) return 0;
    room[what] -= wanted;
    return 1;
  };

  const imports = { refill, grow, fuel } satisfies WebAssembly.ModuleImports;
  const restart = () => {
    fuel.value = 0n;
    granted = 0;
    grant(Math.min(limits.fuel, slice));
  };
  restart();
  return {
    extendImports: (others) => ({ ...others, [meterImports.module]: imports }),
    spent: () => Math.min(spent(), limits.fuel),
    restart,
  };
}

const stopFaults: Readonly<Record<"timeout" | "aborted", GuestFault>> = {
  timeout: { code: "runtime/timeout", message: "The guest was stopped at its deadline." },
  aborted: { code: "runtime/aborted", message: "The guest was stopped by the caller's signal." },
};
