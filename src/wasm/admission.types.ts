import type { ErrorCode } from "../errors.ts";
import type { ArtifactLimits, GuestLimits } from "../limits.ts";
import type { Signature, WorldName } from "./worlds.ts";

/** What an artifact is held against. */
export interface AdmissionRequest {
  /** What the manifest declares. */
  readonly runtime:
    | { readonly kind: "wasm-component"; readonly world: WorldName }
    | { readonly kind: "wasm"; readonly abi: "yoi-plugin-wasm-1" };
  /** What the guest may use when it runs. */
  readonly limits: GuestLimits;
  /** What its bytes may declare. */
  readonly artifactLimits?: ArtifactLimits | undefined;
  /**
   * The interfaces that it may import, with versions: `yoi:host/fs@1.0.0`; a canonical version, as in
   * `wasi:io/streams@0.2`, covers all releases that are compatible with it. For a raw guest, the names of
   * modules: `yoi:fs`. Unless given, all that this library knows; `yoi:tool` is always there.
   */
  readonly interfaces?: readonly string[] | undefined;
  /** A host's own interfaces, which may be imported besides. */
  readonly customInterfaces?: CustomInterfaces | undefined;
}

/**
 * Interfaces that a host defines, by name with version: each function by its WIT name with its
 * signature, as in `func(id: u32, query: string) -> string`.
 *
 * Functions are `undefined` where only the name is known; then any will do that takes strings and
 * `u32` and gives a string.
 */
export type CustomInterfaces = ReadonlyMap<string, ReadonlyMap<string, Signature> | undefined>;

/** A request with its defaults filled in. */
export type ResolvedRequest = Required<AdmissionRequest> & {
  readonly artifactLimits: ArtifactLimits;
  readonly interfaces: readonly string[];
  readonly customInterfaces: CustomInterfaces;
};

/** Takes reasons to refuse. */
export type Refuse = (code: ErrorCode, message: string) => void;
