import type { CoreModuleDraft } from "./core-module.ts";

/** What has limits and can be grown. */
export type LimitedKind = "memory" | "table";

/** What of a module's memories, or of its tables, matters to the modules that it is linked with. */
export interface ModuleLinks {
  /** The imported ones, which come first in the index space. */
  readonly imports: readonly { readonly module: string; readonly field: string }[];
  readonly exports: ReadonlyMap<string, number>;
  /** The indices that some code can make larger: the module's own, and that of modules linked to it. */
  readonly grown: Set<number>;
}

/** A memory or table of some module; `undefined` when it can't be told which. */
export type LimitedRef = { readonly links: ModuleLinks; readonly index: number } | undefined;

/** A core instance: a module with what its imports are, or exports gathered under new names. */
export type CoreInstance =
  | {
      readonly links: CoreModuleDraft["links"];
      readonly imports: { readonly [Kind in LimitedKind]: readonly LimitedRef[] };
    }
  | { readonly exports: { readonly [Kind in LimitedKind]: Map<string, LimitedRef> } }
  | undefined;

/** The core index spaces of a component, as far as memories and tables go. */
export interface CoreSpaces {
  readonly instances: CoreInstance[];
  readonly memory: LimitedRef[];
  readonly table: LimitedRef[];
}

/** The memory or table that an instance exports by a name. */
export function findExport(instance: CoreInstance, kind: LimitedKind, name: string): LimitedRef {
  if (instance === undefined) return undefined;
  if ("exports" in instance) return instance.exports[kind].get(name);
  const links = instance.links[kind];
  const index = links.exports.get(name);
  if (index === undefined) return undefined;
  return index < links.imports.length ? instance.imports[kind][index] : { links, index };
}

/** Engines take no more memories or tables in one module; more are not followed. */
const mostFollowed = 100;

/**
 * Links a module to the instances that are its arguments, and notes which of their memories and tables
 * its code can make larger.
 *
 * @returns The instance, and whether it can grow something of which it can't be told what it is.
 */
export function linkModule(
  module: CoreModuleDraft,
  args: ReadonlyMap<string, CoreInstance>,
): { readonly instance: CoreInstance; readonly isGrowingUnknown: boolean } {
  let isGrowingUnknown = false;
  const resolve = (kind: LimitedKind): readonly LimitedRef[] => {
    const { imports, grown } = module.links[kind];
    if (imports.length > mostFollowed) {
      isGrowingUnknown = true;
      return [];
    }
    return imports.map(({ module: from, field }, index) => {
      const found = findExport(args.get(from), kind, field);
      if (grown.has(index)) {
        if (found === undefined) isGrowingUnknown = true;
        else found.links.grown.add(found.index);
      }
      return found;
    });
  };
  const imports = { memory: resolve("memory"), table: resolve("table") };
  return { instance: { links: module.links, imports }, isGrowingUnknown };
}
