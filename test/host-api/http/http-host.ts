import type { GrantRecord } from "../../../src/grants/grants.types.ts";
import { createAuthority, grantRequested, type TargetsInput } from "../../../src/grants/plan.ts";
import type { HttpApiOptions } from "../../../src/host-api/http/create-http-api.ts";
import type { Network } from "../../../src/host-api/http/network.types.ts";
import { createHttpsApi } from "../../../src/host-api/https/https-api.ts";
import { createRequestApi } from "../../../src/host-api/request/request-api.ts";
import type { RequestTarget } from "../../../src/manifest/manifest.types.ts";
import { permit, stubPackage } from "../../grants/stub-package.ts";

/** What a guest reads in an answer. */
export interface Answer {
  readonly status?: number;
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
  readonly body?: string;
  readonly truncated?: boolean;
  readonly error?: { readonly code: string; readonly message: string };
}

/** One plugin's session at an HTTP host API. */
export interface HttpHost extends AsyncDisposable {
  request(
    request: unknown,
    call?: { readonly signal?: AbortSignal; readonly remainingMs?: number },
  ): Promise<Answer>;
  /** The JSON as it is. */
  text(request: string): Promise<string>;
}

/** Options of {@link openHttp}. */
export interface HttpHostOptions extends HttpApiOptions {
  readonly granted: TargetsInput;
  /** What the manifest asks for; the granted targets when absent. */
  readonly requested?: readonly object[];
  readonly policy?: (record: GrantRecord) => Parameters<typeof createAuthority>[1];
}

/** Opens one of the two APIs for a stub package. */
export function openHttp(name: "https" | "request", options: HttpHostOptions): HttpHost {
  const { granted, requested, policy, ...api } = options;
  const wanted = requested ?? granted.request ?? [];
  const pkg = stubPackage({
    permissions: [permit.hostApi(name)],
    request: wanted.map(plainTarget),
  });
  const record = grantRequested(pkg, granted);
  const authority = createAuthority(pkg, policy?.(record) ?? record);
  const hostApi = name === "https" ? createHttpsApi(api) : createRequestApi(api);
  const session = hostApi.open({ plugin: pkg.identity, authority });
  const call = async (
    text: string,
    { signal = new AbortController().signal, remainingMs = 10_000 } = {},
  ) => {
    const handler = session.functions.get("request");
    if (handler === undefined) throw new Error("the API has no function request");
    return handler([text], { signal, remainingMs: () => remainingMs });
  };
  return {
    request: async (request, bounds) =>
      JSON.parse(await call(JSON.stringify(request), bounds)) as Answer,
    text: (request) => call(request),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

/** A manifest's target knows neither private hosts nor secrets. */
function plainTarget(target: object): RequestTarget {
  const fields = Object.entries(target);
  return Object.fromEntries(
    fields.filter(([key]) => key !== "allow_private" && key !== "headers"),
  ) as unknown as RequestTarget;
}

/** A network that counts what is asked of it and reaches nothing. */
export function countingNetwork(addresses: readonly string[] = ["93.184.215.14"]) {
  const asked = { resolved: 0, exchanged: 0 };
  const network: Network = {
    resolve: async () => {
      asked.resolved += 1;
      return addresses;
    },
    http: {
      pinsAddresses: true,
      exchange: async () => {
        asked.exchanged += 1;
        return { status: 200, headers: [], body: (async function* () {})(), close() {} };
      },
    },
  };
  return { asked, network };
}
