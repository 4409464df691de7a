import type { ArtifactFacts, CoreModuleFacts } from "./artifact.types.ts";

/** What an artifact's instance has before it grows. */
export interface DeclaredSize {
  /** Pages of 64 KiB, all memories together. */
  readonly pages: number;
  /** Elements, all tables together. */
  readonly elements: number;
}

/**
 * Adds up the minima that an artifact declares, every instantiation counted.
 *
 * @param facts What `readArtifact` read.
 * @returns The sums; admission has bounded them.
 */
export function declaredSize(facts: ArtifactFacts): DeclaredSize {
  const modules = facts.kind === "component" ? facts.modules : [facts.module];
  const total = (minima: (module: CoreModuleFacts) => readonly number[]) =>
    modules.reduce(
      (sum, module) =>
        minima(module).reduce((inner, minimum) => inner + minimum * module.instantiations, sum),
      0,
    );
  return {
    pages: total(({ memories }) =>
      memories.map(({ isImported, minPages }) => (isImported ? 0 : minPages)),
    ),
    elements: total(({ tables }) =>
      tables.map(({ isImported, minElements }) => (isImported ? 0 : minElements)),
    ),
  };
}
