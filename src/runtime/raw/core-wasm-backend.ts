import { PluginError } from "../../errors.ts";
import { clampArtifact } from "../../wasm/clamp.ts";
import type { Artifact, PrepareContext, RuntimeBackend } from "../backend.ts";
import { type EnableFeature, requireFeatures } from "../engine-features.ts";

/**
 * Runs raw core modules of the ABI `yoi-plugin-wasm-1`.
 *
 * @param enableFeature Turns a feature on in engines that have it behind a switch.
 * @returns The backend.
 */
export function createCoreWasmBackend(enableFeature: EnableFeature): RuntimeBackend {
  return {
    name: "core-wasm",
    supports: (runtime) => runtime.kind === "wasm",
    async prepare(artifact, { limits }) {
      requireFeatures(artifact.facts.features, enableFeature);
      const module = await compile(artifact, limits);
      return {
        instantiate: (context) => context.isolate.open({ format: "core", module }, context),
      };
    },
  };
}

async function compile(
  artifact: Artifact,
  limits: PrepareContext["limits"],
): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(clampArtifact(artifact.bytes, artifact.facts, limits));
  } catch (error) {
    throw new PluginError({
      code: "artifact/malformed",
      phase: "preparation",
      message: "The engine refused the guest's module: it is not valid.",
      cause: error,
    });
  }
}
