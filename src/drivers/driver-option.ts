import { PluginError } from "../errors.ts";

/** The longest timer that the engines keep; a longer one would fire at once. */
const mostMs = 2 ** 31 - 1;

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
  if (Number.isSafeInteger(value) && value >= 1 && value <= mostMs) return value;
  throw new PluginError({
    code: "options/invalid",
    phase: "options",
    message: `The driver's option ${name} must be a whole number from 1 to ${mostMs}.`,
  });
}
