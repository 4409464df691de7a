import type { Manifest, Surface } from "./manifest.types.ts";
import { surfaceNames } from "./manifest-schema.ts";

/**
 * Gives the surfaces a manifest declares: those it lists and those that the rest of it implies
 * (reference §1).
 *
 * @param manifest A manifest that was read.
 * @returns Each surface once, in the order of {@link surfaceNames}.
 */
export function declaredSurfaces(manifest: Manifest): readonly Surface[] {
  const implied: Record<Surface, boolean> = {
    hook: manifest.hooks.length > 0,
    tool: manifest.tools.length > 0,
    service: manifest.services.length > 0,
    ingress: manifest.ingresses.length > 0,
    wasm: manifest.runtime !== undefined,
  };
  return Object.freeze(
    surfaceNames.filter((surface) => implied[surface] || manifest.surfaces.includes(surface)),
  );
}
