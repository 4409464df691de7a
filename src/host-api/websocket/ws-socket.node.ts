import { httpLimits, webSocketLimits } from "../../limits.ts";
import { NetworkError } from "../http/network-error.ts";
import { pinnedLookup } from "../http/pinned-lookup.node.ts";
import { type TlsOptions, tlsFailure } from "../http/tls.node.ts";
import type {
  Goodbye,
  Message,
  OpenSocket,
  SocketFailure,
  SocketListener,
  SocketRequest,
  WebSocketPort,
} from "./websocket.types.ts";

/**
 * Makes Node's WebSocket port, on ws: to the given addresses only, certificates always checked, no
 * compression, messages bounded while they arrive.
 */
export function createWsSockets(options: TlsOptions = {}): WebSocketPort {
  return Object.freeze({
    pinsAddresses: true,
    open: (request: SocketRequest, listener: SocketListener) => open(request, listener, options),
  });
}

async function open(
  { url, addresses, signal }: SocketRequest,
  listener: SocketListener,
  { ca }: TlsOptions,
): Promise<OpenSocket> {
  // Loaded at the first connection: most programs that load the library never make one.
  const { WebSocket } = await import("ws");
  if (signal.aborted || addresses === undefined || addresses.length === 0) {
    throw new NetworkError("connect");
  }
  const socket = new WebSocket(url, [], {
    lookup: pinnedLookup(addresses),
    rejectUnauthorized: true,
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: webSocketLimits.messageBytes.default,
    maxHeaderSize: httpLimits.responseHeadBytes.default,
    ...(ca === undefined ? {} : { ca: typeof ca === "string" ? ca : [...ca] }),
  });
  let failure: SocketFailure | undefined;
  socket.on("message", (data: Uint8Array, isBinary) => {
    const bytes = new Uint8Array(data);
    listener.message(isBinary ? bytes : new TextDecoder().decode(bytes));
  });
  socket.on("ping", () => listener.control());
  socket.on("pong", () => listener.control());
  socket.on("error", (error) => {
    failure ??= failureOf(error);
  });
  const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));

  await new Promise<void>((resolve, reject) => {
    const cut = () => socket.terminate();
    signal.addEventListener("abort", cut, { once: true });
    socket.once("open", () => {
      signal.removeEventListener("abort", cut);
      socket.pause();
      resolve();
    });
    socket.once("close", () => {
      signal.removeEventListener("abort", cut);
      reject(new NetworkError(failure ?? "connect"));
    });
  });
  socket.once("close", (code, reason: Uint8Array) =>
    listener.closed(failure, saidGoodbye(code, reason)),
  );

  return Object.freeze({
    send: (message: Message) =>
      new Promise<void>((resolve, reject) => {
        socket.send(message, (error) => (error == null ? resolve() : reject(error)));
      }),
    resume: () => socket.resume(),
    pause: () => socket.pause(),
    ping: () => socket.ping(undefined, undefined, () => {}), // a broken connection says so itself
    async close() {
      socket.resume(); // the peer's own goodbye is still to be read
      socket.close(1000);
      const timer = setTimeout(() => socket.terminate(), webSocketLimits.closeGraceMs.default);
      await gone;
      clearTimeout(timer);
    },
  });
}

/** 1005 and 1006 stand for a close without a code and for none at all; nobody sends them. */
function saidGoodbye(code: number, reason: Uint8Array): Goodbye | undefined {
  const isSent = code !== 1005 && code !== 1006;
  return isSent ? { code, reason: new TextDecoder().decode(new Uint8Array(reason)) } : undefined;
}

function failureOf(error: Error): SocketFailure {
  const code = "code" in error ? String(error.code) : "";
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") return "too-large";
  if (tlsFailure(code)) return "tls";
  const isProtocol =
    /^(?:WS_ERR|HPE_)/u.test(code) || /^(?:Unexpected server|Invalid)/u.test(error.message);
  return isProtocol ? "protocol" : "connect";
}
