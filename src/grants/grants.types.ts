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
  /** Secrets that the host sends with every request to this target, by header name. */
  readonly headers?: SecretHeaders;
}

/** A header whose value is a secret of the host's: the guest neither sets nor sees it. */
export interface SecretHeader {
  /** The secret's name, which the host's secret provider knows. */
  readonly secret: string;
  /** Text before the value, such as `"Bearer "`. */
  readonly prefix?: string;
}

/** Secret headers by name. */
export type SecretHeaders = Readonly<Record<string, SecretHeader>>;

/** A grant for a folder of the host's file system. */
export interface FsGrant {
  /** Absolute path. */
  readonly root: string;
  readonly operations: readonly FsOperation[];
}

/** A request or websocket grant; `allow_private` lets it reach the private host that it names. */
export type PrivateTarget<Target> = Target & { readonly allow_private?: boolean };

/** A request grant: a target, with the secrets that go with every request to it. */
export type RequestGrant = PrivateTarget<RequestTarget> & { readonly headers?: SecretHeaders };

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
  readonly request: readonly RequestGrant[];
  readonly websocket: readonly PrivateTarget<WebSocketTarget>[];
  readonly fs: readonly FsGrant[];
  readonly https: readonly HttpsGrant[];
}

/** The targets of a record: where the host APIs that it grants may reach. */
export type GrantTargets = Pick<GrantRecord, "request" | "websocket" | "fs" | "https">;

/** What exactly a host API call is about to reach. */
export type HostApiTarget =
  | {
      readonly kind: "url";
      /** Absolute, without userinfo; its query and fragment play no part. */
      readonly url: string;
      /** For `https` and `request`. */
      readonly method?: string;
      /** Whether the host resolved to a private, loopback or otherwise special address. */
      readonly isPrivate?: boolean;
    }
  | {
      readonly kind: "folder";
      /** The granted root, as the grant writes it. */
      readonly root: string;
      readonly operation: FsOperation;
      /** The path below the root that the guest named, for policies and records; not checked here. */
      readonly path?: string;
    };

/** What a guest may do in a granted folder. */
export type FsOperation = "read" | "list" | "write";

/** What something in the host is about to do for a plugin, as the authority is asked about it. */
export type Action =
  | { readonly kind: "surface"; readonly surface: Surface }
  | { readonly kind: "tool"; readonly name: string; readonly externalWrite: boolean }
  | { readonly kind: "service"; readonly name: string }
  | { readonly kind: "ingress"; readonly name: string }
  | {
      readonly kind: "host_api";
      readonly api: HostApiName | (string & {});
      /** Absent: may the API be used at all? Present: may it reach this? */
      readonly target?: HostApiTarget;
    };

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
  /**
   * Refuses at once what `decide` would refuse whoever was asked; anything else, it allows.
   *
   * It asks nobody. A refusal ends a host call before its JSON is read; an allowance ends nothing,
   * because `decide` follows with what the call reaches. Absent means that nothing is known before.
   */
  precheck?(request: GrantRequest): Decision;
  /**
   * The targets that it knows of at this moment; `decide` has the last word on each.
   *
   * A manifest can't name folders, so that `fs` has only what this gives; absent means none.
   */
  targets?(plugin: PackageIdentity): GrantTargets;
}

/** One decision, as an audit listener hears of it; URLs are without their query. */
export interface DecisionEvent {
  readonly plugin: PackageIdentity;
  readonly action: Action;
  /** The permission and the target, inert: `host_api.https GET https://api.example.com/v1/x`. */
  readonly subject: string;
  readonly at: CheckPoint;
  readonly decision: Decision;
}

/** What may be done in the name of one package: the manifest's requests and the host's grants, both. */
export interface Authority {
  readonly plugin: PackageIdentity;
  /** Whether the manifest asks for the action: the static half of the answer. */
  requested(action: Action): Decision;
  /** Whether the manifest asks for it and the host allows it, now. */
  decide(action: Action, at: CheckPoint): Promise<Decision>;
  /**
   * Whether anything that is known without asking a policy speaks against the action, now.
   *
   * It is no authorisation: {@link Authority.decide} follows, with what is reached. Listeners hear of
   * a refusal, which is the last word on the call, and of nothing else.
   */
  precheck(action: Action, at: CheckPoint): Decision;
  /** The targets that the host names at this moment; {@link Authority.decide} has the last word. */
  targets(): GrantTargets;
}
