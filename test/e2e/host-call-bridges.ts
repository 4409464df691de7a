import type { Isolate } from "yoi-plugin-sdk";
import type { HostCallBridge } from "../../src/runtime/isolation/isolation.ts";
import { nodeWorkerSpawner } from "../../src/runtime/isolation/worker.node.ts";
import { createWorkerIsolate } from "../../src/runtime/isolation/worker.ts";
import type { SpawnWorker, WorkerPort } from "../../src/runtime/isolation/worker-port.ts";
import { engineSuspension } from "../../src/runtime/suspension.ts";

const spawnWorker = nodeWorkerSpawner(
  new URL("../../dist/guest-main.node.js", import.meta.url),
  "yoi-plugin-guest",
);

/** Whether this engine suspends guests: Node 24 and later. */
export const canSuspend = engineSuspension() !== undefined;

/** One way in which guests are answered. */
export interface Bridge {
  readonly name: string;
  readonly isolation: "worker" | "inline" | Isolate;
  readonly hostCalls: HostCallBridge;
}

/** Every way that this engine has: shared memory, and JSPI with a thread of the guest's own and without. */
export const bridges: readonly Bridge[] = [
  { name: "in a worker, by shared memory", isolation: "worker", hostCalls: "shared-memory" },
  ...(canSuspend
    ? ([
        {
          name: "in a worker, by JSPI",
          isolation: createWorkerIsolate(spawnWorker, "jspi"),
          hostCalls: "jspi",
        },
        { name: "inline, by JSPI", isolation: "inline", hostCalls: "jspi" },
      ] as const)
    : []),
];

/**
 * A worker isolate whose first worker a test can end, as a machine out of memory would.
 *
 * @param bridge How its guests are answered.
 */
export function mortalWorkers(bridge: HostCallBridge): {
  readonly isolation: Isolate;
  readonly end: () => void;
} {
  const ports: WorkerPort[] = [];
  const spawn: SpawnWorker = () => {
    const port = spawnWorker();
    ports.push(port);
    return port;
  };
  return {
    isolation: createWorkerIsolate(spawn, bridge),
    end() {
      ports[0]?.terminate();
    },
  };
}
