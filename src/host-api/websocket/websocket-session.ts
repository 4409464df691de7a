import { isWellFormedText } from "../../diagnostic.ts";
import { webSocketLimits } from "../../limits.ts";
import type { HostApiSession, HostCall, HostFunction, HostValue } from "../host-api.ts";
import { type CallWait, startCallWait } from "../http/call-wait.ts";
import { HostRefusal, refusalAnswer, refuse } from "../http/host-refusal.ts";
import { descriptorText } from "../http/http-request.ts";
import {
  authoriseAddresses,
  authoriseUrl,
  precheckApi,
  precheckReached,
  type Reach,
  reauthorise,
  resolveHost,
} from "../http/reach.ts";
import { displayUrl } from "../http/target-url.ts";
import { whileGranted } from "../http/while-granted.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import { type Connection, messageSize } from "./connection.ts";
import { dial } from "./dial.ts";
import { readOpenRequest } from "./open-request.ts";
import type { Message, WebSocketPort } from "./websocket.types.ts";

/** What {@link openWebSocketSession} needs, all defaults filled in. */
export interface WebSocketSessionOptions {
  readonly reach: Reach;
  readonly port: WebSocketPort;
  readonly hasBinary: boolean;
  readonly openTimeoutMs: number;
  readonly handleAgeMs: number;
}

/** One open handle. */
interface Handle {
  readonly url: URL;
  readonly isPrivate: boolean;
  readonly connection: Connection;
  readonly ageTimer: ReturnType<typeof setTimeout>;
}

/**
 * Opens the API for one instance: its handles, counted from 1, and the functions on them.
 *
 * @returns The session; disposing it closes every connection, opening ones too.
 */
export function openWebSocketSession(options: WebSocketSessionOptions): HostApiSession {
  const { reach, port } = options;
  const handles = new Map<number, Handle>();
  const running = new Map<Promise<string>, AbortController>();
  const closing = new Set<Promise<void>>();
  let opening = 0;
  let lastHandle = 0;
  let isStopped = false;

  const release = (number: number) => {
    const handle = handles.get(number);
    if (handle === undefined) return false;
    handles.delete(number);
    clearTimeout(handle.ageTimer);
    const closed = handle.connection.close();
    closing.add(closed);
    closed.finally(() => closing.delete(closed));
    return true;
  };

  const open: Work = async ([argument], call, stop) => {
    using asking = startCallWait(call, stop, Number.MAX_SAFE_INTEGER, "Opening");
    const text = descriptorText(argument, webSocketLimits.descriptorBytes.default);
    precheckApi(reach);
    const url = readOpenRequest(text);
    const before = await authoriseUrl(reach, url, undefined, asking);
    const most = webSocketLimits.openHandles.default;
    if (handles.size + opening >= most) {
      refuse("host/busy", `An instance has at most ${most} connections.`);
    }
    opening += 1;
    try {
      using resolving = startCallWait(call, stop, options.openTimeoutMs, "Resolving the host name");
      const resolved = await resolveHost(reach, url, before, resolving);
      const leftMs = resolving.remainingMs();
      const host = await authoriseAddresses(reach, url, undefined, before, resolved, asking);
      using dialing = startCallWait(call, stop, leftMs, "Connecting");
      const connection = await dial(port, url, host, dialing);
      lastHandle += 1;
      const number = lastHandle;
      const ageTimer = setTimeout(() => release(number), options.handleAgeMs);
      handles.set(number, { url, isPrivate: host.isPrivate, connection, ageTimer });
      return { handle: number, url: displayUrl(url) };
    } finally {
      opening -= 1;
    }
  };

  /** Closes a handle that may not be used any more. */
  const releaseDenied = (number: HostValue | undefined, thrown: unknown) => {
    const isDenied = thrown instanceof HostRefusal && thrown.code.startsWith("grant/");
    if (isDenied) release(number as number);
  };

  /** Finds a handle and asks whether it may still be used; one that may not is closed. */
  const useHandle = async (number: HostValue | undefined, wait: CallWait): Promise<Handle> => {
    const handle = typeof number === "number" ? handles.get(number) : undefined;
    if (handle === undefined)
      return refuse("host/closed", "There is no open connection of that handle.");
    try {
      await reauthorise(reach, handle.url, handle.isPrivate, wait);
    } catch (thrown) {
      releaseDenied(number, thrown);
      throw thrown;
    }
    return handle;
  };

  const send = async (
    number: HostValue | undefined,
    message: Message,
    call: HostCall,
    stop: AbortSignal,
  ) => {
    using asking = startCallWait(call, stop, Number.MAX_SAFE_INTEGER, "Sending");
    const { connection } = await useHandle(number, asking);
    using sending = startCallWait(call, stop, webSocketLimits.sendTimeoutMs.default, "Sending");
    await connection.send(message, sending);
    return { sent: true, bytes: messageSize(message) };
  };

  const sendText: Work = async ([number, text], call, stop) => {
    const message = descriptorText(text, webSocketLimits.sentBytes.default);
    if (!isWellFormedText(message))
      refuse("host/invalid-request", "The message is not Unicode text.");
    return send(number, message, call, stop);
  };

  const sendBinary: Work = async ([number, text], call, stop) => {
    const most = webSocketLimits.sentBytes.default;
    const message = fromBase64(descriptorText(text, 4 * Math.ceil(most / 3)));
    if (message === undefined) refuse("host/invalid-request", "The message is not base64.");
    if (message.length > most) refuse("host/too-large", `The message has more than ${most} bytes.`);
    return send(number, message, call, stop);
  };

  const receive: Work = async ([number, timeoutMs], call, stop) => {
    using asking = startCallWait(call, stop, Number.MAX_SAFE_INTEGER, "Receiving");
    const { connection, url, isPrivate } = await useHandle(number, asking);
    using waiting = startCallWait(call, stop, receiveBudgetMs(timeoutMs), "Receiving");
    try {
      const received = await whileGranted(
        () => precheckReached(reach, url, undefined, isPrivate),
        connection.receive(waiting),
      );
      if (received === "closed") return { type: "closed" };
      const { message } = received;
      if (typeof message === "string") return { type: "text", text: message };
      if (options.hasBinary) return { type: "binary", base64: toBase64(message) };
      return refuse("host/protocol", "The peer sent a binary message, which this version has not.");
    } catch (thrown) {
      releaseDenied(number, thrown);
      throw thrown;
    } finally {
      // Its place is free as soon as there is nothing left to receive.
      if (connection.isOver) release(number as number);
    }
  };

  const close: Work = async ([number]) => ({
    closed: typeof number === "number" && release(number),
  });

  const hostFunction =
    (work: Work): HostFunction =>
    (args, call) => {
      const stop = new AbortController();
      const answer = (async () => {
        try {
          if (isStopped) refuse("host/closed", "The instance is stopped.");
          return JSON.stringify(await work(args, call, stop.signal));
        } catch (thrown) {
          return refusalAnswer(thrown);
        }
      })();
      running.set(answer, stop);
      return answer.finally(() => running.delete(answer));
    };

  return Object.freeze({
    functions: new Map([
      ["open", hostFunction(open)],
      ["send-text", hostFunction(sendText)],
      ["recv", hostFunction(receive)],
      ["close", hostFunction(close)],
      ...(options.hasBinary ? [["send-binary", hostFunction(sendBinary)] as const] : []),
    ]),
    async [Symbol.asyncDispose]() {
      isStopped = true;
      for (const stop of running.values()) stop.abort();
      await Promise.allSettled(running.keys());
      for (const number of [...handles.keys()]) release(number);
      await Promise.allSettled(closing);
    },
  });
}

/** A function's work; what it throws becomes the answer. */
type Work = (
  args: readonly HostValue[],
  call: HostCall,
  stop: AbortSignal,
) => Promise<Readonly<Record<string, string | number | boolean>>>;

/** Reference §5.3: no time means the default, and no time is longer than the longest. */
function receiveBudgetMs(timeoutMs: HostValue | undefined): number {
  const { receiveTimeoutMs, maxReceiveTimeoutMs } = webSocketLimits;
  const wanted = typeof timeoutMs === "number" && timeoutMs > 0 ? timeoutMs : undefined;
  return Math.min(wanted ?? receiveTimeoutMs.default, maxReceiveTimeoutMs.default);
}
