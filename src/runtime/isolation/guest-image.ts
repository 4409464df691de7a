import type { DeclaredSize } from "../../wasm/declared-size.ts";
import type { HostImport } from "../../wasm/host-imports.ts";

/** A component ready to run: the checked glue and the compiled modules that it asks for by name. */
export interface ComponentImage {
  readonly format: "component";
  /** An expression whose value is a function; see runtime/component/glue-check. */
  readonly script: string;
  /** The names of the globals that the script takes as arguments, in order. */
  readonly globals: readonly string[];
  /** Metered. */
  readonly modules: ReadonlyMap<string, WebAssembly.Module>;
  readonly declared: DeclaredSize;
  /** The interfaces that it imports, as the glue names them: without a version. */
  readonly imports: readonly string[];
  readonly hostImports: readonly HostImport[];
  readonly isSuspending: boolean;
}

/** A core module ready to run. */
export interface CoreImage {
  readonly format: "core";
  /** Metered. */
  readonly module: WebAssembly.Module;
  readonly hostImports: readonly HostImport[];
  readonly declared: DeclaredSize;
  readonly isSuspending: boolean;
}

/**
 * What crosses into an isolate. Structured-cloneable.
 *
 * `isSuspending` says how its host calls wait: the guest is suspended by its engine, or else it holds its
 * thread. The glue differs, so that an image is made for one of the two.
 */
export type GuestImage = ComponentImage | CoreImage;
