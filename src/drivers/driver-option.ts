import { longestTimerMs } from "../deadline.ts";
import { PluginError } from "../errors.ts";

/**
 * Reads a driver's option that is a number of milliseconds or bytes.
 *
 * @param name The option's name, for the message.
 * @param value What the host passed, if it did.
 * @param otherwise The default.
 * @returns A whole number above 0.
 * @throws PluginError `options/invalid` for anything else, and for what no timer can wait.
 */
export function readOption(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (Number.isSafeInteger(value) && value >= 1 && value <= longestTimerMs) return value;
  throw new PluginError({
    code: "options/invalid",
    phase: "options",
    message: `The driver's option ${name} must be a whole number from 1 to ${longestTimerMs}.`,
  });
}
