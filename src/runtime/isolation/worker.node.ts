import { fileURLToPath } from "node:url";
import { Worker, type WorkerOptions } from "node:worker_threads";
import type { SpawnWorker } from "./worker-port.ts";

/** Heap of a worker's JavaScript: less slows a SpiderMonkey guest, whose memory is capped elsewhere (decisions "V8 and Node"). */
const resourceLimits = { maxOldGenerationSizeMb: 512, stackSizeMb: 4 } as const;

/**
 * Makes a starter of Node worker threads with nothing of the process in them: no environment, no
 * arguments, no standard streams, and no permissions where the Node version can withhold them.
 *
 * @param entry The worker's own file.
 * @param name What debuggers and process listings call it.
 * @returns The starter.
 */
export function nodeWorkerSpawner(entry: URL, name: string): SpawnWorker {
  return () => {
    const worker = startWorker(entry, {
      name,
      env: {},
      argv: [],
      stdin: false,
      // Captured and never read: Node stops taking more when its buffer is full.
      stdout: true,
      stderr: true,
      trackUnmanagedFds: true,
      resourceLimits,
    });
    worker.unref();

    let isOutOfMemory = false;
    let end: (() => void) | undefined;
    let hasEnded = false;
    worker.on("error", (error: NodeJS.ErrnoException) => {
      isOutOfMemory = error.code === "ERR_WORKER_OUT_OF_MEMORY";
    });
    worker.on("exit", () => {
      hasEnded = true;
      end?.();
    });
    return {
      post: (message) => worker.postMessage(message),
      onMessage(listener) {
        worker.removeAllListeners("message");
        worker.on("message", listener);
        worker.on("messageerror", () => listener(undefined));
        // Listening for messages references a worker again.
        worker.unref();
      },
      onEnd(listener) {
        end = () => listener({ isOutOfMemory });
        if (hasEnded) end();
      },
      terminate: () => void worker.terminate(),
      ref: () => worker.ref(),
      unref: () => worker.unref(),
    };
  };
}

/**
 * `--permission` takes files, processes, addons and further workers away from one worker. Node 20
 * refuses it for a worker; there, the realm that the guest's glue runs in has none of them either.
 */
function startWorker(entry: URL, options: WorkerOptions): Worker {
  const major = Number(process.versions.node.split(".")[0]);
  const canWithhold =
    major >= 22 &&
    process.allowedNodeEnvironmentFlags.has("--permission") &&
    process.versions.bun === undefined &&
    !("Deno" in globalThis);
  return new Worker(entry, { ...options, execArgv: canWithhold ? withheld(entry) : [] });
}

/**
 * Node lets a process that has permissions read the file that it was started with. A worker was started
 * with none, which Node takes for the working directory: all of that could be read, and the worker's
 * own file could not when it lies elsewhere. So the file is named, and the rest is taken away by the
 * one option that turns this rule off; a worker does nothing else with it.
 */
function withheld(entry: URL): string[] {
  // Node warns of a comma in the path, and a worker with a warning to write keeps the process from ending.
  const file = `--allow-fs-read=${fileURLToPath(entry)}`;
  return ["--permission", file, "--interactive", "--no-warnings"];
}
