import { encodeUtf8 } from "../../src/bytes.ts";
import { isPluginError, type PluginError } from "../../src/errors.ts";
import { defaultLimits, packageLimits } from "../../src/limits.ts";
import { readManifest } from "../../src/manifest/manifest.ts";
import type { Manifest } from "../../src/manifest/manifest.types.ts";

const limits = defaultLimits(packageLimits);
const files = new Set(["plugin.wasm", "hooks/start.js"]);

/** Reads a manifest of a package that has the files `plugin.wasm` and `hooks/start.js`. */
export function read(text: string): Manifest {
  return readManifest(encodeUtf8(text), files, limits);
}

/** @returns Why the manifest is refused; a test that asks this of a good one fails. */
export function refusal(text: string): PluginError {
  try {
    read(text);
  } catch (error) {
    if (isPluginError(error)) return error;
    throw error;
  }
  throw new Error("the manifest was accepted");
}

/** A manifest with nothing in it that may be left out. */
export const minimal = `schema_version = 1
id = "example.echo"
name = "Echo"
version = "1.0.0"
`;
