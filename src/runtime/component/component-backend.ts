import type { RuntimeBackend } from "../backend.ts";
import { createPrepareGuest, type PreparationPorts } from "../preparation/prepared-images.ts";

/**
 * Runs WebAssembly components of the tool world through generated bindings.
 *
 * Generating, metering and compiling happen once for equal bytes and limits, off the caller's thread.
 *
 * @param ports What the platform provides.
 * @returns The backend.
 */
export function createComponentBackend(ports: PreparationPorts): RuntimeBackend {
  return {
    name: "component",
    supports: (runtime) =>
      runtime.kind === "wasm-component" && runtime.world === "yoi:plugin/tool@1.0.0",
    prepare: createPrepareGuest("component", ports),
  };
}
