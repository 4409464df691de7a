import type { Refuse, ResolvedRequest } from "./admission.types.ts";
import type {
  ArtifactFacts,
  ComponentFacts,
  CoreModuleFacts,
  WasmFeature,
} from "./artifact.types.ts";
import { saturatingAdd, saturatingMultiply } from "./saturating.ts";

/**
 * The WebAssembly features that guests may use, whatever the engine knows: so that a package means the same
 * on every machine, and nothing can be used that is not bounded here.
 */
const allowedFeatures: ReadonlySet<WasmFeature> = new Set<WasmFeature>([
  "mutable-globals",
  "sign-extension",
  "saturating-conversion",
  "multi-value",
  "bulk-memory",
  "reference-types",
  "simd",
  "relaxed-simd",
  "tail-calls",
  "extended-constants",
  "multi-memory",
  "exceptions",
  "legacy-exceptions",
]);

/** Refuses features outside the allowlist, and what the bindings generator can't take. */
export function checkFeatures(
  facts: ArtifactFacts,
  { runtime }: ResolvedRequest,
  refuse: Refuse,
): void {
  for (const feature of facts.features) {
    // Raw guests have one memory (reference §4.1).
    const isAllowed =
      allowedFeatures.has(feature) && !(feature === "multi-memory" && runtime.kind === "wasm");
    if (isAllowed) continue;
    refuse(
      "artifact/unsupported",
      `The artifact uses the WebAssembly feature ${feature}, which guests may not use. Build it without.`,
    );
  }
  if (facts.kind === "component") checkGenerator(facts, refuse);
}

function checkGenerator(facts: ComponentFacts, refuse: Refuse): void {
  if (facts.stringEncodings.includes("latin1+utf16")) {
    refuse(
      "artifact/unsupported",
      "The artifact passes strings as latin1+utf16, which the bindings generator does not know. Build it with UTF-8 strings.",
    );
  }
  const isMixed = ({ memories }: CoreModuleFacts): boolean =>
    memories.length > 1 && memories.some(({ isImported }) => !isImported);
  if (facts.modules.some(isMixed)) {
    refuse(
      "artifact/unsupported",
      "A module in the artifact defines a memory and has several (multi-memory), which the bindings generator does not take: only modules that import all theirs, to link others, may have several.",
    );
  }
  if (facts.unresolvedInstantiations > 0) {
    refuse(
      "artifact/unsupported",
      "The artifact instantiates a module or component that it only receives, so that what it uses can't be counted. Link it in statically.",
    );
  }
}

const pageBytes = 65_536;

/** Refuses more instances, items, memory or table elements than the limits allow. */
export function checkAmounts(facts: ArtifactFacts, request: ResolvedRequest, refuse: Refuse): void {
  const { limits, artifactLimits } = request;
  const bound = (what: string, amount: number, most: number, unit: string): void => {
    if (amount <= most) return;
    refuse(
      "artifact/limit",
      `The artifact ${what} ${written(amount)} ${unit}; the limit is ${most}.`,
    );
  };
  const modules = facts.kind === "component" ? facts.modules : [facts.module];
  const memory = sum(modules, ({ memories }) =>
    memories.map(({ minPages, isImported }) =>
      isImported ? 0 : saturatingMultiply(minPages, pageBytes),
    ),
  );
  const elements = sum(modules, ({ tables }) =>
    tables.map(({ minElements, isImported }) => (isImported ? 0 : minElements)),
  );
  bound("starts with memories of", memory, limits.memoryBytes, "bytes in all");
  bound("starts with tables of", elements, limits.tableElements, "elements in all");
  if (facts.kind === "component") {
    const { componentItems, typeNodes } = artifactLimits;
    bound("instantiates", facts.coreInstances, limits.coreInstances, "core modules");
    bound("expands to", facts.expandedItems, componentItems, "items of components");
    bound("has functions with", facts.typeNodes, typeNodes, "types in their signatures");
  } else {
    // One memory and one table (reference §4.1); imported ones are refused as imports.
    bound("has", facts.module.memories.length, 1, "memories");
    bound("has", facts.module.tables.length, 1, "tables");
  }
}

function sum(
  modules: readonly CoreModuleFacts[],
  amounts: (module: CoreModuleFacts) => readonly number[],
): number {
  let total = 0;
  for (const module of modules) {
    for (const amount of amounts(module)) {
      total = saturatingAdd(total, saturatingMultiply(amount, module.instantiations));
    }
  }
  return total;
}

function written(amount: number): string {
  return amount === Number.MAX_SAFE_INTEGER ? "countless" : String(amount);
}
