export const i32 = 0x7f;
export const i64 = 0x7e;
/** A value type. */
export type Value = typeof i32 | typeof i64;

/** A label: the values that a branch to it carries, and what it may be used for. */
export interface Label {
  readonly carries: readonly Value[];
}

/** The types of the module, by index. */
export const types: readonly {
  readonly parameters: readonly Value[];
  readonly results: readonly Value[];
}[] = [
  { parameters: [], results: [] },
  { parameters: [i32], results: [i32] },
  { parameters: [i32, i64], results: [i64] },
  { parameters: [i32, i32], results: [i32, i32] },
  { parameters: [i32], results: [] },
  { parameters: [i32], results: [i32, i32] },
];
/** The types that functions have; the others are for blocks. */
export const functionTypes = [1, 2, 3, 1, 0, 2] as const;
/** Locals that every function has after its parameters. */
export const extraLocals: readonly Value[] = [i32, i32, i64];
/** Indices of what every module has. */
export const stepsGlobal = 0;
export const plainGlobal = 1;
export const importedFunctions = 1;
export const tag = 0;

/** Whether the table holds a function, at half its number; the others are only called directly. */
export function isListed(index: number): boolean {
  return index % 2 === 0;
}
