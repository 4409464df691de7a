/** The ports through which host APIs reach the network: Node and browsers do these differently. */

/**
 * Finds all addresses of a host name.
 *
 * @param host A host name in its ASCII form, lower case, without a trailing dot; never an IP address.
 * @param signal Fires when nobody waits for the answer any more.
 * @returns Every address that the name has, as text; empty when it has none.
 * @throws Whatever the platform throws; the guest only learns that the name could not be resolved.
 */
export type Resolve = (host: string, signal: AbortSignal) => Promise<readonly string[]>;

/** A header as it goes over the wire: a name and a value. */
export type HeaderPair = readonly [name: string, value: string];

/** One HTTP request, checked and ready to send. */
export interface ExchangeRequest {
  readonly method: string;
  /** `http:` or `https:`, without userinfo and fragment, its host in one spelling. */
  readonly url: URL;
  readonly headers: readonly HeaderPair[];
  readonly body: Uint8Array | undefined;
  /**
   * The only addresses that may be connected to, at least one. Absent where the platform has no
   * resolver ({@link HttpPort.pinsAddresses} is false).
   */
  readonly addresses: readonly string[] | undefined;
  /** Fires when the exchange must end: the socket is closed at once. */
  readonly signal: AbortSignal;
}

/** The beginning of a response, with its body still to come. */
export interface ExchangeResponse {
  readonly status: number;
  readonly headers: readonly HeaderPair[];
  /**
   * The body with its content encoding undone, chunk by chunk. It is read no further than it is asked
   * for, and breaks when the signal fires.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the exchange and closes its socket, whether or not the body was read. */
  close(): void;
}

/** Does one HTTP exchange: no redirects, proxies, cookies, caches or retries. */
export interface HttpPort {
  /** Whether {@link ExchangeRequest.addresses} are what it connects to. */
  readonly pinsAddresses: boolean;
  exchange(request: ExchangeRequest): Promise<ExchangeResponse>;
}

/** Everything through which a platform reaches hosts. */
export interface Network {
  /** Absent where the platform can't say which addresses a name has: a browser. */
  readonly resolve?: Resolve | undefined;
  readonly http: HttpPort;
}
