import { readFileSync } from "node:fs";
import { PluginError } from "../../src/errors.ts";
import { createInspect } from "../../src/inspect/inspect.ts";
import type { ReadSource } from "../../src/package/load-package.ts";
import { createLoadPackage, createReadPackage } from "../../src/package/load-package.ts";

const readSource: ReadSource = async () => {
  throw new PluginError({
    code: "archive/io",
    phase: "discovery",
    message: "These tests load packages from memory.",
  });
};

/** The door of the room, over packages in memory. */
export const inspect = createInspect(createReadPackage(readSource));
/** Loads a package from memory. */
export const loadPackage = createLoadPackage(readSource);

/** The bytes of a guest fixture. */
export function guest(name: string): Uint8Array {
  return readFileSync(new URL(`../../fixtures/guests/${name}/guest.wasm`, import.meta.url));
}

/** What a test says about a package; the rest is a component with the tool `echo`. */
export interface PackageParts {
  readonly runtime?: string;
  readonly tools?: string;
  readonly more?: string;
  readonly permissions?: readonly string[];
  readonly artifact?: Uint8Array;
}

export const componentRuntime = `[runtime]
kind = "wasm-component"
component = "guest.wasm"
world = "yoi:plugin/tool@1.0.0"
`;

export const echoTool = `[[tools]]
name = "echo"
description = "Gives back what it gets."
input_schema = { type = "object", properties = { text = { type = "string" } } }
`;

export const echoPermissions = [
  'kind = "surface"\nsurface = "tool"',
  'kind = "tool"\nname = "echo"',
] as const;

/** The files of a package. */
export function files(parts: PackageParts = {}): Record<string, Uint8Array | string> {
  const {
    runtime = componentRuntime,
    tools = echoTool,
    more = "",
    artifact = guest("echo"),
  } = parts;
  const permissions = (parts.permissions ?? echoPermissions)
    .map((permission) => `[[permissions]]\n${permission}\n`)
    .join("");
  return {
    "plugin.toml": `schema_version = 1\nid = "example.echo"\nname = "Echo"\nversion = "1.0.0"\n${more}\n${runtime}\n${tools}\n${permissions}`,
    "guest.wasm": artifact,
  };
}
