import { inertText } from "../diagnostic.ts";
import type { CliStream } from "./cli-io.ts";

/** One line on a terminal that says what is being done; nothing where there is no terminal. */
export interface Progress {
  /** Says what is being done now, in place of what was. */
  step(text: string): void;
  /** Takes the line away. */
  clear(): void;
}

/**
 * Makes a progress line.
 *
 * @param stream Where it is shown; never where results go.
 * @returns The line, not shown yet.
 */
export function createProgress(stream: CliStream): Progress {
  let isShown = false;
  const clear = () => {
    if (isShown) stream.write("\r\u001b[2K");
    isShown = false;
  };
  return {
    step(text) {
      if (!stream.isTerminal) return;
      clear();
      const columns = Math.max(20, stream.columns ?? 80) - 1;
      // Longer than the terminal is wide, it would take two lines and leave one behind.
      stream.write([...inertText(`… ${text}`)].slice(0, columns).join(""));
      isShown = true;
    },
    clear,
  };
}
