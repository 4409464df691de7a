import type { Deadline } from "../../deadline.ts";
import {
  type ErrorCode,
  PluginError,
  type PluginErrorInit,
  revivePluginError,
} from "../../errors.ts";
import { artifactLimits } from "../../limits.ts";
import type { WasmFeature } from "../../wasm/artifact.types.ts";
import type { DeclaredSize } from "../../wasm/declared-size.ts";
import type { HostImport } from "../../wasm/host-imports.ts";
import type { GuestImage } from "../isolation/guest-image.ts";
import type { SpawnWorker } from "../isolation/worker-port.ts";

/** A guest to prepare: its bytes admitted and clamped. */
export interface ImageSource {
  readonly format: GuestImage["format"];
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly declared: DeclaredSize;
  readonly hostImports: readonly HostImport[];
  /** The functions that it exports, by their WIT names; none for a core module. */
  readonly exports: readonly string[];
  /** Whether its engine is to suspend it in a host call. */
  readonly isSuspending: boolean;
  /** What its bytes use, for saying what the engine lacks. */
  readonly features: readonly WasmFeature[];
}

/** What a disposable isolate is asked for, once. Structured-cloneable. */
export interface PreparationRequest extends ImageSource {
  /** The most bytes of glue. */
  readonly glueBytes: number;
  /** The bindings generator's own compiled modules, by file name; none for a core module. */
  readonly generator: ReadonlyMap<string, WebAssembly.Module>;
}

/** What it answers. */
export type PreparationAnswer =
  | { readonly ok: true; readonly image: GuestImage }
  | { readonly ok: false; readonly error: PluginErrorInit };

/** Turns guests into images: bindings generated and checked, code metered and compiled. */
export type PrepareImage = (source: ImageSource, deadline: Deadline) => Promise<GuestImage>;

/**
 * Makes `PrepareImage`, whose every run has an isolate of its own, which ends with it: a component can
 * trap the bindings generator or make it explode, and must not spoil the next one (decisions "jco").
 * It also keeps the work off the caller's thread.
 *
 * @param spawn Starts a worker that runs `preparation-main`.
 * @param loadGenerator Gives the bindings generator's modules; asked on the first component.
 * @returns The function. It throws `artifact/…` for a guest that it refuses, and as the deadline says.
 */
export function createPrepareImage(
  spawn: SpawnWorker,
  loadGenerator: () => Promise<ReadonlyMap<string, WebAssembly.Module>>,
): PrepareImage {
  let loading: Promise<ReadonlyMap<string, WebAssembly.Module>> | undefined;
  /** Once for all components: compiling it costs as much as preparing a small one does. */
  const loadOnce = () => {
    loading ??= loadGenerator().catch((error) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };

  return async (source, deadline) => {
    const generator = source.format === "component" ? await loadOnce() : new Map();
    const glueBytes = artifactLimits.glueBytes.default;
    return new Promise((resolve, reject) => {
      const worker = spawn();
      const fail = (message: string, code: ErrorCode = "artifact/limit") =>
        reject(new PluginError({ code, phase: "preparation", message }));
      worker.onMessage((message) => {
        // The worker ran our code and the generator's, over bytes that admission has read.
        const answer = message as PreparationAnswer;
        if (answer.ok) resolve(answer.image);
        else reject(revivePluginError(answer.error));
        worker.terminate();
      });
      worker.onEnd(({ isOutOfMemory }) => {
        if (isOutOfMemory) fail("Preparing the guest took more memory than allowed.");
        else fail("The worker that prepares guests ended before it answered.", "runtime/lost");
      });
      deadline.onEnd((reason) => {
        if (reason === "aborted") reject(deadline.error("Preparing the guest"));
        else fail("Preparing the guest took too long.");
        worker.terminate();
      });
      worker.ref();
      worker.post({ ...source, glueBytes, generator } satisfies PreparationRequest);
    });
  };
}
