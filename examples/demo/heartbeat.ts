import { monitorEventLoopDelay } from "node:perf_hooks";
import type { PluginInstance } from "yoi-plugin-sdk";

/** What was seen of the host while hostile guests ran. */
export interface Pulse {
  /** The longest time that the host's event loop was held up, in milliseconds. */
  readonly longestPauseMs: number;
  /** Calls that an honest plugin answered meanwhile, and the slowest of them. */
  readonly answered: number;
  readonly slowestMs: number;
  /** Calls that it did not answer. */
  readonly failed: number;
}

/**
 * Watches whether the host lives: its event loop, and an honest plugin that it calls all the time.
 *
 * @param plugin The honest plugin.
 * @param call One tool call, as name and input.
 * @returns A function that ends the watch and tells what was seen.
 */
export function watchHost(
  plugin: PluginInstance,
  call: readonly [tool: string, input: { readonly csv: string }],
): () => Promise<Pulse> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  let isWatching = true;
  let answered = 0;
  let failed = 0;
  let slowestMs = 0;
  const calling = (async () => {
    while (isWatching) {
      const result = await plugin.callTool(...call);
      if (result.isError) failed += 1;
      else answered += 1;
      slowestMs = Math.max(slowestMs, result.durationMs);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  delay.enable();
  return async () => {
    isWatching = false;
    await calling;
    delay.disable();
    return { longestPauseMs: delay.max / 1e6, answered, failed, slowestMs };
  };
}
