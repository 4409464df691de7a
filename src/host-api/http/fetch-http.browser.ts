import type { ExchangeRequest, ExchangeResponse, HttpPort } from "./network.types.ts";
import { NetworkError } from "./network-error.ts";

/**
 * Makes the HTTP port of browsers and other places that have `fetch` and nothing below it.
 *
 * What it can't promise: which address a name leads to; that a redirect is seen (it is an error); the
 * headers that a browser sets itself, such as `user-agent`; a bound on the compressed body (the decoded
 * one is bounded); and servers must allow the page's origin (CORS).
 */
export function createFetchHttp(): HttpPort {
  return Object.freeze({ pinsAddresses: false, exchange });
}

async function exchange({
  method,
  url,
  headers,
  body,
  signal,
}: ExchangeRequest): Promise<ExchangeResponse> {
  const stop = new AbortController();
  signal.addEventListener("abort", () => stop.abort(), { once: true, signal: stop.signal });
  if (signal.aborted) stop.abort();
  const response = await fetch(url, {
    method,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    body: body === undefined ? null : new Uint8Array(body),
    signal: stop.signal,
    redirect: "manual",
    credentials: "omit",
    cache: "no-store",
    referrerPolicy: "no-referrer",
  });
  if (response.type === "opaqueredirect") {
    stop.abort();
    throw new NetworkError("redirect");
  }
  return {
    status: response.status,
    headers: [...response.headers],
    body: read(response.body),
    close: () => stop.abort(),
  };
}

async function* read(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  if (reader === undefined) return;
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
