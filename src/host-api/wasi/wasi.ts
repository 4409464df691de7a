import { createCli } from "./cli.ts";
import { createClocks } from "./clocks.ts";
import { createFilesystem } from "./filesystem.ts";
import { createIo } from "./io.ts";
import { createRandom } from "./random.ts";
import type { WasiContext } from "./wasi-context.ts";
import type { WasiOptions } from "./wasi-options.ts";

export { readWasiOptions, type WasiOptions } from "./wasi-options.ts";

/**
 * The WASI 0.2 interfaces that a guest from an ordinary toolchain may import, without their version.
 *
 * They are inert: a guest instantiates and finds nothing. Sockets, HTTP and everything else are
 * refused by name at admission (design "How isolation works").
 */
export const wasiInterfaces = [
  "wasi:cli/environment",
  "wasi:cli/exit",
  "wasi:cli/stdin",
  "wasi:cli/stdout",
  "wasi:cli/stderr",
  "wasi:cli/terminal-input",
  "wasi:cli/terminal-output",
  "wasi:cli/terminal-stdin",
  "wasi:cli/terminal-stdout",
  "wasi:cli/terminal-stderr",
  "wasi:clocks/monotonic-clock",
  "wasi:clocks/wall-clock",
  "wasi:filesystem/preopens",
  "wasi:filesystem/types",
  "wasi:io/error",
  "wasi:io/poll",
  "wasi:io/streams",
  "wasi:random/insecure",
  "wasi:random/insecure-seed",
  "wasi:random/random",
] as const;

/**
 * Makes the stand-ins for one guest instance.
 *
 * @param imports The interfaces that the guest imports, as the glue names them.
 * @param context Where output goes and how the guest is ended.
 * @param options What the host decides about clocks and randomness, read by `readWasiOptions`.
 * @returns An object without a prototype: interface → functions and classes, for those imported.
 */
export function createWasi(
  imports: readonly string[],
  context: WasiContext,
  options: WasiOptions = {},
): Readonly<Record<string, object>> {
  const io = createIo(context);
  const clocks = createClocks(io, options);
  const random = createRandom(context, options);
  const filesystem = createFilesystem();
  const interfaces = new Map<string, object>([
    ...createCli(io, context),
    ["wasi:clocks/monotonic-clock", clocks.monotonic],
    ["wasi:clocks/wall-clock", clocks.wall],
    ["wasi:filesystem/preopens", filesystem.preopens],
    ["wasi:filesystem/types", filesystem.types],
    ["wasi:io/error", io.error],
    ["wasi:io/poll", io.poll],
    ["wasi:io/streams", io.streams],
    ["wasi:random/insecure", random.insecure],
    ["wasi:random/insecure-seed", random.insecureSeed],
    ["wasi:random/random", random.random],
  ]);
  const provided: Record<string, object> = Object.create(null);
  for (const name of imports) {
    const found = interfaces.get(name);
    if (found !== undefined) provided[name] = found;
  }
  return provided;
}
