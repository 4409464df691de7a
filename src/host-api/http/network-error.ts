/** Why an exchange or a connection failed, as a guest may know it. */
export type NetworkFailure = "connect" | "tls" | "protocol" | "encoding" | "too-large" | "redirect";

/** What a port throws when the network fails; anything else it throws is taken for `connect`. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
  readonly failure: NetworkFailure;

  constructor(failure: NetworkFailure, cause?: unknown) {
    super(failure, cause === undefined ? undefined : { cause });
    this.failure = failure;
  }
}
