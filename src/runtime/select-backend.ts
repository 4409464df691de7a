import { PluginError } from "../errors.ts";
import type { RuntimeDeclaration } from "../manifest/manifest.types.ts";
import type { RuntimeBackend } from "./backend.ts";

/**
 * Chooses the backend for a declared runtime: the first that supports it.
 *
 * The manifest alone decides; nothing is guessed from the bytes (decisions "Runtime kinds").
 *
 * @param runtime What the manifest declares.
 * @param backends The host's backends, in the order of preference.
 * @returns The backend.
 * @throws PluginError `artifact/unsupported` when none fits.
 */
export function selectBackend(
  runtime: RuntimeDeclaration,
  backends: readonly RuntimeBackend[],
): RuntimeBackend {
  const found = backends.find((backend) => backend.supports(runtime));
  if (found !== undefined) return found;
  const kind = runtime.kind === "wasm" ? runtime.abi : runtime.world;
  const names = backends.map(({ name }) => name).join(", ");
  throw new PluginError({
    code: "artifact/unsupported",
    phase: "preparation",
    message: `No runtime backend of this host runs ${kind} guests. It has: ${names || "none"}.`,
  });
}
