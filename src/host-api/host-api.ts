import type { Authority } from "../grants/grants.types.ts";
import type { PackageIdentity } from "../package/package.types.ts";

/** An argument of a host function: what guests and hosts exchange. */
export type HostValue = string | number;

/** What one call of a host function may use. */
export interface HostCall {
  /** Fires when the guest's call ends or the guest is stopped; whatever is in flight must end then. */
  readonly signal: AbortSignal;
  /** Milliseconds left of the guest's own call. */
  remainingMs(): number;
}

/** What an API is given for one plugin instance. */
export interface HostApiContext {
  readonly plugin: PackageIdentity;
  /** Asked anew about every call, with its target: a revoked grant bites at the next one. */
  readonly authority: Authority;
}

/**
 * One function of a host API: authorise, validate, bound, do, redact; then answer.
 *
 * It answers with JSON text. What is wrong or refused is an answer too,
 * `{"error":{"code":"host/…","message":"…"}}`, so that the guest can go on (decisions "A host API that
 * fails or is denied"); it throws only for what is not the guest's doing.
 */
export type HostFunction = (args: readonly HostValue[], call: HostCall) => Promise<string>;

/** A host API as one plugin instance has it; it may hold handles. */
export interface HostApiSession extends AsyncDisposable {
  /** By WIT name: `request`, `send-text`. */
  readonly functions: ReadonlyMap<string, HostFunction>;
}

/** A host API: a WIT interface that the host implements, and the permission that it needs. */
export interface HostApi {
  /** The permission's name, as in `host_api.fs`. */
  readonly name: string;
  /** `true` for an API that reaches nothing but the host's own listener: nobody is asked about it. */
  readonly isOpen?: boolean;
  /**
   * `true` for an API that asks the authority about each of its calls itself, with what the call
   * reaches: then that is the one question. About all others, the authority is asked for them.
   */
  readonly asksAuthority?: boolean;
  /**
   * `true` for an API whose sessions hold what a guest has handles of: then a session ends with the
   * guest, which for the tool world and raw guests is with each call, and the next one begins anew.
   */
  readonly endsWithGuest?: boolean;
  /** The interface with its version: `yoi:host/fs@1.0.0`. */
  readonly interface: string;
  /**
   * For a host's own interface: each function by its WIT name as WIT writes it, such as
   * `func(id: u32, query: string) -> string`. Guests that import another shape are refused.
   */
  readonly signatures?: ReadonlyMap<string, string>;
  /** Opens it for one instance; nothing happens until a function is called. */
  open(context: HostApiContext): HostApiSession;
}
