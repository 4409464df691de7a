import { engineSuspension } from "../suspension.ts";
import type { HostCallBridge, Isolate } from "./isolation.ts";
import { openWorkerGuest } from "./worker-guest.ts";
import type { SpawnWorker, WorkerPort } from "./worker-port.ts";

/**
 * The default isolate: a worker for every instance, started ahead so that opening one does not wait for it.
 *
 * @param spawn Starts a worker that runs `guest-main`.
 * @param hostCallBridge How host calls are answered: by shared memory where there is any, else by JSPI where
 *   the engine has it.
 * @returns The isolate. One warm, idle worker is kept from the first use on; it keeps no process alive.
 */
export function createWorkerIsolate(
  spawn: SpawnWorker,
  hostCallBridge: HostCallBridge | undefined = findBridge(),
): Isolate {
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
      hostCalls: hostCallBridge !== undefined,
    },
    hostCallBridge,
    open: (image, context) => openWorkerGuest(take(), image, context),
  };
}

/** A page has shared memory only when it is cross-origin isolated. */
function findBridge(): HostCallBridge | undefined {
  if (typeof SharedArrayBuffer !== "undefined") return "shared-memory";
  return engineSuspension() === undefined ? undefined : "jspi";
}
