import type { Deadline } from "../deadline.ts";
import type { HostCalls } from "../host-api/host-call.ts";
import type { WasiOptions } from "../host-api/wasi/wasi.ts";
import type { GuestLimits } from "../limits.ts";
import type { RuntimeDeclaration } from "../manifest/manifest.types.ts";
import type { CustomInterfaces } from "../wasm/admission.types.ts";
import type { ArtifactFacts } from "../wasm/artifact.types.ts";
import type { Isolate } from "./isolation/isolation.ts";

/** A guest's bytes after admission: what the manifest declares, and what the bytes say. */
export interface Artifact {
  /** Content key: equal for equal bytes, so that work is done once. */
  readonly key: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly facts: ArtifactFacts;
  readonly runtime: RuntimeDeclaration;
  /** The functions of the host's own interfaces that guests may import; none when absent. */
  readonly customInterfaces?: CustomInterfaces;
}

/** What a backend may use while it prepares a guest. */
export interface PrepareContext {
  readonly limits: GuestLimits;
  /** Where the guest will run, where that is known: a guest that its engine suspends needs code of another shape. */
  readonly isolate?: Isolate | undefined;
  /** Ends when the caller gave up waiting. */
  readonly signal?: AbortSignal | undefined;
}

/** What a guest instance is opened with. */
export interface InstantiateContext {
  readonly limits: GuestLimits;
  readonly isolate: Isolate;
  /** `call`: a fresh instance for every call. `instance`: one until it is closed. */
  readonly lifetime: "call" | "instance";
  readonly deadline: Deadline;
  /** Answers the guest's host calls. */
  readonly hostCalls: HostCalls;
  /** Clocks and randomness of a guest that imports WASI's; the engine's own when absent. */
  readonly wasi?: WasiOptions | undefined;
  /** Lines that the guest writes to its standard streams. */
  readonly onLog: (line: GuestLogLine) => void;
}

/** One line that a guest wrote. Its text is the guest's own and not yet inert. */
export interface GuestLogLine {
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** What a guest answered. */
export interface GuestReply {
  readonly output: string;
  readonly usage: { readonly fuel?: number };
}

/** A guest that takes calls, one at a time. */
export interface GuestInstance {
  /** Whether it takes another call; false once its isolate was stopped or lost. */
  readonly isAlive: boolean;
  /**
   * Calls an export of the world.
   *
   * @param exportName The export's name as the world has it: `call`, `handle-tool`.
   * @param args Strings, as many as the export takes.
   * @throws PluginError with a `runtime/…` or `output/…` code; after a trap, a guest with the
   *   lifetime `instance` is no longer alive.
   */
  call(
    exportName: string,
    args: readonly string[],
    context: { readonly deadline: Deadline },
  ): Promise<GuestReply>;
  close(): Promise<void>;
}

/** A guest whose code is ready to run any number of times. */
export interface PreparedGuest {
  instantiate(context: InstantiateContext): Promise<GuestInstance>;
}

/** What knows one guest format. Ours are `componentBackend()` and `coreWasmBackend()`; a host may bring its own. */
export interface RuntimeBackend {
  readonly name: string;
  /**
   * Limits that this backend can't keep; none when absent. A host that asks for one of them is refused,
   * because a limit that is believed and not kept is worse than none.
   */
  readonly unkeptLimits?: readonly (keyof GuestLimits)[];
  /** Whether the backend runs guests of this declared runtime; it never guesses from bytes. */
  supports(runtime: RuntimeDeclaration): boolean;
  /**
   * Does what does not depend on a call: generating, compiling, caching by `artifact.key`.
   *
   * @throws PluginError `artifact/…` when the guest can't be prepared, `runtime/aborted` when the signal fired.
   */
  prepare(artifact: Artifact, context: PrepareContext): Promise<PreparedGuest>;
}
