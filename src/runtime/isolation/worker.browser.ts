import type { SpawnWorker } from "./worker-port.ts";

/**
 * Makes a starter of web workers.
 *
 * @param create Starts one; the caller writes out the worker's URL so that bundlers find it.
 * @returns The starter.
 */
export function browserWorkerSpawner(create: () => Worker): SpawnWorker {
  return () => {
    const worker = create();
    let end: (() => void) | undefined;
    let hasEnded = false;
    const finish = () => {
      if (hasEnded) return;
      hasEnded = true;
      end?.();
    };
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      worker.terminate();
      finish();
    });
    return {
      post: (message) => worker.postMessage(message),
      onMessage(listener) {
        worker.onmessage = (event) => listener(event.data);
        worker.onmessageerror = () => listener(undefined);
      },
      onEnd(listener) {
        end = () => listener({ isOutOfMemory: false });
        if (hasEnded) end();
      },
      terminate() {
        worker.terminate();
        finish();
      },
      // A page's workers never keep anything alive.
      ref: () => undefined,
      unref: () => undefined,
    };
  };
}
