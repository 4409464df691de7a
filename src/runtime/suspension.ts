/** How an engine lets a guest wait for a promise while its thread goes on (JSPI). */
export interface Suspension {
  /** Makes an import of a function: the guest that calls it waits for the promise that it returns. */
  suspending(target: (...values: number[]) => unknown): WebAssembly.ImportValue;
  /** Makes a function of an export: it returns a promise, and the guest inside may wait meanwhile. */
  promising(entry: () => unknown): () => Promise<unknown>;
}

/** What JSPI adds to `WebAssembly`; TypeScript's own declarations do not have it yet. */
interface SuspendingEngine {
  readonly Suspending?: new (target: (...values: number[]) => unknown) => WebAssembly.ImportValue;
  readonly promising?: (entry: () => unknown) => () => Promise<unknown>;
}

/**
 * Says how this engine suspends guests.
 *
 * @returns `undefined` where it does not: Node before 24, browsers without JSPI.
 */
export function engineSuspension(): Suspension | undefined {
  const { Suspending, promising } = WebAssembly as SuspendingEngine;
  if (typeof Suspending !== "function" || typeof promising !== "function") return undefined;
  return {
    suspending: (target) => new Suspending(target),
    promising: (entry) => promising(entry),
  };
}
