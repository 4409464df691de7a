import type { GrantRecord } from "../../src/grants/grants.types.ts";
import type { Manifest, Permission } from "../../src/manifest/manifest.types.ts";
import type { PluginPackage } from "../../src/package/package.types.ts";

const digest = `sha256:${"ab".repeat(32)}` as const;

/** A package that is only a manifest and an identity: all that deciding about grants looks at. */
export function stubPackage(parts: Partial<Manifest> = {}): PluginPackage {
  const manifest: Manifest = {
    schema_version: 1,
    id: "example.echo",
    name: "Echo",
    version: "1.2.3",
    surfaces: [],
    hooks: [],
    tools: [],
    services: [],
    ingresses: [],
    permissions: [],
    request: [],
    websocket: [],
    ...parts,
  };
  return {
    manifest,
    digest,
    identity: {
      ref: `project:${manifest.id}`,
      source: "project",
      id: manifest.id,
      version: manifest.version,
      digest,
    },
    surfaces: manifest.surfaces,
    files: new Map(),
    readFile: () => {
      throw new Error("deciding about grants reads no file");
    },
  };
}

/** A record bound to a stub package. */
export function boundRecord(pkg: PluginPackage, parts: Partial<GrantRecord> = {}): GrantRecord {
  return {
    id: pkg.identity.ref,
    version: pkg.identity.version,
    digest: pkg.identity.digest,
    permissions: [],
    request: [],
    websocket: [],
    fs: [],
    https: [],
    ...parts,
  };
}

/** Short forms of permissions. */
export const permit = {
  surface: (surface: "tool" | "service" | "ingress" | "hook" | "wasm"): Permission => ({
    kind: "surface",
    surface,
  }),
  tool: (name: string): Permission => ({ kind: "tool", name }),
  namespace: (namespace: string): Permission => ({ kind: "tool_namespace", namespace }),
  service: (name: string): Permission => ({ kind: "service", name }),
  ingress: (name: string): Permission => ({ kind: "ingress", name }),
  externalWrite: { kind: "external_write" } as const satisfies Permission,
  hostApi: (api: "https" | "request" | "websocket" | "fs"): Permission => ({
    kind: "host_api",
    api,
  }),
};
