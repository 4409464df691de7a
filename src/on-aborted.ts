/** Those who wait for one signal. */
interface Waiting {
  readonly listeners: Set<() => void>;
  /** What is with the signal. */
  tell(): void;
}

/** By signal: no state of ours, but what a signal can't hold itself. */
const waitingFor = new WeakMap<AbortSignal, Waiting>();

/**
 * Hears of a signal as one of any number: engines warn of a leak at more than ten listeners, while a
 * host's one signal, or the end of an instance, may be waited for by a thousand calls at once.
 *
 * @param signal One that has not fired yet; it is listened to once, as long as anybody waits for it.
 * @param listener Called once, in the order of waiting; it must not throw.
 * @returns A function that takes the listener back.
 */
export function onAborted(signal: AbortSignal, listener: () => void): () => void {
  const waiting = waitingFor.get(signal) ?? listenTo(signal);
  waiting.listeners.add(listener);
  return () => {
    waiting.listeners.delete(listener);
    if (waiting.listeners.size > 0 || waitingFor.get(signal) !== waiting) return;
    waitingFor.delete(signal);
    signal.removeEventListener("abort", waiting.tell);
  };
}

function listenTo(signal: AbortSignal): Waiting {
  const listeners = new Set<() => void>();
  const tell = () => {
    waitingFor.delete(signal);
    for (const listener of listeners) listener();
  };
  const waiting: Waiting = { listeners, tell };
  waitingFor.set(signal, waiting);
  signal.addEventListener("abort", tell, { once: true });
  return waiting;
}
