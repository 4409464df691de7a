import type { Diagnostic } from "../errors.ts";

/** A WebAssembly feature that admission knows by name. */
export type WasmFeature =
  | "mutable-globals"
  | "sign-extension"
  | "saturating-conversion"
  | "multi-value"
  | "bulk-memory"
  | "reference-types"
  | "simd"
  | "relaxed-simd"
  | "tail-calls"
  | "extended-constants"
  | "multi-memory"
  | "exceptions"
  | "legacy-exceptions"
  | "threads"
  | "memory64"
  | "gc"
  | "function-references"
  | "custom-page-sizes"
  | "wide-arithmetic"
  | "stack-switching"
  | "component-async"
  | "component-values"
  | "component-map"
  | "component-fixed-length-list";

/** How a component's strings cross the boundary between its instances. */
export type StringEncoding = "utf8" | "utf16" | "latin1+utf16";

/** A stretch of an artifact's bytes: `[start, end)`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A memory as a module declares it, in pages of 64 KiB. */
export interface MemoryFacts {
  readonly minPages: number;
  /** `undefined` when the module names no maximum. */
  readonly maxPages: number | undefined;
  readonly isShared: boolean;
  readonly is64: boolean;
  readonly isImported: boolean;
  /** Whether some code can make it larger; of one that is imported, the module's own code. */
  readonly isGrown: boolean;
  /** Where its limits lie. */
  readonly limits: ByteRange;
}

/** A table as a module declares it, in elements. */
export interface TableFacts {
  readonly minElements: number;
  readonly maxElements: number | undefined;
  readonly is64: boolean;
  readonly isImported: boolean;
  /** Whether some code can make it larger; of one that is imported, the module's own code. */
  readonly isGrown: boolean;
  /** Where its limits lie. */
  readonly limits: ByteRange;
  readonly element: string;
}

/** One import of a core module. */
export interface CoreImport {
  readonly module: string;
  readonly field: string;
  readonly kind: "function" | "table" | "memory" | "global" | "tag";
  /** For a function: `(i32, i32) -> (i32)`. */
  readonly signature: string | undefined;
}

/** One export of a core module. */
export interface CoreExport {
  readonly name: string;
  readonly kind: "function" | "table" | "memory" | "global" | "tag";
  readonly signature: string | undefined;
}

/** What the bytes of one core module say. */
export interface CoreModuleFacts {
  /** Where the module's bytes lie in the artifact: `[start, end)`. */
  readonly start: number;
  readonly end: number;
  /** How often a component instantiates it, nesting multiplied; 1 for a core artifact. */
  readonly instantiations: number;
  readonly imports: readonly CoreImport[];
  readonly exports: readonly CoreExport[];
  readonly memories: readonly MemoryFacts[];
  readonly tables: readonly TableFacts[];
  readonly features: readonly WasmFeature[];
  readonly hasStart: boolean;
  /** How many functions it defines. */
  readonly functions: number;
}

/** One import or export of a component, its name as the bytes have it, version included. */
export interface ComponentItem {
  readonly name: string;
  readonly kind: "function" | "instance" | "component" | "module" | "type" | "value";
  /** For a function, its WIT signature: `func(tool-name: string, input-json: string) -> string`. */
  readonly signature: string | undefined;
  /**
   * The signature by its types alone, names of types resolved: `func(string, string) -> string`. For a
   * type, what it stands for; `resource` for an abstract one.
   */
  readonly shape: string | undefined;
  /** For an instance, its functions: name → WIT signature; empty otherwise. */
  readonly functions: ReadonlyMap<string, string>;
  /** For an instance, its functions: name → shape; empty otherwise. */
  readonly shapes: ReadonlyMap<string, string>;
}

/** What the bytes of a component say. */
export interface ComponentFacts {
  readonly kind: "component";
  readonly bytes: number;
  readonly imports: readonly ComponentItem[];
  readonly exports: readonly ComponentItem[];
  /** Every core module in it, at any depth, in the order of the bytes. */
  readonly modules: readonly CoreModuleFacts[];
  /** Core instances it creates from modules, nesting multiplied. */
  readonly coreInstances: number;
  /** Component instances it creates, itself included, nesting multiplied. */
  readonly componentInstances: number;
  /** Items of its components (types, aliases, functions, instances, names), nesting multiplied. */
  readonly expandedItems: number;
  /** Types in the signatures of its lifted and lowered functions, every use counted, nesting multiplied. */
  readonly typeNodes: number;
  /** Instantiations of modules or components that it only receives, nesting multiplied. */
  readonly unresolvedInstantiations: number;
  /** The string encodings of its lifted and lowered functions. */
  readonly stringEncodings: readonly StringEncoding[];
  /** Every name in it that the bindings generator may write into code, with where it stands. */
  readonly names: readonly NamedPlace[];
  readonly features: readonly WasmFeature[];
  /** How deep components nest; 1 for a flat one. */
  readonly nesting: number;
}

/** What the bytes of a core module artifact say. */
export interface ModuleFacts {
  readonly kind: "module";
  readonly bytes: number;
  readonly module: CoreModuleFacts;
  readonly names: readonly NamedPlace[];
  readonly features: readonly WasmFeature[];
}

/** What an artifact's bytes say, nothing compiled. */
export type ArtifactFacts = ComponentFacts | ModuleFacts;

/** A name and its position, such as `core import field` or `component export`. */
export interface NamedPlace {
  readonly name: string;
  readonly place: string;
}

/** Reasons to refuse an artifact; empty when it is admitted. */
export type AdmissionReasons = readonly Diagnostic[];
