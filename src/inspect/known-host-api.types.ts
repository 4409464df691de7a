/** A host API that an inspecting host has; what `defineHostApi` makes is one. */
export interface KnownHostApi {
  /** The permission's name, as in `host_api.<name>`. */
  readonly name: string;
  /** With its version: `acme:crm/contacts@1.0.0`. */
  readonly interface: string;
  /** Each function by its WIT name as WIT writes it. */
  readonly signatures?: ReadonlyMap<string, string>;
}
