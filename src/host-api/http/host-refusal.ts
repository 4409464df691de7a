import type { ErrorCode } from "../../errors.ts";
import { errorAnswer, thrownAnswer } from "../host-answer.ts";

/**
 * A host call that ends with an answer of refusal or failure; it never leaves the host API's function.
 *
 * | Code | Meaning |
 * |---|---|
 * | `grant/denied`, `grant/binding` | The manifest does not ask for it, or no grant allows it. |
 * | `host/invalid-request` | The request's JSON, method, body or handle is not one. |
 * | `host/invalid-header` | A header's name or value is not one, comes twice, or is not the guest's to set. |
 * | `host/invalid-url` | The URL is not absolute, has another scheme, or carries a user name or password. |
 * | `host/too-large` | The request, or the response's head or compressed body, is over a bound. |
 * | `host/busy` | The instance has as many exchanges or connections as it may have. |
 * | `host/resolve` | The host name has no address. |
 * | `host/connect` | No connection could be made, or it broke. |
 * | `host/tls` | The server's certificate, or the TLS handshake, was refused. |
 * | `host/protocol` | The server does not speak the protocol properly. |
 * | `host/encoding` | The response's content encoding is unknown or its data broken. |
 * | `host/redirect` | A browser hid a redirect; elsewhere a redirect is an ordinary response. |
 * | `host/timeout` | The time of the exchange or wait is over. |
 * | `host/aborted` | The guest's call ended, or its instance was stopped. |
 * | `host/secret` | A secret that the grant binds to the target is not to be had, or not fit to be sent. |
 * | `host/closed` | The connection is closed, or the handle is not open. |
 * | `host/unsupported` | This platform can't keep a promise that the call relies on. |
 */
export class HostRefusal extends Error {
  override readonly name = "HostRefusal";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** @throws HostRefusal always. */
export function refuse(code: ErrorCode, message: string): never {
  throw new HostRefusal(code, message);
}

/** @returns The answer for anything that a host call threw. */
export function refusalAnswer(thrown: unknown): string {
  return thrown instanceof HostRefusal
    ? errorAnswer(thrown.code, thrown.message)
    : thrownAnswer(thrown);
}
