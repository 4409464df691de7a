/** Why a worker ended by itself. */
export interface WorkerEnd {
  /** Whether it ran out of its own heap. */
  readonly isOutOfMemory: boolean;
}

/**
 * A worker of whatever engine, as the isolates and the transpiler see it.
 *
 * Its first message may be posted at once. It does not keep the process alive unless `ref` was called.
 */
export interface WorkerPort {
  post(message: unknown): void;
  /** Sets the one receiver of messages; they are from inside the isolate and not to be trusted. */
  onMessage(listener: (message: unknown) => void): void;
  /** Sets the one receiver of the end; called at most once, also after `terminate`. */
  onEnd(listener: (end: WorkerEnd) => void): void;
  terminate(): void;
  ref(): void;
  unref(): void;
}

/** Starts workers of one kind. */
export type SpawnWorker = () => WorkerPort;
