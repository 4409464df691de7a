import { readFile } from "node:fs/promises";
import {
  createInstance,
  grantRequested,
  type InstanceOptions,
  loadPackage,
  type PluginInstance,
  type PluginPackage,
} from "yoi-plugin-sdk";

const guests = new URL("../../fixtures/guests/", import.meta.url);

/** The bytes of a fixture guest. */
export async function guestBytes(guest: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(new URL(`${guest}/guest.wasm`, guests)));
}

/** A manifest for a tool-world guest with one tool, `run`, that is asked for. */
export const toolManifest = `
schema_version = 1
id = "test.guest"
name = "Guest"
version = "1.0.0"
surfaces = ["tool"]

[runtime]
kind = "wasm-component"
component = "guest.wasm"
world = "yoi:plugin/tool@1.0.0"

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

/** A package with a fixture guest, or with an artifact of the test's own. */
export async function guestPackage(
  guest: string | Uint8Array,
  manifest = toolManifest,
): Promise<PluginPackage> {
  const artifact = typeof guest === "string" ? await guestBytes(guest) : guest;
  return loadPackage({ "plugin.toml": manifest, "guest.wasm": artifact });
}

/** An instance of a fixture guest with everything granted that it asks for. */
export async function guestInstance(
  guest: string | Uint8Array,
  options: InstanceOptions = {},
  manifest = toolManifest,
): Promise<PluginInstance> {
  const pkg = await guestPackage(guest, manifest);
  return createInstance(pkg, { grants: grantRequested(pkg), ...options });
}
