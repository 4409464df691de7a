import type { ArtifactFacts } from "./artifact.types.ts";

const componentPattern = /^yoi:host\/([a-z]+)@/u;
const rawPattern = /^yoi:([a-z]+)$/u;

/** The module of the raw ABI itself, which is no host API. */
const toolModule = "yoi:tool";

/**
 * Names the host APIs that a guest imports; each needs a permission of its own.
 *
 * @param facts What `readArtifact` read.
 * @returns Such as `fs`, each once, in the order of the bytes: `yoi:host/fs@1.0.0` of a component,
 *   the module `yoi:fs` of a raw guest.
 */
export function importedHostApis(facts: ArtifactFacts): readonly string[] {
  const names =
    facts.kind === "component"
      ? facts.imports.map(({ name }) => componentPattern.exec(name)?.[1])
      : facts.module.imports
          .filter(({ module }) => module !== toolModule)
          .map(({ module }) => rawPattern.exec(module)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}
