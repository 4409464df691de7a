import { boundedText, thrownText } from "../diagnostic.ts";
import { isPluginError, PluginError } from "../errors.ts";
import type { HostConnection, HostConnector } from "../host-api/websocket/host-connection.ts";
import type { Goodbye } from "../host-api/websocket/websocket.types.ts";
import type { DriverContext } from "../instance/ingress.types.ts";
import { textLimits } from "../limits.ts";
import type { SourceTally } from "./source-tally.ts";

/** One WebSocket source, as its parts share it. */
export interface WebSocketSource {
  readonly context: DriverContext;
  readonly connector: HostConnector;
  readonly tally: SourceTally;
  readonly settings: {
    readonly keepAliveMs: number;
    readonly pongMs: number;
    readonly roomWaitMs: number;
  };
  /** Fires when the source is disposed or its instance stops. */
  readonly signal: AbortSignal;
}

/** How a connection, or the attempt at one, ended. */
export type PeerEnd =
  | { readonly kind: "stopped" }
  | { readonly kind: "closed"; readonly goodbye: Goodbye | undefined }
  /** The permission is gone, or the instance takes no events ever again. */
  | { readonly kind: "denied"; readonly error: PluginError }
  | { readonly kind: "broken"; readonly error: PluginError };

/**
 * Passes on what a peer sends until the connection ends, one message after the other: the peer is read
 * no further while an event is on its way. A peer that gives no sign of life is given up.
 *
 * @returns How it ended; it never rejects.
 */
export async function listenToPeer(
  connection: HostConnection,
  source: WebSocketSource,
): Promise<PeerEnd> {
  const { tally, settings, signal } = source;
  let isAskedForLife = false;
  let hasToldOfBinary = false;
  try {
    await tellOpen(source);
    while (!signal.aborted) {
      const patienceMs = isAskedForLife ? settings.pongMs : settings.keepAliveMs;
      const news = await connection.next(patienceMs, signal);
      if (news.kind === "closed") return { kind: "closed", goodbye: news.goodbye };
      if (news.kind === "silence") {
        if (isAskedForLife && !news.isAlive) return broken("The peer gave no sign of life.");
        isAskedForLife = !news.isAlive && connection.ping();
        continue;
      }
      isAskedForLife = false;
      if (typeof news.message === "string") {
        const over = await deliver(source, "websocket_text", { text: news.message });
        if (over !== undefined) return { kind: "denied", error: over };
      } else {
        tally.count("dropped");
        if (!hasToldOfBinary) tellOfBinary(source, news.message.length);
        hasToldOfBinary = true;
      }
    }
    return { kind: "stopped" };
  } catch (thrown) {
    return connectionEnd(thrown, signal);
  }
}

/** Tells the guest how an open connection ended, and the host of one that broke (reference §4.9). */
export async function tellEnd(source: WebSocketSource, end: PeerEnd): Promise<void> {
  if (end.kind === "closed") {
    const { code, reason = "" } = end.goodbye ?? {};
    const words = boundedText(reason, textLimits.messageBytes.default);
    await deliver(source, "websocket_close", {
      ...(code !== undefined && { code }),
      reason: words,
    });
  } else if (end.kind === "broken") {
    const { code, message } = end.error;
    const { context, connector, tally } = source;
    tally.fail(message);
    context.report({
      code,
      phase: "execution",
      message: `The connection to ${connector.displayUrl} broke: ${message}`,
    });
    await deliver(source, "websocket_error", { error: message });
  }
}

/** @returns What a thrown thing says about a connection or the attempt at one. */
export function connectionEnd(thrown: unknown, signal: AbortSignal): PeerEnd {
  if (signal.aborted) return { kind: "stopped" };
  if (!isPluginError(thrown)) return broken(`The connection failed: ${thrownText(thrown)}`);
  const isDenied = thrown.code.startsWith("grant/") || thrown.code === "host/unsupported";
  return { kind: isDenied ? "denied" : "broken", error: thrown };
}

/** Only an ingress that lists the kind expects it: the reference has none. */
async function tellOpen(source: WebSocketSource): Promise<void> {
  if (source.context.eventKinds?.includes("websocket_open") !== true) return;
  const { reconnects } = source.tally.status();
  await deliver(source, "websocket_open", { reconnects });
}

/** @returns Why there is no use in any other event: the instance failed for good, or is stopped. */
async function deliver(
  { connector, tally, settings }: WebSocketSource,
  kind: string,
  payload: Readonly<Record<string, string | number>>,
): Promise<PluginError | undefined> {
  const { error, attempts } = await tally.deliver(
    { kind, payload: { url: connector.displayUrl, ...payload } },
    { waitMs: settings.roomWaitMs },
  );
  const isOver =
    attempts === 0 &&
    error?.isRetryable === false &&
    (error.code === "instance/failed" || error.code === "instance/stopped");
  return isOver ? new PluginError({ ...error, phase: "lifecycle" }) : undefined;
}

function tellOfBinary({ context, connector, tally }: WebSocketSource, size: number): void {
  const message = `${connector.displayUrl} sent a binary message of ${size} bytes; only text is passed on.`;
  tally.fail(message);
  context.report({ code: "host/unsupported", phase: "execution", message });
}

function broken(message: string): PeerEnd {
  return {
    kind: "broken",
    error: new PluginError({ code: "host/connect", phase: "execution", message }),
  };
}
