import type { Socket } from "node:net";
import { type Readable, Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { thrownText } from "../../diagnostic.ts";
import { httpLimits } from "../../limits.ts";
import type { ExchangeRequest, ExchangeResponse, HeaderPair, HttpPort } from "./network.types.ts";
import { NetworkError, type NetworkFailure } from "./network-error.ts";
import { pinnedLookup } from "./pinned-lookup.node.ts";
import { type TlsOptions, tlsFailure } from "./tls.node.ts";

/**
 * Makes Node's HTTP port, on undici: one connection for each exchange, to the given addresses only.
 *
 * No proxies, whatever the environment says; certificates are always checked; HTTP/1.1.
 */
export function createUndiciHttp(options: TlsOptions = {}): HttpPort {
  return Object.freeze({
    pinsAddresses: true,
    exchange: (request: ExchangeRequest) => exchange(request, options),
  });
}

async function exchange(
  { method, url, headers, body, addresses, signal }: ExchangeRequest,
  { ca }: TlsOptions,
): Promise<ExchangeResponse> {
  // Loaded at the first exchange: most programs that load the library never make one.
  const { Client, buildConnector } = await import("undici");
  if (addresses === undefined || addresses.length === 0) throw new NetworkError("connect");
  const connect = buildConnector({
    lookup: pinnedLookup(addresses),
    rejectUnauthorized: true,
    maxCachedSessions: 0,
    allowH2: false,
    autoSelectFamily: true,
    ...(ca === undefined ? {} : { ca: typeof ca === "string" ? ca : [...ca] }),
  });
  const client = new Client(url.origin, {
    connect: (target, connected) =>
      connect(target, (...outcome) => {
        if (outcome[0] === null) boundSocket(outcome[1]);
        connected(...outcome);
      }),
    allowH2: false,
    pipelining: 1,
    maxHeaderSize: httpLimits.responseHeadBytes.default,
    // The signal bounds the time of all stages together.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const close = () => void client.destroy().catch(() => {});
  try {
    const response = await client.request({
      method,
      path: `${url.pathname}${url.search}`,
      headers: sentHeaders(headers).flat(),
      body: body ?? null,
      signal,
      responseHeaders: "raw",
    });
    // A body that is closed before it was read breaks with nobody listening.
    response.body.on("error", () => {});
    const received = pairs(response.headers as unknown as readonly string[]);
    const decoded = decodeBody(response.body, received);
    return { status: response.statusCode, headers: received, body: decoded, close };
  } catch (thrown) {
    close();
    throw networkError(thrown);
  }
}

/**
 * Ends a socket over which more comes than any answer takes: informational answers, chunk extensions
 * and padding give nothing and could go on until the time is over.
 */
function boundSocket(socket: Socket): void {
  // The way the client reads as well, so that listening changes nothing for it.
  socket.on("readable", () => {
    if (socket.bytesRead <= httpLimits.socketBytes.default) return;
    socket.destroy(new NetworkError("too-large"));
  });
}

/** Compression is neither asked for nor needed at this size; a server that compresses anyway is understood. */
function sentHeaders(headers: readonly HeaderPair[]): readonly HeaderPair[] {
  const own: HeaderPair[] = [["accept-encoding", "identity"]];
  if (!headers.some(([name]) => name === "user-agent")) {
    own.push(["user-agent", "yoi-plugin-request-host-api/0.1"]);
  }
  return [...own, ...headers.filter(([name]) => name !== "accept-encoding")];
}

function pairs(flat: readonly (string | Uint8Array)[]): readonly HeaderPair[] {
  const read: HeaderPair[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    read.push([headerText(flat[at]), headerText(flat[at + 1])]);
  }
  return read;
}

function headerText(value: string | Uint8Array | undefined): string {
  return typeof value === "string" ? value : new TextDecoder("latin1").decode(value);
}

async function* decodeBody(
  body: Readable,
  headers: readonly HeaderPair[],
): AsyncGenerator<Uint8Array> {
  const encodings = headers
    .filter(([name]) => name.toLowerCase() === "content-encoding")
    .flatMap(([, value]) => value.toLowerCase().split(","))
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding !== "" && encoding !== "identity");
  if (encodings.length === 0) {
    yield* chunks(body, "connect");
    return;
  }
  const [encoding = "", ...more] = encodings;
  const decoder = decoderOf(encoding);
  // One layer is what servers use; layers of layers are what bombs use.
  if (decoder === undefined || more.length > 0) throw new NetworkError("encoding");
  const counted = body.pipe(countedWire());
  counted.on("error", (error) => decoder.destroy(error));
  body.on("error", (error) => decoder.destroy(networkError(error)));
  try {
    yield* chunks(counted.pipe(decoder), "encoding");
  } finally {
    decoder.destroy();
    counted.destroy();
  }
}

async function* chunks(source: Readable, failure: NetworkFailure): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of source) yield chunk as Uint8Array;
  } catch (thrown) {
    throw failure === "connect" ? networkError(thrown) : encodingError(thrown);
  }
}

function decoderOf(encoding: string): Transform | undefined {
  if (encoding === "gzip" || encoding === "x-gzip") return createGunzip();
  if (encoding === "deflate") return createInflate();
  return encoding === "br" ? createBrotliDecompress() : undefined;
}

/** Passes compressed bytes on up to their bound: empty blocks give nothing and could go on forever. */
function countedWire(): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      size += chunk.length;
      if (size > httpLimits.wireBytes.default) done(new NetworkError("too-large"));
      else done(null, chunk);
    },
  });
}

/** What breaks while it is decoded is the encoding's fault, unless we ended it ourselves. */
function encodingError(thrown: unknown): NetworkError {
  return thrown instanceof NetworkError ? thrown : new NetworkError("encoding", thrown);
}

function networkError(thrown: unknown): NetworkError {
  if (thrown instanceof NetworkError) return thrown;
  const name = thrown instanceof Error ? thrown.name : "";
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  if (code === "UND_ERR_HEADERS_OVERFLOW" || code === "HPE_HEADER_OVERFLOW") {
    return new NetworkError("too-large", thrown);
  }
  if (tlsFailure(code)) {
    return new NetworkError("tls", thrown);
  }
  // Its parser's errors have a code or none; an assertion is how it meets what it did not expect.
  const isUnparsable =
    name === "HTTPParserError" ||
    code === "ERR_ASSERTION" ||
    (code === "UND_ERR_SOCKET" && /^bad (?:response|upgrade)$/u.test(thrownText(thrown)));
  if (isUnparsable || /^(?:HPE_|UND_ERR_(?:INVALID|NOT_SUPPORTED|RES|REQ))/u.test(code)) {
    return new NetworkError("protocol", thrown);
  }
  return new NetworkError("connect", thrown);
}
