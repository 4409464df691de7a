import { type Deadline, startDeadline } from "../../deadline.ts";
import { artifactLimits } from "../../limits.ts";
import { clampArtifact } from "../../wasm/clamp.ts";
import type { Artifact, PrepareContext, RuntimeBackend } from "../backend.ts";
import { type EnableFeature, requireFeatures } from "../engine-features.ts";
import type { ComponentImage } from "../isolation/guest-image.ts";
import type { Transpile } from "./transpile.ts";

/** What the component backend needs from the platform. */
export interface ComponentBackendPorts {
  readonly transpile: Transpile;
  /** Turns a feature on in engines that have it behind a switch. */
  readonly enableFeature: EnableFeature;
}

/** How many prepared components a backend keeps; a host rarely has more plugins in use at once. */
const keptImages = artifactLimits.keptImages.default;

/**
 * Runs WebAssembly components through generated bindings.
 *
 * Generating and compiling happen once for equal bytes and limits, away from the caller's thread.
 *
 * @param ports What the platform provides.
 * @returns The backend.
 */
export function createComponentBackend(ports: ComponentBackendPorts): RuntimeBackend {
  const images = new Map<string, Promise<ComponentImage>>();

  const imageOf = (artifact: Artifact, { limits }: PrepareContext): Promise<ComponentImage> => {
    const key = `${artifact.key} ${limits.memoryBytes} ${limits.tableElements}`;
    const known = images.get(key);
    if (known !== undefined) return known;
    const image = transpileArtifact(artifact, limits, ports.transpile);
    images.set(key, image);
    if (images.size > keptImages) images.delete(images.keys().next().value ?? key);
    image.catch(() => images.delete(key));
    return image;
  };

  return {
    name: "component",
    supports: (runtime) => runtime.kind === "wasm-component",
    async prepare(artifact, context) {
      requireFeatures(artifact.facts.features, ports.enableFeature);
      const image = await waitFor(imageOf(artifact, context), context.signal);
      return { instantiate: (instance) => instance.isolate.open(image, instance) };
    },
  };
}

async function transpileArtifact(
  artifact: Artifact,
  limits: PrepareContext["limits"],
  transpile: Transpile,
): Promise<ComponentImage> {
  using deadline: Deadline = startDeadline({ budgetMs: artifactLimits.transpileMs.default });
  return await transpile(clampArtifact(artifact.bytes, artifact.facts, limits), deadline);
}

/** Waits for shared work; a caller that gives up leaves the work to the others. */
async function waitFor<Value>(
  work: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (signal === undefined) return work;
  using deadline = startDeadline({
    budgetMs: artifactLimits.transpileMs.default * 2,
    signals: [signal],
  });
  return await new Promise<Value>((resolve, reject) => {
    deadline.onEnd(() => reject(deadline.error("Preparing the guest")));
    work.then(resolve, reject);
  });
}
