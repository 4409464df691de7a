import type { CustomInterfaces } from "./admission.types.ts";
import type { ArtifactFacts } from "./artifact.types.ts";
import { hostInterfaces, parameterTypes, rawFieldName, rawModuleInterface } from "./worlds.ts";

/** A host interface that a guest imports. */
export interface HostImport {
  /** With its version: `yoi:host/fs@1.0.0`. */
  readonly interface: string;
  /** The functions that it imports, by their names in the bytes. */
  readonly functions: readonly string[];
  /** How a raw guest calls it; absent for a component. */
  readonly raw?: RawHostModule;
}

/** A host interface as a raw guest knows it (reference §4.4). */
export interface RawHostModule {
  /** The module's name: `yoi:fs`, or the interface's own. */
  readonly module: string;
  /** What asks the host, by field; the functions that read the response are not among them. */
  readonly functions: ReadonlyMap<string, RawHostFunction>;
}

/** A function of a raw guest's module that asks the host. */
export interface RawHostFunction {
  /** The WIT name: `send-text`. */
  readonly name: string;
  /** WIT's types; a string takes two numbers, a pointer and a length, and a `u32` one. */
  readonly parameters: readonly string[];
}

/** The module of the raw ABI itself, which needs no permission. */
const toolModule = "yoi:tool";

/**
 * Names the host interfaces that a guest imports: all that is neither WASI nor the raw ABI's own.
 *
 * @param facts What `readArtifact` read, admitted.
 * @param customInterfaces The host's own interfaces, as admission had them.
 * @returns The interfaces, each once; a raw guest's module `yoi:fs` is `yoi:host/fs@1.0.0`.
 */
export function importedHostInterfaces(
  facts: ArtifactFacts,
  customInterfaces: CustomInterfaces = new Map(),
): readonly HostImport[] {
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
  return Array.from(modules, ([module, fields]) => {
    const name = rawModuleInterface(module);
    const signatures = hostInterfaces.get(name) ?? customInterfaces.get(name) ?? new Map();
    const functions = Array.from(
      signatures,
      ([each, signature]) =>
        [rawFieldName(each), { name: each, parameters: parameterTypes(signature) }] as const,
    );
    const raw = {
      module,
      functions: new Map(functions.filter(([field]) => fields.includes(field))),
    };
    return { interface: name, functions: fields, raw };
  });
}
