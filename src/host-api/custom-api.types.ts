import type { PackageIdentity } from "../package/package.types.ts";

/** The types of parameters: WIT's, or a `string` that holds JSON and is parsed before it is handed on. */
export type ParameterType = "string" | "u32" | "json";

/** What a handler gets for a parameter of each type. */
export interface ParameterValues {
  readonly string: string;
  readonly u32: number;
  /** Parsed by `parseJson`'s rules: bounded, at most 64 levels, no key twice, no `__proto__`. */
  readonly json: unknown;
}

/** Parameters by WIT name, in their order. */
export type Parameters = Readonly<Record<string, ParameterType>>;

/** The arguments of a call by the names of their parameters; the object has no prototype. */
export type Arguments<Params extends Parameters> = {
  readonly [Name in keyof Params]: ParameterValues[Params[Name]];
};

/** What a handler knows of the call that it answers. */
export interface CustomCall {
  /** Who asks. */
  readonly plugin: PackageIdentity;
  /** The function's WIT name. */
  readonly function: string;
  /** Fires when the guest's call ends; nobody hears the answer then. */
  readonly signal: AbortSignal;
  /** Milliseconds left of the guest's own call. */
  remainingMs(): number;
}

/** One function of a host's own API. */
export interface CustomFunction<Params extends Parameters = Parameters> {
  readonly params: Params;
  /**
   * Says what is wrong with the arguments, as a sentence that the guest gets, or nothing.
   *
   * It runs after types and sizes were checked and the call was authorised.
   */
  validate?(args: Arguments<Params>, call: CustomCall): string | undefined;
  /**
   * Does what the guest asks for, in the host.
   *
   * @returns What has a JSON form, of at most 64 KiB. A PluginError `host/…` that it throws is told
   *   to the guest, redacted; of anything else that it throws nothing is.
   */
  handler(args: Arguments<Params>, call: CustomCall): unknown;
}

/** What {@link defineHostApi} makes an API of. */
export interface HostApiDefinition<Functions> {
  /** The WIT interface with its version: `acme:crm/contacts@1.0.0`. */
  readonly interface: string;
  /** By WIT name, such as `find-contact`. */
  readonly functions: Functions;
  /** The permission that a manifest asks for, as in `host_api.<permission>`. Default: the interface. */
  readonly permission?: string;
  /** As the functions' own, for all of them, before theirs. */
  readonly validate?: (
    args: Readonly<Record<string, unknown>>,
    call: CustomCall,
  ) => string | undefined;
}
