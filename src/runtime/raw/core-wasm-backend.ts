import type { RuntimeBackend } from "../backend.ts";
import { createPrepareGuest, type PreparationPorts } from "../preparation/prepared-images.ts";

/**
 * Runs raw core modules of the ABI `yoi-plugin-wasm-1` (reference §4.4).
 *
 * @param ports What the platform provides.
 * @returns The backend.
 */
export function createCoreWasmBackend(ports: PreparationPorts): RuntimeBackend {
  return {
    name: "core-wasm",
    supports: (runtime) => runtime.kind === "wasm",
    prepare: createPrepareGuest("core", ports),
  };
}
