import type { ErrorCode } from "../errors.ts";
import type {
  HostApiName,
  Permission,
  RequestTarget,
  Surface,
  WebSocketTarget,
} from "../manifest/manifest.types.ts";
import type { PackageIdentity } from "../package/package.types.ts";

/** A grant for the `https` API; there is no manifest counterpart (reference §1). */
export interface HttpsGrant {
  readonly host: string;
  readonly methods: readonly string[];
  readonly path_prefixes: readonly string[];
}

/** A grant for a folder of the host's file system. */
export interface FsGrant {
  /** Absolute path. */
  readonly root: string;
  readonly operations: readonly ("read" | "list" | "write")[];
}

/** A request or websocket grant; `allow_private` lets it reach the private host that it names. */
export type PrivateTarget<Target> = Target & { readonly allow_private?: boolean };

/**
 * What a host grants one exact package (reference §3).
 *
 * A record that grants anything is bound to the package's reference, version and digest; without
 * all three it authorises nothing.
 */
export interface GrantRecord {
  /** The source-qualified id, such as `project:example.echo`. */
  readonly id?: string;
  readonly version?: string;
  readonly digest?: string;
  readonly permissions: readonly Permission[];
  readonly request: readonly PrivateTarget<RequestTarget>[];
  readonly websocket: readonly PrivateTarget<WebSocketTarget>[];
  readonly fs: readonly FsGrant[];
  readonly https: readonly HttpsGrant[];
}

/** What something in the host is about to do for a plugin, as the authority is asked about it. */
export type Action =
  | { readonly kind: "surface"; readonly surface: Surface }
  | { readonly kind: "tool"; readonly name: string; readonly externalWrite: boolean }
  | { readonly kind: "service"; readonly name: string }
  | { readonly kind: "ingress"; readonly name: string }
  | { readonly kind: "host_api"; readonly api: HostApiName | (string & {}) };

/** When the authority is asked. */
export type CheckPoint = "inspection" | "registration" | "execution" | "host-call";

/** What a {@link GrantPolicy} is asked. */
export interface GrantRequest {
  readonly plugin: PackageIdentity;
  readonly action: Action;
  readonly at: CheckPoint;
}

/** The answer to a {@link GrantRequest} or to the authority's own question. */
export type Decision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly code: ErrorCode; readonly message: string };

/** A host's own say over every action; it can only narrow what the manifest requests. */
export interface GrantPolicy {
  decide(request: GrantRequest): Decision | Promise<Decision>;
}

/** What may be done in the name of one package: the manifest's requests and the host's grants, both. */
export interface Authority {
  readonly plugin: PackageIdentity;
  /** Whether the manifest asks for the action: the static half of the answer. */
  requested(action: Action): Decision;
  /** Whether the manifest asks for it and the host allows it, now. */
  decide(action: Action, at: CheckPoint): Promise<Decision>;
}
