import { createWasi, wasiInterfaces } from "../../host-api/wasi/wasi.ts";

// What the bindings generator itself gets of a system: the same inert stand-ins as a guest. The
// build puts this module in place of the shims that its glue imports.
const interfaces = createWasi(wasiInterfaces, {
  log: () => undefined,
  stop: ({ message }) => {
    throw new Error(message);
  },
});

const named = (name: (typeof wasiInterfaces)[number]) => interfaces[name] ?? {};

export const environment = named("wasi:cli/environment");
export const exit = named("wasi:cli/exit");
export const stdin = named("wasi:cli/stdin");
export const stdout = named("wasi:cli/stdout");
export const stderr = named("wasi:cli/stderr");
export const terminalInput = named("wasi:cli/terminal-input");
export const terminalOutput = named("wasi:cli/terminal-output");
export const terminalStdin = named("wasi:cli/terminal-stdin");
export const terminalStdout = named("wasi:cli/terminal-stdout");
export const terminalStderr = named("wasi:cli/terminal-stderr");
export const preopens = named("wasi:filesystem/preopens");
export const types = named("wasi:filesystem/types");
export const error = named("wasi:io/error");
export const streams = named("wasi:io/streams");
export const random = named("wasi:random/random");
