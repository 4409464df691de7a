import { trap } from "./guest-fault.ts";

/** The instructions that take two values and give one. */
export const operators: ReadonlyMap<number, (left: number, right: number) => number> = new Map([
  [0x46, (left, right) => Number(left === right)],
  [0x47, (left, right) => Number(left !== right)],
  [0x48, (left, right) => Number(left < right)],
  [0x49, (left, right) => Number(left >>> 0 < right >>> 0)],
  [0x4a, (left, right) => Number(left > right)],
  [0x4b, (left, right) => Number(left >>> 0 > right >>> 0)],
  [0x4c, (left, right) => Number(left <= right)],
  [0x4d, (left, right) => Number(left >>> 0 <= right >>> 0)],
  [0x4e, (left, right) => Number(left >= right)],
  [0x4f, (left, right) => Number(left >>> 0 >= right >>> 0)],
  [0x6a, (left, right) => left + right],
  [0x6b, (left, right) => left - right],
  [0x6c, Math.imul],
  [0x6e, (left, right) => (left >>> 0) / divisor(right >>> 0)],
  [0x70, (left, right) => (left >>> 0) % divisor(right >>> 0)],
  [0x71, (left, right) => left & right],
  [0x72, (left, right) => left | right],
  [0x73, (left, right) => left ^ right],
  [0x74, (left, right) => left << right],
  [0x75, (left, right) => left >> right],
  [0x76, (left, right) => left >>> right],
] satisfies [number, (left: number, right: number) => number][]);

function divisor(value: number): number {
  return value === 0 ? trap("it divided by zero") : value;
}
