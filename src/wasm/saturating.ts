/** Adds counts; what would pass the largest exact integer stays there. */
export function saturatingAdd(left: number, right: number): number {
  return Math.min(left + right, Number.MAX_SAFE_INTEGER);
}

/** Multiplies counts; what would pass the largest exact integer stays there. */
export function saturatingMultiply(left: number, right: number): number {
  return Math.min(left * right, Number.MAX_SAFE_INTEGER);
}
