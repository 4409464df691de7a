import { PluginError } from "../../errors.ts";
import type { Authority } from "../../grants/grants.types.ts";
import { webSocketLimits } from "../../limits.ts";
import { type CallWait, startCallWait } from "../http/call-wait.ts";
import { HostRefusal } from "../http/host-refusal.ts";
import type { Resolve } from "../http/network.types.ts";
import {
  authoriseAddresses,
  authoriseUrl,
  precheckApi,
  type Reach,
  type Reachable,
  reauthorise,
  resolveHost,
} from "../http/reach.ts";
import { displayUrl, readUrl } from "../http/target-url.ts";
import type { Connection } from "./connection.ts";
import { dial } from "./dial.ts";
import type { Goodbye, Message, WebSocketPort } from "./websocket.types.ts";

/** What {@link createHostConnector} needs. */
export interface HostConnectorOptions {
  /** As the source declares it, such as `wss://chat.example.com/room`. */
  readonly url: string;
  readonly authority: Authority;
  readonly network: {
    readonly resolve?: Resolve | undefined;
    readonly webSocket: WebSocketPort;
  };
  readonly acceptsUncheckedAddresses: boolean;
  /** The most milliseconds of resolving, connecting and the handshake together. */
  readonly openTimeoutMs: number;
}

/** What a connection of the host's gives next. */
export type PeerNews =
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "closed"; readonly goodbye: Goodbye | undefined }
  /** Nothing came in the given time, or nothing but pings and pongs. */
  | { readonly kind: "silence"; readonly isAlive: boolean };

/** Makes connections to one URL in a plugin's name, which the host owns and the guest never holds. */
export interface HostConnector {
  /** Normalised, without a fragment. */
  readonly url: string;
  /** Without query, its path cut: for events, status and messages (reference §5.4). */
  readonly displayUrl: string;
  /** Says whether a guest's words mean this URL: the URL itself, without its query, or as it is shown. */
  isMeantBy(text: string): boolean;
  /**
   * Asks whether the URL may be reached now, before anything of the network is touched.
   *
   * @returns What {@link HostConnector.connect} goes on from; good for one connection.
   * @throws PluginError `grant/…`, `host/unsupported` or `runtime/aborted`.
   */
  authorise(signal: AbortSignal): Promise<Authorisation>;
  /**
   * Resolves, asks again about the addresses where they matter, and connects to them alone.
   *
   * @throws PluginError `grant/…` or `host/…`.
   */
  connect(authorisation: Authorisation, signal: AbortSignal): Promise<HostConnection>;
}

/** That a URL may be reached, as far as it shows without the network; see {@link HostConnector}. */
export interface Authorisation {
  readonly reachable: Reachable;
}

/** A connection that the host owns: read only while somebody waits for news. */
export interface HostConnection {
  /**
   * Asks anew whether the plugin may use it.
   *
   * @throws PluginError `grant/…`.
   */
  reauthorise(signal: AbortSignal): Promise<void>;
  /**
   * Waits for news, one waiter at a time.
   *
   * @throws PluginError `host/…` when the connection broke.
   */
  next(silenceMs: number, signal: AbortSignal): Promise<PeerNews>;
  /** @throws PluginError `host/…` when it can't be sent in time. */
  send(message: Message, signal: AbortSignal): Promise<void>;
  /** Asks for a sign of life; `false` where the platform can't. */
  ping(): boolean;
  /** Says goodbye, and cuts off a peer that doesn't answer it within `closeGraceMs`; never rejects. */
  close(): Promise<void>;
}

/**
 * Makes a connector for the URL of an ingress source (reference §4.9).
 *
 * @throws PluginError `host/invalid-url` for what is no ws or wss URL, or carries a user name.
 */
export function createHostConnector(options: HostConnectorOptions): HostConnector {
  const { authority, network, acceptsUncheckedAddresses, openTimeoutMs } = options;
  const url = rethrowing(() => readUrl(options.url, ["wss", "ws"]));
  const reach: Reach = {
    api: "websocket",
    authority,
    resolve: network.resolve,
    acceptsUncheckedAddresses,
  };

  const isMeantBy = (text: string) => {
    if (text === displayUrl(url)) return true;
    try {
      const { href } = readUrl(text, ["wss", "ws"]);
      // The guest was shown the URL without its query, which may hold a secret of the host's.
      return href === url.href || href === url.href.replace(/\?.*$/u, "");
    } catch {
      return false; // what is no URL means none
    }
  };

  const connect = async ({ reachable }: Authorisation, signal: AbortSignal) => {
    using resolving = startWait(signal, openTimeoutMs, "Resolving the host name");
    const resolved = await resolveHost(reach, url, reachable, resolving);
    const leftMs = resolving.remainingMs();
    using asking = startWait(signal, Number.MAX_SAFE_INTEGER, "Asking for the permission");
    const host = await authoriseAddresses(reach, url, undefined, reachable, resolved, asking);
    using dialing = startWait(signal, leftMs, "Connecting");
    const connection = await dial(network.webSocket, url, host, dialing);
    return hostConnection(connection, (wait) => reauthorise(reach, url, host.isPrivate, wait));
  };

  return Object.freeze({
    url: url.href,
    displayUrl: displayUrl(url),
    isMeantBy,
    authorise: (signal: AbortSignal) =>
      rethrowingLater(async () => {
        using asking = startWait(signal, Number.MAX_SAFE_INTEGER, "Asking for the permission");
        precheckApi(reach);
        return { reachable: await authoriseUrl(reach, url, undefined, asking) };
      }),
    connect: (authorisation: Authorisation, signal: AbortSignal) =>
      rethrowingLater(() => connect(authorisation, signal)),
  });
}

function hostConnection(
  connection: Connection,
  authorise: (wait: CallWait) => Promise<void>,
): HostConnection {
  const next = async (silenceMs: number, signal: AbortSignal): Promise<PeerNews> => {
    const heard = connection.heard;
    using wait = startWait(signal, silenceMs, "Receiving");
    try {
      const received = await connection.receive(wait);
      return received === "closed"
        ? { kind: "closed", goodbye: connection.goodbye }
        : { kind: "message", message: received.message };
    } catch (thrown) {
      if (!(thrown instanceof HostRefusal) || thrown.code !== "host/timeout") throw thrown;
      return { kind: "silence", isAlive: connection.heard > heard };
    }
  };
  const send = async (message: Message, signal: AbortSignal) => {
    using wait = startWait(signal, webSocketLimits.sendTimeoutMs.default, "Sending");
    await connection.send(message, wait);
  };
  return Object.freeze({
    reauthorise: (signal: AbortSignal) =>
      rethrowingLater(async () => {
        using asking = startWait(signal, Number.MAX_SAFE_INTEGER, "Asking for the permission");
        await authorise(asking);
      }),
    next: (silenceMs: number, signal: AbortSignal) =>
      rethrowingLater(() => next(silenceMs, signal)),
    send: (message: Message, signal: AbortSignal) => rethrowingLater(() => send(message, signal)),
    ping: () => connection.ping(),
    close: () => connection.close(),
  });
}

/** No guest waits here: only the signal and the budget end it. */
function startWait(signal: AbortSignal, budgetMs: number, subject: string): CallWait {
  const call = { signal, remainingMs: () => Number.MAX_SAFE_INTEGER };
  return startCallWait(call, signal, budgetMs, subject);
}

function rethrowing<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (thrown) {
    throw asPluginError(thrown);
  }
}

async function rethrowingLater<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (thrown) {
    throw asPluginError(thrown);
  }
}

function asPluginError(thrown: unknown): unknown {
  if (!(thrown instanceof HostRefusal)) return thrown;
  if (thrown.code !== "host/aborted") {
    return new PluginError({ code: thrown.code, phase: "execution", message: thrown.message });
  }
  return new PluginError({
    code: "runtime/aborted",
    phase: "execution",
    message: "The connection was given up because its instance stops.",
  });
}
