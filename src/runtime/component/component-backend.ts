import type { RuntimeBackend } from "../backend.ts";
import { createPrepareGuest, type PreparationPorts } from "../preparation/prepared-images.ts";

/**
 * Runs WebAssembly components of both worlds through generated bindings.
 *
 * Generating, metering and compiling happen once for equal bytes and limits, off the caller's thread.
 *
 * @param ports What the platform provides.
 * @returns The backend.
 */
export function createComponentBackend(ports: PreparationPorts): RuntimeBackend {
  return {
    name: "component",
    supports: (runtime) => runtime.kind === "wasm-component" && worlds.has(runtime.world),
    prepare: createPrepareGuest("component", ports),
  };
}

const worlds: ReadonlySet<string> = new Set(["yoi:plugin/tool@1.0.0", "yoi:plugin/instance@1.0.0"]);
