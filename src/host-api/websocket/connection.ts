import { utf8Length } from "../../diagnostic.ts";
import { webSocketLimits } from "../../limits.ts";
import type { CallWait } from "../http/call-wait.ts";
import { HostRefusal, refuse } from "../http/host-refusal.ts";
import type {
  Goodbye,
  Message,
  OpenSocket,
  SocketFailure,
  SocketListener,
} from "./websocket.types.ts";

/** What a receive gives. */
export type Received = { readonly message: Message } | "closed";

/** One connection of a guest: reading goes on only while the guest waits for a message. */
export interface Connection {
  /** Whether a receive has told that it ended: nothing is left to do with it. */
  readonly isOver: boolean;
  /** How many messages, pings and pongs the peer has sent: a sign of life when it grows. */
  readonly heard: number;
  /** How the peer said goodbye, once it did. */
  readonly goodbye: Goodbye | undefined;
  /** @throws HostRefusal when it is over, or the peer takes nothing in time. */
  send(message: Message, wait: CallWait): Promise<void>;
  /**
   * Waits for the next message, in the order in which they came.
   *
   * @throws HostRefusal when the wait ends, the connection broke, or the peer sends nothing but pings.
   */
  receive(wait: CallWait): Promise<Received>;
  /** Asks the peer for a sign of life; `false` where the platform can't. */
  ping(): boolean;
  /** Ends it; whoever waits is told. Never rejects. */
  close(): Promise<void>;
}

/** A connection that listens already and has no socket yet. */
export interface PendingConnection {
  readonly listener: SocketListener;
  /** Takes the socket over. */
  attach(socket: OpenSocket): Connection;
}

/** Beyond its bytes, a waiting message costs this much. */
const messageOverhead = 16;

/** Makes the listening half of a connection, so that nothing the peer says while it opens is lost. */
export function pendingConnection(): PendingConnection {
  const queue: Message[] = [];
  let queuedBytes = 0;
  let controlFrames = 0;
  let end: { readonly failure: SocketFailure | undefined } | undefined;
  let goodbye: Goodbye | undefined;
  let heard = 0;
  let isOver = false;
  let isReceiving = false;
  let wake = () => {};
  let stop = () => {};

  const fail = (failure: SocketFailure) => {
    end ??= { failure };
    wake();
    stop();
  };
  const listener: SocketListener = Object.freeze({
    message(message: Message) {
      if (end !== undefined) return;
      heard += 1;
      queuedBytes += messageSize(message) + messageOverhead;
      if (queuedBytes > webSocketLimits.queuedBytes.default) return fail("too-large");
      queue.push(message);
      wake();
    },
    control() {
      heard += 1;
      controlFrames += 1;
      if (controlFrames > webSocketLimits.controlFrames.default) fail("protocol");
    },
    closed(failure: SocketFailure | undefined, said?: Goodbye) {
      goodbye ??= end === undefined ? said : undefined;
      end ??= { failure };
      wake();
    },
  });

  const next = (): Received | undefined => {
    const message = queue.shift();
    if (message !== undefined) {
      queuedBytes -= messageSize(message) + messageOverhead;
      return { message };
    }
    if (end === undefined) return undefined;
    isOver = true;
    if (end.failure === undefined) return "closed";
    throw new HostRefusal(`host/${end.failure}`, failureText[end.failure]);
  };

  const attach = (socket: OpenSocket): Connection => {
    stop = () => void socket.close();
    if (end !== undefined) stop();
    return Object.freeze({
      get isOver() {
        return isOver;
      },
      get heard() {
        return heard;
      },
      get goodbye() {
        return goodbye;
      },
      ping() {
        if (socket.ping === undefined || end !== undefined) return false;
        socket.ping();
        return true;
      },
      async send(message: Message, wait: CallWait) {
        if (end !== undefined) refuse("host/closed", "The connection is closed.");
        await wait.until(
          socket.send(message).catch(() => refuse("host/connect", "The connection broke.")),
        );
      },
      async receive(wait: CallWait) {
        if (isReceiving) refuse("host/busy", "Another receive waits on this connection.");
        isReceiving = true;
        controlFrames = 0;
        try {
          let received = next();
          while (received === undefined) {
            const woken = new Promise<void>((resolve) => {
              wake = resolve;
            });
            socket.resume();
            await wait.until(woken);
            received = next();
          }
          return received;
        } finally {
          isReceiving = false;
          if (end === undefined) socket.pause();
        }
      },
      async close() {
        end ??= { failure: undefined };
        queue.length = 0;
        wake();
        await socket.close();
      },
    });
  };
  return Object.freeze({ listener, attach });
}

/** @returns A message's size in bytes, as it travels. */
export function messageSize(message: Message): number {
  return typeof message === "string" ? utf8Length(message) : message.length;
}

const failureText: { readonly [Failure in SocketFailure]: string } = {
  connect: "The connection broke.",
  tls: "The connection's TLS failed.",
  protocol: "The peer broke the WebSocket protocol, or sent too many pings.",
  "too-large": "The peer sent a message that is too long, or more of them than may wait.",
};
