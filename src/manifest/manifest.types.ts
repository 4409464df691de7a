import type { Json } from "../json.ts";

/** What a package may expose (reference §1). */
export type Surface = "hook" | "tool" | "service" | "ingress" | "wasm";

/** The host APIs a manifest may request (reference §1). */
export type HostApiName = "https" | "request" | "websocket" | "fs";

/** A host API that a host defines for itself, by its interface: `acme:crm/contacts@1.0.0`. */
export type CustomHostApiName = `${string}:${string}/${string}@${string}`;

/** A declared tool. Its name and schema are checked at registration, not when the manifest is read. */
export interface ToolDeclaration {
  readonly name: string;
  readonly description: string;
  readonly input_schema: Json;
  readonly external_write: boolean;
}

/** A declared service. */
export interface ServiceDeclaration {
  readonly name: string;
  readonly description: string;
  readonly lifecycle: string;
  readonly status_schema?: Json;
  readonly side_effects: readonly string[];
}

/** A declared ingress: what events it takes and from where. */
export interface IngressDeclaration {
  readonly name: string;
  readonly description: string;
  /** Empty means any kind. */
  readonly event_kinds: readonly string[];
  readonly input_schema?: Json;
  readonly sources: readonly string[];
  readonly side_effects: readonly string[];
}

/** A declared hook; nothing registers hooks, the field is kept for compatibility. */
export interface HookDeclaration {
  readonly id: string;
  readonly file: string;
}

/** The declared runtime, after its rules were checked. */
export type RuntimeDeclaration =
  | {
      readonly kind: "wasm-component";
      readonly component: string;
      readonly world: "yoi:plugin/tool@1.0.0" | "yoi:plugin/instance@1.0.0";
    }
  | { readonly kind: "wasm"; readonly entry: string; readonly abi: "yoi-plugin-wasm-1" };

/** One permission that a manifest requests or a grant record grants (reference §1). */
export type Permission =
  | { readonly kind: "surface"; readonly surface: Surface }
  | { readonly kind: "tool"; readonly name: string }
  | { readonly kind: "tool_namespace"; readonly namespace: string }
  | { readonly kind: "service"; readonly name: string }
  | { readonly kind: "ingress"; readonly name: string }
  | { readonly kind: "external_write" }
  | { readonly kind: "host_api"; readonly api: HostApiName | CustomHostApiName };

/** A URL target of the `request` API, in a manifest or a grant. */
export interface RequestTarget {
  readonly scheme: string;
  readonly host: string;
  readonly port?: number;
  readonly methods: readonly string[];
  readonly path_prefixes: readonly string[];
}

/** A URL target of the `websocket` API. */
export interface WebSocketTarget {
  readonly scheme: string;
  readonly host: string;
  readonly port?: number;
  readonly path_prefixes: readonly string[];
}

/** `plugin.toml`, checked and with its defaults filled in (reference §1). */
export interface Manifest {
  readonly schema_version: 1;
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  /** What the file lists. */
  readonly surfaces: readonly Surface[];
  readonly runtime?: RuntimeDeclaration;
  readonly hooks: readonly HookDeclaration[];
  readonly tools: readonly ToolDeclaration[];
  readonly services: readonly ServiceDeclaration[];
  readonly ingresses: readonly IngressDeclaration[];
  readonly permissions: readonly Permission[];
  readonly request: readonly RequestTarget[];
  readonly websocket: readonly WebSocketTarget[];
}
