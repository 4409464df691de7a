import { PluginError } from "../errors.ts";
import {
  mergeLimits,
  type PackageLimits,
  packageLimits,
  type StoreLimits,
  storeLimits,
} from "../limits.ts";

/** Numbers that a host sets for its stores, over the defaults: of stores and of packages. */
export type StoreLimitsInput = Partial<PackageLimits & StoreLimits>;

/** The limits of one look at the stores, resolved. */
export interface ResolvedStoreLimits {
  readonly package: PackageLimits;
  readonly store: StoreLimits;
}

/**
 * Resolves the limits of a look at the stores.
 *
 * @param input The host's numbers.
 * @returns Frozen numbers.
 * @throws PluginError `options/invalid` for a limit that there is not or that is no whole number.
 */
export function resolveStoreLimits(input: StoreLimitsInput = {}): ResolvedStoreLimits {
  const all = mergeLimits({ ...packageLimits, ...storeLimits }, input, refuseLimit);
  const pick = <Table extends object>(table: Table) =>
    Object.freeze(
      Object.fromEntries(Object.keys(table).map((name) => [name, all[name as keyof typeof all]])),
    );
  return Object.freeze({
    package: pick(packageLimits) as PackageLimits,
    store: pick(storeLimits) as StoreLimits,
  });
}

function refuseLimit(message: string): never {
  throw new PluginError({ code: "options/invalid", phase: "options", message });
}
