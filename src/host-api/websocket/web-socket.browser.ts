import { webSocketLimits } from "../../limits.ts";
import { NetworkError } from "../http/network-error.ts";
import type {
  Message,
  OpenSocket,
  SocketListener,
  SocketRequest,
  WebSocketPort,
} from "./websocket.types.ts";

/**
 * Makes the WebSocket port of browsers.
 *
 * What it can't promise: which address a name leads to; reading that pauses (what waits is bounded by
 * `queuedBytes`, then the connection ends); a bound on a message before it is there; pings, which the
 * browser answers unseen; compression that is not negotiated.
 */
export function createBrowserSockets(): WebSocketPort {
  return Object.freeze({ pinsAddresses: false, open });
}

async function open({ url, signal }: SocketRequest, listener: SocketListener): Promise<OpenSocket> {
  if (signal.aborted) throw new NetworkError("connect");
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  let isTooLarge = false;
  socket.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
    const message = typeof data === "string" ? data : new Uint8Array(data);
    // Whether it was over its bound by a little or a lot, it is not passed on.
    isTooLarge ||= message.length > webSocketLimits.messageBytes.default;
    if (isTooLarge) socket.close();
    else listener.message(message);
  });
  const gone = new Promise<CloseEvent>((resolve) => {
    socket.addEventListener("close", resolve, { once: true });
  });
  await new Promise<void>((resolve, reject) => {
    const cut = () => socket.close();
    signal.addEventListener("abort", cut, { once: true });
    socket.addEventListener(
      "open",
      () => {
        signal.removeEventListener("abort", cut);
        resolve();
      },
      { once: true },
    );
    gone.then(() => reject(new NetworkError("connect")));
  });
  gone.then(({ code, reason }) => {
    // 1005 and 1006 stand for a close without a code and for none at all; nobody sends them.
    const goodbye = code === 1005 || code === 1006 ? undefined : { code, reason };
    listener.closed(isTooLarge ? "too-large" : undefined, goodbye);
  });
  return Object.freeze({
    send: async (message: Message) => {
      socket.send(typeof message === "string" ? message : new Uint8Array(message));
    },
    resume() {},
    pause() {},
    async close() {
      socket.close(1000);
      let timer: ReturnType<typeof setTimeout> | undefined;
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, webSocketLimits.closeGraceMs.default);
      });
      await Promise.race([gone, patience]);
      clearTimeout(timer);
    },
  });
}
