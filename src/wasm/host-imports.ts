import type { ArtifactFacts } from "./artifact.types.ts";

/** A host interface that a guest imports. */
export interface HostImport {
  /** With its version: `yoi:host/fs@1.0.0`. */
  readonly interface: string;
  /** The functions that it imports, by their names in the bytes. */
  readonly functions: readonly string[];
}

/** The module of the raw ABI itself, which needs no permission. */
const toolModule = "yoi:tool";

/**
 * Names the host interfaces that a guest imports: all that is neither WASI nor the raw ABI's own.
 *
 * @param facts What `readArtifact` read, admitted.
 * @returns The interfaces, each once; a raw guest's module `yoi:fs` is `yoi:host/fs@1.0.0`.
 */
export function importedHostInterfaces(facts: ArtifactFacts): readonly HostImport[] {
  if (facts.kind === "component") {
    return facts.imports
      .filter(({ kind, name }) => kind === "instance" && !name.startsWith("wasi:"))
      .map(({ name, functions }) => ({ interface: name, functions: [...functions.keys()] }));
  }
  const modules = new Map<string, string[]>();
  for (const { module, field } of facts.module.imports) {
    if (module === toolModule) continue;
    modules.set(module, [...(modules.get(module) ?? []), field]);
  }
  return Array.from(modules, ([module, functions]) => ({
    // A host's own interface has its version in the name of its module.
    interface: module.includes("@") ? module : `${module.replace(":", ":host/")}@1.0.0`,
    functions,
  }));
}
