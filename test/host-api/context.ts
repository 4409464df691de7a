import type { DecisionEvent, FsGrant } from "../../src/grants/grants.types.ts";
import { createAuthority, type Grants } from "../../src/grants/plan.ts";
import type { HostApi, HostValue } from "../../src/host-api/host-api.ts";
import type { Permission } from "../../src/manifest/manifest.types.ts";
import { boundRecord, stubPackage } from "../grants/stub-package.ts";

/** A host API as one plugin has it, with its answers parsed. */
export interface OpenedApi {
  call(name: string, ...args: readonly HostValue[]): Promise<Answer>;
  /** Calls with a signal. */
  callUntil(signal: AbortSignal, name: string, ...args: readonly HostValue[]): Promise<Answer>;
  readonly decisions: readonly DecisionEvent[];
}

/** An answer, whatever it is. */
export interface Answer {
  readonly [field: string]: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Opens an API for a package whose manifest asks for some permissions and gets them granted. */
export function openApi(
  api: HostApi,
  options: {
    readonly permissions?: readonly Permission[];
    readonly granted?: readonly Permission[];
    readonly fs?: readonly FsGrant[];
    readonly grants?: Grants;
  } = {},
): OpenedApi {
  const permissions = options.permissions ?? [{ kind: "host_api", api: api.name } as Permission];
  const pkg = stubPackage({ permissions });
  const grants =
    options.grants ??
    boundRecord(pkg, { permissions: options.granted ?? permissions, fs: options.fs ?? [] });
  const decisions: DecisionEvent[] = [];
  const authority = createAuthority(pkg, grants, { onDecision: (event) => decisions.push(event) });
  const session = api.open({ plugin: pkg.identity, authority });
  const callUntil = async (signal: AbortSignal, name: string, ...args: readonly HostValue[]) => {
    const run = session.functions.get(name);
    if (run === undefined) throw new Error(`there is no function ${name}`);
    return JSON.parse(await run(args, { signal, remainingMs: () => 1_000 })) as Answer;
  };
  return {
    callUntil,
    call: (name, ...args) => callUntil(new AbortController().signal, name, ...args),
    decisions,
  };
}
