import type { WasiIo } from "./io.ts";
import type { WasiContext } from "./wasi-context.ts";

/** `wasi:cli/*`: no arguments, no environment, closed input, output into the log, no terminal. */
export function createCli(io: WasiIo, context: WasiContext): ReadonlyMap<string, object> {
  class TerminalInput {}
  class TerminalOutput {}
  const exit = (): never =>
    context.stop({ code: "runtime/trap", message: "The guest asked to exit." });
  return new Map<string, object>([
    [
      "wasi:cli/environment",
      { getEnvironment: () => [], getArguments: () => [], initialCwd: () => undefined },
    ],
    ["wasi:cli/exit", { exit, exitWithCode: exit }],
    ["wasi:cli/stdin", { getStdin: () => io.closedInput() }],
    ["wasi:cli/stdout", { getStdout: () => io.logOutput("stdout") }],
    ["wasi:cli/stderr", { getStderr: () => io.logOutput("stderr") }],
    ["wasi:cli/terminal-input", { TerminalInput }],
    ["wasi:cli/terminal-output", { TerminalOutput }],
    ["wasi:cli/terminal-stdin", { getTerminalStdin: () => undefined }],
    ["wasi:cli/terminal-stdout", { getTerminalStdout: () => undefined }],
    ["wasi:cli/terminal-stderr", { getTerminalStderr: () => undefined }],
  ]);
}
