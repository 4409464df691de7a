import { boundedText, quoteName, redactText } from "../../diagnostic.ts";
import { PluginError } from "../../errors.ts";
import { type LogLimits, logLimits, mergeLimits } from "../../limits.ts";
import { errorAnswer } from "../host-answer.ts";
import type { HostApi, HostApiContext, HostValue } from "../host-api.ts";
import type { LogLevel, LogLine } from "./log.types.ts";
import { createLogAllowance, type LogAllowance } from "./log-allowance.ts";

/** The levels of a line, the least important first. */
export const logLevels: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error"];

/** What {@link createLogApi} needs. */
export interface LogApiOptions {
  /** Hears of every line that is taken; what it throws changes nothing. */
  readonly onLine: (line: LogLine) => void;
  /** Numbers other than those of `logLimits`. */
  readonly limits?: Partial<LogLimits>;
  /** Milliseconds of a clock that never goes back. Default: `performance.now`. */
  readonly now?: () => number;
}

/**
 * Makes the `log` API: lines from a guest to the host's listener.
 *
 * It needs no permission, because a line reaches nobody but that listener. What it costs is bounded:
 * a line in bytes, and lines and bytes of an instance by how fast they come.
 *
 * @param options The listener, bounds and the clock.
 * @returns The API.
 * @throws PluginError `options/invalid` when a limit is.
 */
export function createLogApi(options: LogApiOptions): HostApi {
  const { onLine, now = () => performance.now() } = options;
  const limits = mergeLimits(logLimits, options.limits, (message) => {
    throw new PluginError({ code: "options/invalid", phase: "options", message });
  });
  return Object.freeze({
    name: "log",
    isOpen: true,
    interface: "yoi:host/log@1.0.0",
    open({ plugin }: HostApiContext) {
      const allowance = createLogAllowance(limits, now);
      const tell = (level: LogLevel, message: string, dropped: number) =>
        tellSafely(onLine, Object.freeze({ plugin, level, message, dropped }));
      return {
        functions: new Map([
          ["log", async (args: readonly HostValue[]) => log(args, limits, allowance, tell)],
        ]),
        async [Symbol.asyncDispose]() {
          const dropped = allowance.takeDropped();
          if (dropped > 0) tell("warn", "The plugin's last lines were dropped.", dropped);
        },
      };
    },
  });
}

function log(
  args: readonly HostValue[],
  limits: LogLimits,
  allowance: LogAllowance,
  tell: (level: LogLevel, message: string, dropped: number) => void,
): string {
  const [level, text, ...others] = args;
  if (typeof level !== "string" || typeof text !== "string" || others.length > 0) {
    return errorAnswer("host/invalid-request", "A line has a level and a message, both strings.");
  }
  const known = logLevels.find((each) => each === level);
  if (known === undefined) {
    const levels = logLevels.join(", ");
    return errorAnswer(
      "host/invalid-request",
      `The level ${quoteName(level)} is none of ${levels}.`,
    );
  }
  // Cut before it is redacted, so that what a flood costs is what is kept of it.
  const most = limits.lineBytes;
  const message = boundedText(redactText(boundedText(text, most)), most);
  const isTaken = allowance.take(message);
  if (isTaken) tell(known, message, allowance.takeDropped());
  return JSON.stringify({ logged: isTaken });
}

function tellSafely(listener: (line: LogLine) => unknown, line: LogLine): void {
  try {
    // A listener may be an async function in disguise; its rejection is as little ours as its throw.
    Promise.resolve(listener(line)).catch(() => {});
  } catch {
    // the guest goes on whatever the listener makes of its line
  }
}
