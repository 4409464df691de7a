import { PluginError } from "../errors.ts";
import {
  type ArtifactLimits,
  artifactLimits,
  type GuestLimits,
  guestLimits,
  type Limit,
  type LimitValues,
  mergeLimits,
  type PackageLimits,
  packageLimits,
  rawGuestDefaults,
} from "../limits.ts";
import type { RuntimeDeclaration } from "../manifest/manifest.types.ts";

/** Numbers that a host sets for an inspection, over the defaults. */
export type InspectionLimitsInput = Partial<PackageLimits & ArtifactLimits & GuestLimits>;

/** The limits of one inspection, resolved. */
export interface InspectionLimits {
  readonly package: PackageLimits;
  readonly artifact: ArtifactLimits;
  /** By the kind of runtime: a raw guest has narrower defaults, a host's number holds for both. */
  readonly guest: { readonly [Kind in RuntimeDeclaration["kind"]]: GuestLimits };
}

/**
 * Resolves the limits of an inspection.
 *
 * @param input The host's numbers.
 * @returns Frozen numbers.
 * @throws PluginError `options/invalid` for a limit that there is not or that is no whole number.
 */
export function resolveInspectionLimits(input: InspectionLimitsInput = {}): InspectionLimits {
  mergeLimits({ ...packageLimits, ...artifactLimits, ...guestLimits }, input, refuseLimit);
  const given = Object.entries(input);
  const resolve = <Table extends Record<string, Limit>>(table: Table, defaults = {}) => {
    const own = given.filter(([name, value]) => Object.hasOwn(table, name) && value !== undefined);
    const numbers = { ...defaults, ...Object.fromEntries(own) } as Partial<LimitValues<Table>>;
    return mergeLimits(table, numbers, refuseLimit);
  };
  return Object.freeze({
    package: resolve(packageLimits),
    artifact: resolve(artifactLimits),
    guest: Object.freeze({
      "wasm-component": resolve(guestLimits),
      wasm: resolve(guestLimits, rawGuestDefaults),
    }),
  });
}

function refuseLimit(message: string): never {
  throw new PluginError({ code: "options/invalid", phase: "options", message });
}
