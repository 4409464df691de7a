import { webSocketLimits } from "../../limits.ts";
import type { HostApi, HostApiContext } from "../host-api.ts";
import type { Resolve } from "../http/network.types.ts";
import type { WebSocketPort } from "./websocket.types.ts";
import { openWebSocketSession } from "./websocket-session.ts";

/** What the `websocket` API is made with. */
export interface WebSocketApiOptions {
  /** How this platform reaches peers. */
  readonly network: {
    /** Absent where the platform can't say which addresses a name has. */
    readonly resolve?: Resolve | undefined;
    readonly webSocket: WebSocketPort;
  };
  /**
   * `1.0.0` exchanges text; `1.1.0` adds `send-binary(handle, base64) → { sent, bytes }` and receives
   * binary messages as `{ type: "binary", base64 }`. 1.0.0 unless set.
   */
  readonly version?: "1.0.0" | "1.1.0" | undefined;
  /** The most milliseconds of resolving, connecting and the handshake; 5000 unless set. */
  readonly openTimeoutMs?: number | undefined;
  /** The most milliseconds that a connection may live; 15 minutes unless set. */
  readonly handleAgeMs?: number | undefined;
  /** As in the HTTP APIs: whether names may be reached whose addresses nobody can check. */
  readonly acceptsUncheckedAddresses?: boolean | undefined;
}

/**
 * Makes the WebSocket host API, `yoi:host/websocket`: `open`, `send-text`, `recv` and `close`, and in
 * 1.1.0 also `send-binary` (reference §5.3).
 *
 * Manifest and grant must both name what is opened, and every send and receive asks again, so that a
 * revoked grant closes the connection at its next use. Connections end with the guest that opened them:
 * in the tool world and for raw guests, with the call.
 *
 * @param options The platform's network, and bounds.
 * @returns The API.
 */
export function createWebSocketApi(options: WebSocketApiOptions): HostApi {
  const version = options.version ?? "1.0.0";
  return Object.freeze({
    name: "websocket",
    asksAuthority: true,
    endsWithGuest: true,
    interface: `yoi:host/websocket@${version}`,
    open: ({ authority }: HostApiContext) =>
      openWebSocketSession({
        reach: {
          api: "websocket",
          authority,
          resolve: options.network.resolve,
          acceptsUncheckedAddresses: options.acceptsUncheckedAddresses === true,
        },
        port: options.network.webSocket,
        hasBinary: version === "1.1.0",
        openTimeoutMs: options.openTimeoutMs ?? webSocketLimits.openTimeoutMs.default,
        handleAgeMs: options.handleAgeMs ?? webSocketLimits.handleAgeMs.default,
      }),
  });
}
