import type { CustomInterfaces } from "./admission.types.ts";
import type { CoreImport } from "./artifact.types.ts";
import { rawFunctions } from "./worlds.ts";

/** The shape of a function of a host's own interface: strings and `u32` in, a string out. */
export const customShape = /^func\((?:(?:string|u32)(?:, (?:string|u32))*)?\) -> string$/u;

/** What such a function looks like to a raw guest, when no more is known of it. */
const rawShape = /^\((?:i32(?:, i32)*)?\) -> \(i32\)$/u;

/**
 * Gives the type that an import of a raw guest must have to be a function of a host's own interface.
 *
 * The module has the interface's name with its version, the function its own with `_` for `-`. A
 * string is a pointer and a length, a `u32` is itself; the result is the length of the response,
 * which `response_read` copies (reference §4.4).
 *
 * @param interfaces The host's own interfaces.
 * @param item The import.
 * @returns The type, or `undefined` when there is no such function.
 */
export function rawCustomSignature(
  interfaces: CustomInterfaces,
  item: CoreImport,
): string | undefined {
  if (!interfaces.has(item.module)) return undefined;
  const functions = interfaces.get(item.module);
  const known = rawFunctions(functions ?? new Map()).get(item.field);
  if (known !== undefined || functions !== undefined) return known;
  return rawShape.test(item.signature ?? "") ? item.signature : undefined;
}
