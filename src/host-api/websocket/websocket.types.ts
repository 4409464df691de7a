/** The port through which the `websocket` API reaches peers. */

/** One message: text, or bytes. */
export type Message = string | Uint8Array;

/** Why a connection is over, beyond an orderly close. */
export type SocketFailure = "connect" | "tls" | "protocol" | "too-large";

/** How a peer said goodbye: RFC 6455's code, and a reason in its own words, which nobody has checked. */
export interface Goodbye {
  readonly code: number;
  readonly reason: string;
}

/** Hears what a peer does; called in order, `closed` once and last. */
export interface SocketListener {
  message(message: Message): void;
  /** A ping or pong came; pings are answered by the port. */
  control(): void;
  /** `goodbye` where the peer sent one and the platform tells. */
  closed(failure: SocketFailure | undefined, goodbye?: Goodbye): void;
}

/** What to connect to, checked and authorised. */
export interface SocketRequest {
  /** `ws:` or `wss:`, without userinfo and fragment, its host in one spelling. */
  readonly url: URL;
  /** The only addresses that may be connected to; absent where the platform can't pin them. */
  readonly addresses: readonly string[] | undefined;
  /** Ends the opening, whatever state it is in; plays no part once the connection is open. */
  readonly signal: AbortSignal;
}

/** An open connection, paused until it is resumed. */
export interface OpenSocket {
  /** Resolves when the system has taken the message. */
  send(message: Message): Promise<void>;
  /** Reads on, where the platform can pause. */
  resume(): void;
  /** Reads no further than what has come already, where the platform can pause. */
  pause(): void;
  /** Asks the peer for a sign of life, where the platform can: a pong follows if it lives. */
  ping?(): void;
  /** Says goodbye and cuts the peer off when it does not answer in time; never rejects. */
  close(): Promise<void>;
}

/** Opens connections: no redirects, proxies, extensions or subprotocols. */
export interface WebSocketPort {
  /** Whether {@link SocketRequest.addresses} are what it connects to. */
  readonly pinsAddresses: boolean;
  /**
   * Connects, within the signal's time.
   *
   * @throws NetworkError with why not; a message over its bound ends the connection later on.
   */
  open(request: SocketRequest, listener: SocketListener): Promise<OpenSocket>;
}
