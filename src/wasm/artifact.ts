import { PluginError } from "../errors.ts";
import { type ArtifactLimits, artifactLimits, defaultLimits } from "../limits.ts";
import type { ArtifactFacts, ComponentFacts, ModuleFacts } from "./artifact.types.ts";
import { preamble, readComponent } from "./component.ts";
import { componentItems } from "./component-items.ts";
import type { ComponentReading } from "./component-reading.ts";
import { moduleFacts, readCoreModule } from "./core-module.ts";
import { countInstantiations } from "./instantiation.ts";
import { ArtifactReading } from "./reading.ts";

/**
 * Reads a WebAssembly artifact, a core module or a component with everything nested in it.
 *
 * Nothing is compiled or run. Features that guests may not use are named in the facts, not refused:
 * that is admission's work. What is read stays within `limits`, and memory within a small multiple of
 * the bytes.
 *
 * @param bytes The artifact.
 * @param limits The bounds on its size, nesting and numbers of items.
 * @returns Frozen facts.
 * @throws PluginError `artifact/malformed` for bytes that are not well-formed, `artifact/unsupported` for an
 *   encoding that no specification here defines, `artifact/limit` for more than a bound allows.
 */
export function readArtifact(
  bytes: Uint8Array,
  limits: ArtifactLimits = defaultLimits(artifactLimits),
): ArtifactFacts {
  const reading = new ArtifactReading(bytes, limits);
  if (bytes.length > limits.artifactBytes) reading.overLimit("artifactBytes", "bytes");
  switch (preamble(reading.cursor(0, bytes.length))) {
    case "module":
      return coreFacts(reading);
    case "component":
      return componentFacts(reading);
    case undefined:
      throw new PluginError({
        code: "artifact/malformed",
        phase: "inspection",
        message:
          "The artifact is neither a core WebAssembly module (version 1) nor a component. Point the manifest at a .wasm file that a compiler wrote.",
      });
  }
}

function coreFacts(reading: ArtifactReading): ModuleFacts {
  const end = reading.bytes.length;
  const module = moduleFacts(readCoreModule(reading, 0, end), 1, false);
  return Object.freeze({
    kind: "module",
    bytes: end,
    module,
    names: reading.namedPlaces(),
    features: module.features,
  });
}

function componentFacts(reading: ArtifactReading): ComponentFacts {
  const component: ComponentReading = {
    reading,
    features: new Set(),
    stringEncodings: new Set(),
    modules: [],
    definitions: [],
    nesting: 0,
    mayGrowUnknown: false,
  };
  const { imports, entry } = readComponent(component, 0, reading.bytes.length, undefined);
  const counts = countInstantiations(component.definitions, component.modules.length);
  const features = new Set(component.features);
  for (const module of component.modules) {
    for (const feature of module.facts.features) features.add(feature);
  }
  return Object.freeze({
    kind: "component",
    bytes: reading.bytes.length,
    imports: componentItems(imports),
    exports: componentItems(entry.exports),
    modules: Object.freeze(
      component.modules.map((module, index) =>
        moduleFacts(module, counts.modules[index] ?? 0, component.mayGrowUnknown),
      ),
    ),
    coreInstances: counts.coreInstances,
    componentInstances: counts.componentInstances,
    expandedItems: counts.items,
    typeNodes: counts.typeNodes,
    unresolvedInstantiations: counts.unresolved,
    stringEncodings: Object.freeze([...component.stringEncodings]),
    names: reading.namedPlaces(),
    features: Object.freeze([...features]),
    nesting: component.nesting,
  });
}
