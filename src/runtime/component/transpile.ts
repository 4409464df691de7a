import type { Deadline } from "../../deadline.ts";
import { type ErrorCode, PluginError } from "../../errors.ts";
import { artifactLimits } from "../../limits.ts";
import type { ComponentImage } from "../isolation/guest-image.ts";
import type { SpawnWorker } from "../isolation/worker-port.ts";

/** What a disposable isolate is asked for, once. Structured-cloneable. */
export interface TranspileRequest {
  /** The component, admitted and clamped. */
  readonly component: Uint8Array<ArrayBuffer>;
  /** The most bytes of glue. */
  readonly glueBytes: number;
  /** The bindings generator's own compiled modules, by file name. */
  readonly generator: ReadonlyMap<string, WebAssembly.Module>;
}

/** What it answers. */
export type TranspileAnswer =
  | { readonly ok: true; readonly image: ComponentImage }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** Turns components into images. */
export type Transpile = (
  component: Uint8Array<ArrayBuffer>,
  deadline: Deadline,
) => Promise<ComponentImage>;

/**
 * Makes a transpiler whose every run has an isolate of its own, which ends with it: a component can
 * trap the generator or make it explode, and must not spoil the next one (decisions "jco").
 *
 * @param spawn Starts a worker that runs `transpile-main`.
 * @param loadGenerator Gives the generator's modules; asked on the first use.
 * @returns The transpiler. It throws `artifact/…` for a component that it refuses, and as the deadline says.
 */
export function createTranspiler(
  spawn: SpawnWorker,
  loadGenerator: () => Promise<ReadonlyMap<string, WebAssembly.Module>>,
): Transpile {
  return async (component, deadline) => {
    const generator = await loadGenerator();
    const glueBytes = artifactLimits.glueBytes.default;
    return new Promise((resolve, reject) => {
      const worker = spawn();
      const fail = (code: ErrorCode, message: string) =>
        reject(new PluginError({ code, phase: "preparation", message }));
      worker.onMessage((message) => {
        // The worker ran our code and the generator's, over bytes that admission has read.
        const answer = message as TranspileAnswer;
        if (answer.ok) resolve(answer.image);
        else fail(answer.code, answer.message);
        worker.terminate();
      });
      worker.onEnd(() =>
        fail(
          "artifact/limit",
          "Generating the component's bindings took more memory than allowed.",
        ),
      );
      deadline.onEnd((reason) => {
        if (reason === "aborted") reject(deadline.error("Preparing the guest"));
        else fail("artifact/limit", "Generating the component's bindings took too long.");
        worker.terminate();
      });
      worker.ref();
      worker.post({ component, glueBytes, generator } satisfies TranspileRequest);
    });
  };
}
