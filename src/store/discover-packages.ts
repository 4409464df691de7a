import { PluginError } from "../errors.ts";
import { isPackageSource, packageSources } from "../package/load-package.ts";
import type { DiscoveredPackage, Discovery, PackageStore, StoreDiagnostic } from "./store.types.ts";
import { storeDiagnostic } from "./store-diagnostic.ts";
import { resolveStoreLimits, type StoreLimitsInput } from "./store-limits.ts";
import { listStore } from "./store-listing.ts";
import { readCandidate } from "./stored-package.ts";

/** Where packages are looked for, and what that may cost. */
export interface DiscoverOptions {
  readonly stores: readonly PackageStore[];
  /** Numbers over the defaults: of stores and of packages. */
  readonly limits?: StoreLimitsInput | undefined;
  /** Ends the discovery with `runtime/aborted`. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds the packages of some stores (reference §3); nothing of them is run, compiled or enabled.
 *
 * Only a store's direct children `*.yoi-plugin` count, and only regular files that lie below the
 * store once links are followed. One bad package never hides another. Packages are read one after the
 * other and not kept, so that memory stays at one package's.
 *
 * @param options The stores, limits and a signal.
 * @returns The packages, sorted by reference, digest and file name, and what is wrong. Packages with
 * the same reference are all listed, with one finding `package/duplicate`.
 * @throws PluginError `options/invalid` for a misuse, `runtime/aborted` when the signal fired.
 */
export async function discoverPackages(options: DiscoverOptions): Promise<Discovery> {
  const { stores, signal } = options;
  const limits = resolveStoreLimits(options.limits);
  for (const store of stores) checkStore(store);

  const packages: DiscoveredPackage[] = [];
  const diagnostics: StoreDiagnostic[] = [];
  for (const store of stores) {
    const listing = await listStore(store, limits.store, signal);
    diagnostics.push(...listing.diagnostics);
    for (const name of listing.names) {
      const candidate = { source: store.source, folder: listing.folder, name };
      const outcome = await readCandidate(candidate, limits.package, signal);
      if (outcome.ok) packages.push(outcome.package);
      else diagnostics.push(outcome.diagnostic);
    }
  }
  packages.sort(
    (one, other) =>
      compareText(one.identity.ref, other.identity.ref) ||
      compareText(one.identity.digest, other.identity.digest) ||
      compareText(one.label, other.label),
  );
  return Object.freeze({
    packages: Object.freeze(packages),
    diagnostics: Object.freeze([...diagnostics, ...duplicates(packages)]),
  });
}

function duplicates(packages: readonly DiscoveredPackage[]): readonly StoreDiagnostic[] {
  const byRef = new Map<string, DiscoveredPackage[]>();
  for (const each of packages) {
    const same = byRef.get(each.identity.ref);
    if (same === undefined) byRef.set(each.identity.ref, [each]);
    else same.push(each);
  }
  return [...byRef]
    .filter(([, same]) => same.length > 1)
    .map(([ref, same]) => {
      const message = `${same.length} packages are ${ref}; keep one: ${same.map(({ label }) => label).join(", ")}.`;
      return storeDiagnostic("package/duplicate", "discovery", message, {
        source: same[0]?.identity.source,
        ref,
      });
    });
}

/** By UTF-16 units: references and digests are ASCII, and labels only need some fixed order. */
function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function checkStore(store: PackageStore): void {
  if (!isPackageSource(store.source)) {
    refuseOptions(`The source of a store is one of ${packageSources.join(", ")}.`);
  }
  if (typeof store.folder !== "string" || store.folder === "" || store.folder.includes("\0")) {
    refuseOptions("The folder of a store is a path.");
  }
}

function refuseOptions(message: string): never {
  throw new PluginError({ code: "options/invalid", phase: "options", message });
}
