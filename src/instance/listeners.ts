import { cutText, inertText, thrownText } from "../diagnostic.ts";

/** Listeners by the name of what they listen to. */
export interface Listeners<Events> {
  /** @returns A function that removes the listener; a second call of it does nothing. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void;
  /** Calls the listeners in the order in which they came; nothing that they do reaches the caller. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void;
  /** Removes all listeners. */
  clear(): void;
}

/**
 * Makes an empty set of listeners.
 *
 * @param onError Gets what a listener throws or rejects with.
 * @returns The listeners.
 */
export function createListeners<Events>(
  onError: (error: unknown) => void = reportListenerError,
): Listeners<Events> {
  type Entry = { readonly listener: (event: never) => unknown };
  const entries = new Map<keyof Events, Set<Entry>>();
  return {
    on(name, listener) {
      const entry: Entry = { listener };
      const named = entries.get(name) ?? new Set();
      entries.set(name, named.add(entry));
      return () => void named.delete(entry);
    },
    emit(name, event) {
      // A copy: a listener may add or remove listeners.
      for (const { listener } of [...(entries.get(name) ?? [])]) {
        notify(listener as (event: unknown) => unknown, event, onError);
      }
    },
    clear() {
      entries.clear();
    },
  };
}

/**
 * Calls one listener of the host so that nothing it does reaches the caller.
 *
 * @param listener The host's function.
 * @param event What it is told.
 * @param onError Gets what it throws, or rejects with when it is asynchronous.
 */
export function notify<Event>(
  listener: (event: Event) => unknown,
  event: Event,
  onError: (error: unknown) => void = reportListenerError,
): void {
  try {
    const returned = listener(event);
    if (returned instanceof Promise) returned.catch(onError);
  } catch (error) {
    onError(error);
  }
}

/**
 * Writes a listener's error to the console: a mistake in the host's own code that must be seen.
 *
 * It is not thrown again in a later tick, as that would let a plugin that makes a listener stumble
 * (by a log line, say) end the host's process. The text is inert, as it may quote the plugin.
 */
function reportListenerError(error: unknown): void {
  const where = error instanceof Error && typeof error.stack === "string" ? `\n${error.stack}` : "";
  const text = `A listener threw: ${thrownText(error)}${where}`;
  console.error(cutText(inertText(text.slice(0, 4096), { keepLines: true }), 4096));
}
