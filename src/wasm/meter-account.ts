import { meterLimits } from "../limits.ts";
import { growth, meterImports } from "./meter-imports.ts";

/** Why a metered guest was ended. */
export type MeterEnd =
  /** Its fuel is used up. */
  | "out-of-fuel"
  /** The host did not let it go on: its deadline passed, or its signal fired. */
  | "stopped";

/** What {@link openMeter} needs. */
export interface MeterOptions {
  /** Bytes of all linear memories together. */
  readonly memoryBytes: number;
  /** Elements of all tables together. */
  readonly tableElements: number;
  /**
   * Asked each time that a slice is spent, about every 0.1 ms: whether the guest may go on. It must
   * not throw, because a guest could catch that.
   */
  mayContinue(): boolean;
  /** Fuel between two questions; it changes nothing of what is counted. */
  readonly sliceFuel?: number;
}

/** What a core module's own memories and tables take before it runs. */
export interface InitialSizes {
  /** Pages of 64 KiB. */
  readonly pages: number;
  readonly elements: number;
}

/**
 * The host's side of metering: one counter for all core modules of one guest.
 *
 * It lives as long as the guest's instances do.
 */
export interface Meter {
  /** What every metered module of the guest imports, to be added to its other imports. */
  readonly imports: Readonly<Record<string, WebAssembly.ModuleImports>>;
  /** Begins a call, or an instantiation, that may spend so much fuel. */
  begin(fuel: number): void;
  /** Pays for something that the guest had done outside of its own code. */
  charge(fuel: number): void;
  /** Ends the slice under way, so that the guest's own code asks at once whether it may go on. */
  endSlice(): void;
  /**
   * Fuel spent since `begin`. After a trap of the guest's own, what it spent since it last called or
   * returned may be missing.
   */
  readonly spent: number;
  /** Why the guest was ended, if the meter did that; it stays ended until the next `begin`. */
  readonly end: MeterEnd | undefined;
  /** The first kind of growth that was refused since `begin`. */
  readonly refused: "memory" | "table" | undefined;
  /** Takes what a module has from the start out of the budget. @returns Whether it was there. */
  reserve(sizes: InitialSizes): boolean;
}

const pageBytes = 65_536;

/**
 * Opens a meter.
 *
 * @param options The bounds that hold for the guest as a whole, and who is asked.
 * @returns A meter with no fuel: call `begin` first.
 */
export function openMeter(options: MeterOptions): Meter {
  const slice = options.sliceFuel ?? meterLimits.sliceFuel.default;
  const counter = new WebAssembly.Global<"i64">({ value: "i64", mutable: true }, 0n);
  let budget = 0;
  let granted = 0;
  let end: MeterEnd | undefined;
  let refused: "memory" | "table" | undefined;
  let pagesLeft = Math.floor(options.memoryBytes / pageBytes);
  let elementsLeft = options.tableElements;

  const spent = () => granted - Number(counter.value);
  const grant = (already: number) => {
    // Never more than the budget, so that being over budget always means being below zero.
    granted = Math.min(budget, already + slice);
    counter.value = BigInt(granted - already);
  };

  const refill = (): number => {
    const already = spent();
    if (end === undefined) {
      if (already > budget) end = "out-of-fuel";
      else if (!options.mayContinue()) end = "stopped";
    }
    if (end !== undefined) return 0;
    grant(already);
    return 1;
  };

  const grow = (kind: number, signed: number): number => {
    const amount = signed >>> 0;
    switch (kind) {
      case growth.memory:
        if (amount > pagesLeft) {
          refused ??= "memory";
          return 0;
        }
        pagesLeft -= amount;
        return 1;
      case growth.table:
        if (amount > elementsLeft) {
          refused ??= "table";
          return 0;
        }
        elementsLeft -= amount;
        return 1;
      case growth.memoryFailed:
        pagesLeft += amount;
        return 1;
      default:
        elementsLeft += amount;
        return 1;
    }
  };

  return {
    imports: Object.freeze({
      [meterImports.module]: Object.freeze({
        [meterImports.refill]: refill,
        [meterImports.grow]: grow,
        [meterImports.fuel]: counter,
      }),
    }),
    begin(fuel) {
      budget = fuel;
      end = undefined;
      refused = undefined;
      grant(0);
    },
    charge(fuel) {
      counter.value -= BigInt(fuel);
    },
    endSlice() {
      granted = spent() - 1;
      counter.value = -1n;
    },
    get spent() {
      return spent();
    },
    get end() {
      return end;
    },
    get refused() {
      return refused;
    },
    reserve({ pages, elements }) {
      if (pages > pagesLeft || elements > elementsLeft) return false;
      pagesLeft -= pages;
      elementsLeft -= elements;
      return true;
    },
  };
}
