import { httpLimits } from "../../limits.ts";
import type { HostApi, HostApiContext, HostApiSession, HostCall, HostValue } from "../host-api.ts";
import { startCallWait } from "./call-wait.ts";
import { HostRefusal, refusalAnswer, refuse } from "./host-refusal.ts";
import { plainName } from "./http-headers.ts";
import { descriptorText, type HttpRequest, readHttpRequest } from "./http-request.ts";
import { responseAnswer } from "./http-response.ts";
import type { ExchangeResponse, Network } from "./network.types.ts";
import { NetworkError, type NetworkFailure } from "./network-error.ts";
import {
  authoriseAddresses,
  authoriseUrl,
  precheckApi,
  precheckReached,
  type Reach,
  type Reachable,
  resolveHost,
} from "./reach.ts";
import { type BoundSecrets, bindSecrets, type SecretProvider } from "./secrets.ts";
import { whileGranted } from "./while-granted.ts";

/** What the `https` and `request` APIs are made with. */
export interface HttpApiOptions {
  /** How this platform reaches hosts. */
  readonly network: Network;
  /** Supplies the secrets that grants bind to targets. */
  readonly secrets?: SecretProvider | undefined;
  /** The most milliseconds of one exchange; 5000 unless set. */
  readonly timeoutMs?: number | undefined;
  /**
   * Whether host names may be reached on a platform that can't check the addresses behind them (a
   * browser). They are refused unless this is set, because such a name may lead into a private network.
   */
  readonly acceptsUncheckedAddresses?: boolean | undefined;
}

/** What tells `https` from `request`. */
export interface HttpApiKind {
  readonly name: "https" | "request";
  readonly schemes: readonly string[];
}

/**
 * Makes an HTTP host API: one function, `request(request-json) → response-json` (reference §5.1).
 *
 * Every call goes through the same stations in the same order, and everything that can be refused
 * without the network is refused before it: size, permission, JSON, method, headers, body, URL, the
 * manifest's and the grant's targets; then the resolver, all addresses, secrets, and the exchange.
 */
export function createHttpApi(kind: HttpApiKind, options: HttpApiOptions): HostApi {
  return Object.freeze({
    name: kind.name,
    asksAuthority: true,
    interface: `yoi:host/${kind.name}@1.0.0`,
    open: (context: HostApiContext) => openSession(kind, options, context),
  });
}

function openSession(
  kind: HttpApiKind,
  options: HttpApiOptions,
  { authority }: HostApiContext,
): HostApiSession {
  // One signal for each exchange: a shared one would gather listeners until the engine warns of a leak.
  const running = new Map<Promise<string>, AbortController>();
  let isStopped = false;
  const reach: Reach = {
    api: kind.name,
    authority,
    resolve: options.network.resolve,
    acceptsUncheckedAddresses: options.acceptsUncheckedAddresses === true,
  };

  const request = async (args: readonly HostValue[], call: HostCall) => {
    if (isStopped) {
      return refusalAnswer(new HostRefusal("host/closed", "The instance is stopped."));
    }
    const most = httpLimits.exchangesInFlight.default;
    if (running.size >= most) {
      return refusalAnswer(
        new HostRefusal("host/busy", `An instance has at most ${most} exchanges at a time.`),
      );
    }
    const stop = new AbortController();
    const work = answer(kind, options, reach, stop.signal, args, call);
    running.set(work, stop);
    return work.finally(() => running.delete(work));
  };

  return Object.freeze({
    functions: new Map([["request", request]]),
    async [Symbol.asyncDispose]() {
      isStopped = true;
      for (const stop of running.values()) stop.abort();
      await Promise.allSettled(running.keys());
    },
  });
}

async function answer(
  kind: HttpApiKind,
  options: HttpApiOptions,
  reach: Reach,
  session: AbortSignal,
  args: readonly HostValue[],
  call: HostCall,
): Promise<string> {
  try {
    // Policies may ask a person, so that only the guest's own time bounds them.
    using asking = startCallWait(call, session, Number.MAX_SAFE_INTEGER, "The request");
    const text = descriptorText(args[0], httpLimits.descriptorBytes.default);
    precheckApi(reach);
    const request = readHttpRequest(text, kind.schemes);
    const { url, method } = request;
    const before = await authoriseUrl(reach, url, method, asking);

    using resolving = startCallWait(call, session, budgetMs(options), "Resolving the host name");
    const resolved = await resolveHost(reach, url, before, resolving);
    const leftMs = resolving.remainingMs();

    const host = await authoriseAddresses(reach, url, method, before, resolved, asking);
    const secretRequest = { api: kind.name, url, method, isPrivate: host.isPrivate };
    const secrets = await bindSecrets(reach.authority, options.secrets, secretRequest, asking);

    using exchanging = startCallWait(call, session, leftMs, "The exchange");
    return await whileGranted(
      () => precheckReached(reach, url, method, host.isPrivate),
      exchange(options.network, request, host, secrets, exchanging),
    );
  } catch (thrown) {
    return refusalAnswer(thrown);
  }
}

async function exchange(
  network: Network,
  { method, url, headers, body }: HttpRequest,
  { addresses }: Reachable,
  { headers: boundHeaders, redaction }: BoundSecrets,
  wait: ReturnType<typeof startCallWait>,
): Promise<string> {
  let response: ExchangeResponse | undefined;
  const boundNames = new Set(boundHeaders.map(([name]) => plainName(name)));
  try {
    const sent = network.http.exchange({
      method,
      url,
      // What the host binds wins over what a guest may have set under the same name.
      headers: [...headers.filter(([name]) => !boundNames.has(plainName(name))), ...boundHeaders],
      body,
      addresses,
      signal: wait.signal,
    });
    // An exchange that begins after nobody waits any more is closed as well.
    sent.then((late) => wait.signal.aborted && late.close()).catch(() => {});
    response = await wait.until(sent);
    return await responseAnswer(response, redaction, wait);
  } catch (thrown) {
    if (thrown instanceof HostRefusal) throw thrown;
    const failure = thrown instanceof NetworkError ? thrown.failure : "connect";
    return refuse(`host/${failure}`, failureText[failure]);
  } finally {
    response?.close();
  }
}

function budgetMs(options: HttpApiOptions): number {
  return options.timeoutMs ?? httpLimits.timeoutMs.default;
}

/** Fixed sentences: what a network says of its failures is not for a guest. */
const failureText: { readonly [Failure in NetworkFailure]: string } = {
  connect: "No connection to the host could be made, or it broke.",
  tls: "The host's certificate or its TLS handshake was refused.",
  protocol: "The host's answer is not proper HTTP.",
  encoding: "The response's content encoding is unknown or its data broken.",
  "too-large": "The response's headers, or its compressed body, are over a bound.",
  redirect: "The host answered with a redirect, which this platform hides.",
};
