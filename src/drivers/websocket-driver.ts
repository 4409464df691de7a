import type { Resolve } from "../host-api/http/network.types.ts";
import type { WebSocketPort } from "../host-api/websocket/websocket.types.ts";
import type { DriverContext, IngressDriver } from "../instance/ingress.types.ts";
import { systemTiming, type Timing } from "../instance/timing.ts";
import { driverLimits, webSocketLimits } from "../limits.ts";
import { readOption } from "./driver-option.ts";
import { openWebSocketSource } from "./websocket-source.ts";

/** What the WebSocket driver is made with. */
export interface WebSocketDriverOptions {
  /** How this platform reaches peers: `createNodeNetwork()` or `createBrowserNetwork()`. */
  readonly network: {
    /** Absent where the platform can't say which addresses a name has. */
    readonly resolve?: Resolve | undefined;
    readonly webSocket: WebSocketPort;
  };
  /** As in the host APIs: whether names may be reached whose addresses nobody can check. */
  readonly acceptsUncheckedAddresses?: boolean | undefined;
  /** The most milliseconds of resolving, connecting and the handshake; 5000 unless set. */
  readonly openTimeoutMs?: number | undefined;
  /** Milliseconds of silence after which the peer is asked for a sign of life; 30 s unless set. */
  readonly keepAliveMs?: number | undefined;
  /** Milliseconds that the peer has to give one; 10 s unless set. */
  readonly pongMs?: number | undefined;
  /** Milliseconds before the first attempt to connect anew; 1 s unless set, doubled with each one. */
  readonly firstReconnectMs?: number | undefined;
  /** The most milliseconds between two attempts; 60 s unless set. */
  readonly lastReconnectMs?: number | undefined;
  /** Milliseconds after which a connection has lasted, so that delays begin anew; 60 s unless set. */
  readonly settledMs?: number | undefined;
  /** Milliseconds to wait for room in a full queue before an event is dropped; 10 s unless set. */
  readonly roomWaitMs?: number | undefined;
  /** Clock, timers and randomness; the platform's unless set. */
  readonly timing?: Timing | undefined;
}

/** The options that are milliseconds; each is named as its limit is. */
type TimeOption =
  | "openTimeoutMs"
  | "keepAliveMs"
  | "pongMs"
  | "firstReconnectMs"
  | "lastReconnectMs"
  | "settledMs"
  | "roomWaitMs";

/**
 * Makes the driver of `websocket:<url>` and bare ws and wss sources: connections that the host owns,
 * opened in the plugin's name by its `websocket` permission (reference §4.9).
 *
 * The guest gets `websocket_text`, `websocket_close` and `websocket_error`, and `websocket_open` where
 * the ingress lists that kind; messages come one after the other, and the peer is not read while one is
 * on its way. What breaks is connected anew after a growing delay. The permission is asked for at every
 * connection, message and send; once it is refused, the source stays closed.
 *
 * @param options The platform's network, and bounds.
 * @returns The driver, which may serve any number of instances.
 * @throws PluginError `options/invalid` for a time that is none.
 */
export function createWebSocketDriver(options: WebSocketDriverOptions): IngressDriver {
  const { openTimeoutMs } = webSocketLimits;
  const bounds = { openTimeoutMs, ...driverLimits };
  const option = (name: TimeOption) => readOption(name, options[name], bounds[name].default);
  const settings = Object.freeze({
    network: options.network,
    acceptsUncheckedAddresses: options.acceptsUncheckedAddresses === true,
    openTimeoutMs: option("openTimeoutMs"),
    keepAliveMs: option("keepAliveMs"),
    pongMs: option("pongMs"),
    firstReconnectMs: option("firstReconnectMs"),
    lastReconnectMs: option("lastReconnectMs"),
    settledMs: option("settledMs"),
    roomWaitMs: option("roomWaitMs"),
    timing: options.timing ?? systemTiming,
  });
  return Object.freeze({
    name: "websocket",
    serves: (source: string) => /^(?:websocket:|wss?:\/\/)/iu.test(source),
    open: (context: DriverContext) =>
      openWebSocketSource(context, context.source.replace(/^websocket:/iu, ""), settings),
  });
}
