import { saturatingAdd, saturatingMultiply } from "./saturating.ts";

/** What one component definition costs each time it is instantiated, without what it instantiates. */
export interface ComponentDefinition {
  /** Its imports, exports, types, aliases, functions and instances. */
  items: number;
  /** The types of the functions it lifts and lowers, every use counted. */
  typeNodes: number;
  /** How often it instantiates each module and each earlier definition. */
  readonly modules: Map<number, number>;
  readonly components: Map<number, number>;
  /** How often it instantiates a module or component of which only the type is known. */
  unresolved: number;
}

/** What instantiating an artifact's outermost component creates in all, nesting multiplied. */
export interface InstantiationCounts {
  /** For every module, how often it is instantiated. */
  readonly modules: readonly number[];
  readonly coreInstances: number;
  readonly componentInstances: number;
  readonly items: number;
  readonly typeNodes: number;
  readonly unresolved: number;
}

/** A definition that nothing was read of yet. */
export function emptyDefinition(): ComponentDefinition {
  return { items: 0, typeNodes: 0, modules: new Map(), components: new Map(), unresolved: 0 };
}

/** Counts one instantiation of a module or component in a definition. */
export function countInstantiation(
  definition: ComponentDefinition,
  kind: "modules" | "components",
  which: number | undefined,
): void {
  if (which === undefined) definition.unresolved += 1;
  else definition[kind].set(which, (definition[kind].get(which) ?? 0) + 1);
}

/**
 * Counts what the last definition creates, without expanding anything: a definition instantiates only
 * earlier ones, so one pass from the last to the first knows how often each is instantiated.
 *
 * @param definitions Every definition, the outermost component last.
 * @param moduleCount How many modules the artifact has.
 */
export function countInstantiations(
  definitions: readonly ComponentDefinition[],
  moduleCount: number,
): InstantiationCounts {
  const modules = new Array<number>(moduleCount).fill(0);
  const times = new Array<number>(definitions.length).fill(0);
  const totals = { coreInstances: 0, componentInstances: 0, items: 0, typeNodes: 0, unresolved: 0 };
  const add = (total: keyof typeof totals, count: number, multiplier: number): void => {
    totals[total] = saturatingAdd(totals[total], saturatingMultiply(count, multiplier));
  };
  times[definitions.length - 1] = 1;
  for (let index = definitions.length - 1; index >= 0; index -= 1) {
    const definition = definitions[index];
    const multiplier = times[index] ?? 0;
    if (definition === undefined || multiplier === 0) continue;
    add("componentInstances", 1, multiplier);
    add("items", definition.items, multiplier);
    add("typeNodes", definition.typeNodes, multiplier);
    add("unresolved", definition.unresolved, multiplier);
    for (const [module, count] of definition.modules) {
      add("coreInstances", count, multiplier);
      const before = modules[module] ?? 0;
      modules[module] = saturatingAdd(before, saturatingMultiply(count, multiplier));
    }
    for (const [component, count] of definition.components) {
      const before = times[component] ?? 0;
      times[component] = saturatingAdd(before, saturatingMultiply(count, multiplier));
    }
  }
  return { ...totals, modules };
}
