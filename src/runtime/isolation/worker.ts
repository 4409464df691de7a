import type { Isolate } from "./isolation.ts";
import { openWorkerGuest } from "./worker-guest.ts";
import type { SpawnWorker, WorkerPort } from "./worker-port.ts";

/**
 * The default isolate: a worker for every instance, started ahead so that opening one does not wait for it.
 *
 * @param spawn Starts a worker that runs `guest-main`.
 * @returns The isolate. One warm, idle worker is kept from the first use on; it keeps no process alive.
 */
export function createWorkerIsolate(spawn: SpawnWorker): Isolate {
  let warm: WorkerPort | undefined;

  const take = (): WorkerPort => {
    const taken = warm ?? spawn();
    warm = spawn();
    const kept = warm;
    // A warm worker that dies (a host out of memory) is simply not used.
    kept.onEnd(() => {
      if (warm === kept) warm = undefined;
    });
    return taken;
  };

  return {
    name: "worker",
    guarantees: {
      deadline: true,
      memory: true,
      crash: false,
      authority: true,
      hostCalls: canShareMemory(),
    },
    open: (image, context) => openWorkerGuest(take(), image, context),
  };
}

/** A page has shared memory only when it is cross-origin isolated. */
function canShareMemory(): boolean {
  return typeof SharedArrayBuffer !== "undefined";
}
