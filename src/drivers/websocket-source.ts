import { isWellFormedText, utf8Length } from "../diagnostic.ts";
import { isPluginError, PluginError } from "../errors.ts";
import type { Resolve } from "../host-api/http/network.types.ts";
import {
  createHostConnector,
  type HostConnection,
  type HostConnector,
} from "../host-api/websocket/host-connection.ts";
import type { WebSocketPort } from "../host-api/websocket/websocket.types.ts";
import type { DriverContext, DriverSession } from "../instance/ingress.types.ts";
import { backoffMs, type Timing } from "../instance/timing.ts";
import { driverLimits, webSocketLimits } from "../limits.ts";
import { pause } from "./pause.ts";
import { createSourceTally } from "./source-tally.ts";
import { connectionEnd, listenToPeer, type PeerEnd, tellEnd } from "./websocket-listening.ts";

/** The options of the WebSocket driver, all defaults filled in. */
export interface WebSocketSettings {
  readonly network: {
    readonly resolve?: Resolve | undefined;
    readonly webSocket: WebSocketPort;
  };
  readonly acceptsUncheckedAddresses: boolean;
  readonly openTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly pongMs: number;
  readonly firstReconnectMs: number;
  readonly lastReconnectMs: number;
  readonly settledMs: number;
  readonly roomWaitMs: number;
  readonly timing: Timing;
}

/** An attempt to connect, and what followed. */
interface Attempt {
  readonly end: PeerEnd;
  /** Milliseconds that the connection stayed up; absent when there was none. */
  readonly openMs?: number;
}

/**
 * Opens one WebSocket source: it asks, connects, and connects anew in the background until it is
 * disposed or refused (reference §4.9). Asking may take as long as a person takes.
 *
 * @param url The URL as the manifest declares it.
 * @returns The session; disposing it closes the connection within `closeGraceMs`.
 * @throws PluginError `ingress/invalid-source` for a URL that is none, `grant/…` when manifest or grants speak against it.
 */
export function openWebSocketSource(
  context: DriverContext,
  url: string,
  settings: WebSocketSettings,
): DriverSession {
  const { timing } = settings;
  const connector = readSource(url, context, settings);
  connector.precheck();
  const prefix = context.source.slice(0, context.source.length - url.length);
  const tally = createSourceTally("websocket", context, prefix + connector.displayUrl, timing);
  let connection: HostConnection | undefined;
  /** What must end before nothing is left: a connection that is being made, or that is being closed. */
  let network: Promise<unknown> = Promise.resolve();
  let waitingSends = 0;
  let hasToldOfSend = false;
  const stop = new AbortController();
  const { signal } = stop;
  const source = { context, connector, tally, settings, signal };
  const onInstanceStop = () => {
    stop.abort();
    void connection?.close();
  };
  const leave = () => context.signal.removeEventListener("abort", onInstanceStop);
  context.signal.addEventListener("abort", onInstanceStop, { once: true });
  if (context.signal.aborted) onInstanceStop();

  const attempt = async (): Promise<Attempt> => {
    let current: HostConnection;
    try {
      const connecting = connector.connect(signal);
      network = connecting.catch(() => {});
      current = await connecting;
    } catch (thrown) {
      return { end: connectionEnd(thrown, signal) };
    }
    const openedAt = timing.elapsed();
    let end: PeerEnd = { kind: "stopped" };
    if (!signal.aborted) {
      connection = current;
      tally.enter("connected");
      end = await listenToPeer(current, source);
      connection = undefined;
    }
    network = current.close();
    await network;
    return { end, openMs: timing.elapsed() - openedAt };
  };

  const refuseFurther = (error: PluginError) => {
    leave();
    void connection?.close();
    tally.enter("failed");
    tally.fail(error.message);
    context.report({
      code: error.code,
      phase: "execution",
      message: `${connector.displayUrl} stays closed: ${error.message}`,
    });
  };

  const run = async () => {
    let failures = 0;
    let hasToldOfFailure = false;
    for (;;) {
      const { end, openMs } = await attempt();
      if (end.kind === "stopped" || signal.aborted) return;
      if (end.kind === "denied") return refuseFurther(end.error);
      const hasSettled = openMs !== undefined && openMs >= settings.settledMs;
      failures = hasSettled ? 1 : failures + 1;
      tally.enter("waiting");
      if (openMs !== undefined) {
        hasToldOfFailure = false;
        await tellEnd(source, end);
      } else if (end.kind === "broken") {
        tally.fail(end.error.message);
        // Once, until there was a connection again: status shows each.
        if (!hasToldOfFailure) context.report(unreachable(connector, end.error));
        hasToldOfFailure = true;
      }
      const delayMs = backoffMs(
        { initialDelayMs: settings.firstReconnectMs, maxDelayMs: settings.lastReconnectMs },
        failures,
        timing.random(),
      );
      if (signal.aborted) return;
      tally.enter("waiting", delayMs);
      await pause(timing, delayMs, signal);
      if (signal.aborted) return;
      tally.count("reconnects");
      tally.enter("connecting");
    }
  };

  const trySend = async (text: string): Promise<Sent> => {
    const problem = textProblem(text);
    if (problem !== undefined) return unsent(problem);
    const current = connection;
    if (current === undefined) return unsent("The connection is not open now.");
    const most = driverLimits.waitingSends.default;
    if (waitingSends >= most) return unsent(`${most} messages wait for the peer already.`);
    waitingSends += 1;
    try {
      await current.reauthorise(signal);
      await current.send(text, signal);
      return { sent: true, message: "The message was sent." };
    } catch (thrown) {
      // A peer that takes nothing in time, or a permission that is gone: either ends the connection.
      void current.close();
      return unsent(isPluginError(thrown) ? thrown.message : "The message could not be sent.");
    } finally {
      waitingSends -= 1;
    }
  };

  run().catch((thrown: unknown) => refuseFurther(defect(thrown)));

  return Object.freeze({
    status: () => tally.status(),
    send(target: string, text: string) {
      if (!connector.isMeantBy(target)) return undefined;
      return trySend(text).then((result) => {
        tally.count(result.sent ? "sent" : "sendFailures");
        if (!result.sent) tally.fail(result.message);
        if (!result.sent && !hasToldOfSend) context.report(unsendable(connector, result));
        hasToldOfSend = !result.sent;
        return Object.freeze(result);
      });
    },
    async [Symbol.asyncDispose]() {
      leave();
      stop.abort();
      // An event that is still on its way is the instance's own to settle.
      await Promise.allSettled([connection?.close(), network]);
      await network;
      tally.enter("closed");
    },
  });
}

/** What became of a message. */
interface Sent {
  readonly sent: boolean;
  readonly message: string;
}

function unsent(message: string): Sent {
  return { sent: false, message };
}

function readSource(url: string, context: DriverContext, settings: WebSocketSettings) {
  try {
    return createHostConnector({ url, authority: context.authority, ...settings });
  } catch (thrown) {
    if (!isPluginError(thrown)) throw thrown;
    throw new PluginError({
      code: "ingress/invalid-source",
      phase: "registration",
      plugin: context.plugin.ref,
      message: `The source of the ingress is no WebSocket URL: ${thrown.message}`,
    });
  }
}

function textProblem(text: string): string | undefined {
  const most = webSocketLimits.sentBytes.default;
  if (text.length > most || utf8Length(text) > most) {
    return `The message has more than ${most} bytes.`;
  }
  return isWellFormedText(text) ? undefined : "The message is not Unicode text.";
}

function unreachable({ displayUrl }: HostConnector, { code, message }: PluginError) {
  return {
    code,
    phase: "execution",
    message: `${displayUrl} can't be reached, and is tried again: ${message}`,
  } as const;
}

function unsendable({ displayUrl }: HostConnector, { message }: Sent) {
  return {
    code: "host/connect",
    phase: "execution",
    message: `A message to ${displayUrl} could not be sent: ${message}`,
  } as const;
}

/** What a port or listener of the host's threw: it ends the source, not the host. */
function defect(cause: unknown): PluginError {
  return new PluginError({
    code: "host/failed",
    phase: "execution",
    message: "The driver failed in an unexpected way.",
    cause,
  });
}
