import {
  createInstance,
  grantRequested,
  type InstanceOptions,
  loadPackage,
  type PluginInstance,
  type PluginPackage,
} from "yoi-plugin-sdk";
import { type RawGuestName, rawGuestBytes } from "../../fixtures/raw/index.ts";

/** A manifest for a raw guest with one tool, `run`, that is asked for. */
export const rawManifest = `
schema_version = 1
id = "test.raw"
name = "Raw"
version = "1.0.0"
surfaces = ["tool"]

[runtime]
kind = "wasm"
abi = "yoi-plugin-wasm-1"
entry = "guest.wasm"

[[tools]]
name = "run"
description = "Runs the guest."
input_schema = { type = "object" }

[[permissions]]
kind = "surface"
surface = "tool"

[[permissions]]
kind = "tool"
name = "run"
`;

/** A package with a raw fixture guest, or with an artifact of the test's own. */
export async function rawPackage(
  guest: RawGuestName | Uint8Array,
  manifest = rawManifest,
): Promise<PluginPackage> {
  const artifact = typeof guest === "string" ? await rawGuestBytes(guest) : guest;
  return loadPackage({ "plugin.toml": manifest, "guest.wasm": artifact });
}

/** An instance of a raw guest with everything granted that it asks for. */
export async function rawInstance(
  guest: RawGuestName | Uint8Array,
  options: InstanceOptions = {},
  manifest = rawManifest,
): Promise<PluginInstance> {
  const pkg = await rawPackage(guest, manifest);
  return createInstance(pkg, { grants: grantRequested(pkg), ...options });
}
