import type { StringEncoding, WasmFeature } from "./artifact.types.ts";
import type { CoreModuleDraft } from "./core-module.ts";
import type { ComponentDefinition } from "./instantiation.ts";
import type { ArtifactReading } from "./reading.ts";

/** What one artifact's components have in common while they are read. */
export interface ComponentReading {
  readonly reading: ArtifactReading;
  /** What the components themselves need; their modules' features are with the modules. */
  readonly features: Set<WasmFeature>;
  readonly stringEncodings: Set<StringEncoding>;
  /** Every core module, in the order of the bytes. */
  readonly modules: CoreModuleDraft[];
  /** Every component definition that was read whole; a definition instantiates only earlier ones. */
  readonly definitions: ComponentDefinition[];
  /** How deep components nest. */
  nesting: number;
  /** Whether some module can grow a memory or table of which it can't be told which it is. */
  mayGrowUnknown: boolean;
}
