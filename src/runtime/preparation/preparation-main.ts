import { boundedText } from "../../diagnostic.ts";
import { isPluginError, PluginError } from "../../errors.ts";
import type { WasmFeature } from "../../wasm/artifact.types.ts";
import { meterModule } from "../../wasm/meter.ts";
import { generateBindings } from "../component/generate-bindings.ts";
import { lackingFeatures } from "../engine-features.ts";
import type { GuestImage } from "../isolation/guest-image.ts";
import { exposeStart } from "../raw/start-function.ts";
import type { PreparationAnswer, PreparationRequest } from "./prepare-image.ts";

/**
 * Turns a guest into an image, inside a disposable isolate.
 *
 * @param request The guest.
 * @returns The image, or why there is none; it never throws for what a guest does.
 */
export async function servePreparation(request: PreparationRequest): Promise<PreparationAnswer> {
  try {
    return { ok: true, image: await prepare(request) };
  } catch (error) {
    if (isPluginError(error)) return { ok: false, error: error.toJSON() };
    throw error;
  }
}

async function prepare(request: PreparationRequest): Promise<GuestImage> {
  const { declared, hostImports, isSuspending } = request;
  if (request.format === "core") {
    return {
      format: "core",
      module: compile(exposeStart(request.bytes), request),
      declared,
      hostImports,
      isSuspending,
    };
  }
  const { script, globals, imports, modules } = await generateBindings(request);
  // Metered after generation, which adds modules of its own between components.
  const compiled = new Map(Array.from(modules, ([path, bytes]) => [path, compile(bytes, request)]));
  return {
    format: "component",
    script,
    globals,
    imports,
    modules: compiled,
    declared,
    hostImports,
    isSuspending,
  };
}

function compile(bytes: Uint8Array, { features }: PreparationRequest): WebAssembly.Module {
  const metered = meterModule(bytes);
  try {
    return new WebAssembly.Module(metered);
  } catch (error) {
    const [feature] = lackingFeatures(features);
    throw feature === undefined ? malformed(error) : unsupported(feature);
  }
}

function unsupported(feature: WasmFeature): PluginError {
  return new PluginError({
    code: "artifact/unsupported",
    phase: "preparation",
    message: `The guest needs the WebAssembly feature ${feature}, which this engine does not have. Use a newer one: Node 22 or 24, or a current browser.`,
    details: { feature },
  });
}

function malformed(error: unknown): PluginError {
  // The engine's words may quote the guest's bytes.
  const words = error instanceof Error ? boundedText(error.message, 200) : "";
  return new PluginError({
    code: "artifact/malformed",
    phase: "preparation",
    message: `The engine refused the guest's code: ${words}`,
  });
}
