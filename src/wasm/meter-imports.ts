/**
 * What a metered module imports, all from one module name that guests may not use.
 *
 * They come after the module's own imports: functions first, then the global.
 */
export const meterImports = {
  /** The module name. */
  module: "yoi:meter",
  /**
   * `() -> i32`: asked when the counter is below zero. 1 when the host has added to it, 0 to end the
   * guest with a trap, which no guest can catch; an exception thrown here could be caught.
   */
  refill: "refill",
  /** `(i32 kind, i32 amount) -> i32`: asked before growing; see {@link growth}. 1 to allow. */
  grow: "grow",
  /** The counter, a mutable i64: what may be spent before the host is asked. */
  fuel: "fuel",
  /** How many functions and globals these are. */
  functions: 2,
  globals: 1,
} as const;

/** What the first parameter of `grow` says. */
export const growth = {
  /** A memory is about to grow by so many pages of 64 KiB. */
  memory: 0,
  /** A table is about to grow by so many elements. */
  table: 1,
  /** The memory could not grow after all. */
  memoryFailed: 2,
  /** The table could not grow after all. */
  tableFailed: 3,
} as const;

/** Where the meter's own items stand in a module's index spaces. */
export interface MeterIndices {
  readonly refill: number;
  readonly grow: number;
  readonly fuel: number;
  /** `() -> ()`: asks the host, and traps when it grants nothing. */
  readonly ask: number;
  /** `(i64) -> (i64)`: the same for a counter that a local holds. */
  readonly askLocal: number;
}
