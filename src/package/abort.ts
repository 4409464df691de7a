import { PluginError } from "../errors.ts";

/**
 * Ends the reading of a package when the caller's signal has fired.
 *
 * @param signal The caller's signal.
 * @throws PluginError `runtime/aborted`.
 */
export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new PluginError({
    code: "runtime/aborted",
    phase: "discovery",
    message: "The reading of the package was stopped because the caller's signal fired.",
    cause: signal.reason,
  });
}
