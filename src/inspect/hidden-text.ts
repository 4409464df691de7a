import { inertText, quoteName } from "../diagnostic.ts";
import type { Json } from "../json.ts";
import type { Manifest } from "../manifest/manifest.types.ts";

/**
 * Says which texts of a manifest hold characters that a reader does not see but a model or a terminal
 * does: control, invisible and direction-changing ones.
 *
 * @param manifest The manifest.
 * @returns One sentence for each place.
 */
export function hiddenTextNotes(manifest: Manifest): readonly string[] {
  const places = [
    ...([manifest.name, manifest.version, manifest.description ?? ""].some(isHiding)
      ? ["The package's name, version or description"]
      : []),
    ...manifest.tools.filter(hidesIn).map(({ name }) => `The tool ${quoteName(name)}`),
    ...manifest.services.filter(hidesIn).map(({ name }) => `The service ${quoteName(name)}`),
    ...manifest.ingresses.filter(hidesIn).map(({ name }) => `The ingress ${quoteName(name)}`),
  ];
  return places.map((place) => `${place} holds invisible or control characters.`);
}

function hidesIn(declaration: object): boolean {
  return hides(declaration as Json);
}

function hides(value: Json): boolean {
  if (typeof value === "string") return isHiding(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, part]) => isHiding(key) || hides(part));
}

function isHiding(text: string): boolean {
  return inertText(text, { keepLines: true }) !== text;
}
