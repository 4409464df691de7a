import { startDeadline } from "../../deadline.ts";
import { artifactLimits } from "../../limits.ts";
import type { ArtifactFacts } from "../../wasm/artifact.types.ts";
import { clampArtifact } from "../../wasm/clamp.ts";
import { declaredSize } from "../../wasm/declared-size.ts";
import { type HostImport, importedHostInterfaces } from "../../wasm/host-imports.ts";
import type { Artifact, PrepareContext, PreparedGuest } from "../backend.ts";
import { type EnableFeature, lackingFeatures } from "../engine-features.ts";
import type { GuestImage } from "../isolation/guest-image.ts";
import type { Isolate } from "../isolation/isolation.ts";
import type { PrepareImage } from "./prepare-image.ts";

/** What our backends need from the platform. */
export interface PreparationPorts {
  readonly prepareImage: PrepareImage;
  readonly enableFeature: EnableFeature;
}

/** Prepares guests, equal bytes under equal limits once. */
export type PrepareGuest = (artifact: Artifact, context: PrepareContext) => Promise<PreparedGuest>;

/**
 * Makes `PrepareGuest` for one guest format: clamps, has the image made, and keeps the newest ones.
 *
 * @param format What the guests are.
 * @param ports What the platform provides.
 * @returns The function, with a store of its own.
 */
export function createPrepareGuest(
  format: GuestImage["format"],
  ports: PreparationPorts,
): PrepareGuest {
  const images = new Map<string, Promise<GuestImage>>();

  const imageOf = (
    artifact: Artifact,
    { limits, isolate }: PrepareContext,
  ): Promise<GuestImage> => {
    const hostImports = importedHostInterfaces(artifact.facts, artifact.customInterfaces);
    const isSuspending = hostImports.length > 0 && isolate?.hostCallBridge === "jspi";
    const key = `${artifact.key} ${limits.memoryBytes} ${limits.tableElements} ${isSuspending} ${rawTypes(hostImports)}`;
    const known = images.get(key);
    if (known !== undefined) return known;
    const bytes = clampArtifact(artifact.bytes, artifact.facts, limits);
    const source = {
      format,
      bytes,
      declared: declaredSize(artifact.facts),
      hostImports,
      exports: exportedFunctions(artifact.facts),
      isSuspending,
      features: artifact.facts.features,
    };
    const image = makeImage(source, ports.prepareImage);
    images.set(key, image);
    const [oldest = key] = images.keys();
    if (images.size > artifactLimits.keptImages.default) images.delete(oldest);
    // A failure may have been the machine's, so the next caller tries again.
    image.catch(() => images.delete(key));
    return image;
  };

  return async (artifact, context) => {
    for (const feature of lackingFeatures(artifact.facts.features)) ports.enableFeature(feature);
    const image = await waitFor(imageOf(artifact, context), context.signal);
    const fits = (isolate: Isolate) =>
      image.hostImports.length === 0 || image.isSuspending === (isolate.hostCallBridge === "jspi");
    return {
      async instantiate(instance) {
        const { isolate } = instance;
        // Whoever did not say where the guest runs may choose an isolate that needs other glue.
        const fitting = fits(isolate) ? image : await imageOf(artifact, { ...context, isolate });
        return isolate.open(fitting, instance);
      },
    };
  };
}

function exportedFunctions(facts: ArtifactFacts): readonly string[] {
  if (facts.kind !== "component") return [];
  return facts.exports.filter(({ kind }) => kind === "function").map(({ name }) => name);
}

/** Hosts in one process may define an interface differently, and a raw guest's bytes fit several types. */
function rawTypes(imports: readonly HostImport[]): string {
  return JSON.stringify(
    imports.map(({ interface: name, raw }) => [name, [...(raw?.functions ?? [])]]),
  );
}

async function makeImage(
  source: Parameters<PrepareImage>[0],
  prepareImage: PrepareImage,
): Promise<GuestImage> {
  using deadline = startDeadline({ budgetMs: artifactLimits.preparationMs.default });
  return await prepareImage(source, deadline);
}

/** Waits for shared work; a caller that gives up leaves the work to the others. */
async function waitFor<Value>(
  work: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (signal === undefined) return work;
  // The work has a deadline of its own; this one only listens to the signal.
  using deadline = startDeadline({
    budgetMs: 2 * artifactLimits.preparationMs.default,
    signals: [signal],
  });
  return await new Promise<Value>((resolve, reject) => {
    deadline.onEnd(() => reject(deadline.error("Preparing the guest")));
    work.then(resolve, reject);
  });
}
