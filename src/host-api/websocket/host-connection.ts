import { PluginError } from "../../errors.ts";
import type { Authority } from "../../grants/grants.types.ts";
import { driverLimits, webSocketLimits } from "../../limits.ts";
import { type CallWait, startCallWait } from "../http/call-wait.ts";
import { HostRefusal } from "../http/host-refusal.ts";
import type { Resolve } from "../http/network.types.ts";
import {
  authoriseAddresses,
  authoriseUrl,
  precheckApi,
  precheckUrl,
  type Reach,
  reauthorise,
  resolveHost,
} from "../http/reach.ts";
import { displayUrl, readUrl } from "../http/target-url.ts";
import { whileGranted } from "../http/while-granted.ts";
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
  /** Without query, its path cut: for events, status and messages (reference §5.4). */
  readonly displayUrl: string;
  /** Says whether a guest's words mean this URL: the URL itself, without its query, or as it is shown. */
  isMeantBy(text: string): boolean;
  /**
   * Refuses what manifest and grants speak against, without asking a policy or the network.
   *
   * @throws PluginError `grant/…`.
   */
  precheck(): void;
  /**
   * Asks whether the URL may be reached now, resolves it, asks again where its addresses matter, and
   * connects to them alone.
   *
   * @throws PluginError `grant/…`, `host/…` or `runtime/aborted`.
   */
  connect(signal: AbortSignal): Promise<HostConnection>;
}

/** A connection that the host owns: read only while somebody waits for news. */
export interface HostConnection {
  /**
   * Asks anew whether the plugin may use it, as before everything that goes out.
   *
   * @throws PluginError `grant/…`.
   */
  reauthorise(signal: AbortSignal): Promise<void>;
  /**
   * Waits for news, one waiter at a time, and looks meanwhile whether the grant is still there.
   *
   * @throws PluginError `host/…` when the connection broke, `grant/…` when the grant is gone.
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

  const connect = async (signal: AbortSignal) => {
    using asking = startWait(signal, Number.MAX_SAFE_INTEGER, "Asking for the permission");
    precheckApi(reach);
    const before = await authoriseUrl(reach, url, undefined, asking);
    using resolving = startWait(signal, openTimeoutMs, "Resolving the host name");
    const resolved = await resolveHost(reach, url, before, resolving);
    const leftMs = resolving.remainingMs();
    const host = await authoriseAddresses(reach, url, undefined, before, resolved, asking);
    using dialing = startWait(signal, leftMs, "Connecting");
    const connection = await dial(network.webSocket, url, host, dialing);
    return hostConnection(connection, reach, url, host.isPrivate);
  };

  return Object.freeze({
    displayUrl: displayUrl(url),
    isMeantBy,
    precheck: () =>
      rethrowing(() => {
        precheckApi(reach);
        precheckUrl(reach, url, undefined);
      }),
    connect: (signal: AbortSignal) => rethrowingLater(() => connect(signal)),
  });
}

function hostConnection(
  connection: Connection,
  reach: Reach,
  url: URL,
  isPrivate: boolean,
): HostConnection {
  const target = { kind: "url", url: url.href, isPrivate } as const;
  const action = { kind: "host_api", api: "websocket", target } as const;
  const precheck = () => reach.authority.precheck(action, "host-call");
  const next = async (silenceMs: number, signal: AbortSignal): Promise<PeerNews> => {
    const heard = connection.heard;
    using wait = startWait(signal, silenceMs, "Receiving");
    try {
      const received = await whileGranted(
        precheck,
        connection.receive(wait),
        driverLimits.grantCheckMs.default,
      );
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
        await reauthorise(reach, url, isPrivate, asking);
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
