import { startDeadline } from "../deadline.ts";
import { isWellFormedText, utf8Length } from "../diagnostic.ts";
import { HostRefusal } from "../host-api/http/host-refusal.ts";
import { readUrl } from "../host-api/http/target-url.ts";
import { webSocketLimits } from "../limits.ts";
import { decideTarget } from "./command-target.ts";
import { type OutputCommand, unknownPayloadKey } from "./output-command-envelope.ts";
import { type CommandOutcome, type CommandStep, rejected } from "./output-command-step.ts";
import type { OutputCommandPorts } from "./output-commands.types.ts";

/**
 * Checks `websocket_send`: text over a connection that the host owns, to a URL that both the manifest
 * and the grants name for `websocket` (reference §4.8).
 *
 * @param command Its payload is `{url, text}`; the URL without a user name, the text up to 32 KiB.
 * @param ports The authority, and the drivers' connections.
 */
export async function checkWebSocketSend(
  { payload }: OutputCommand,
  ports: Pick<OutputCommandPorts, "authority" | "send" | "signal">,
): Promise<CommandStep> {
  const unknown = unknownPayloadKey(payload, ["url", "text"]);
  if (unknown !== undefined) return rejected(unknown);
  const { text } = payload;
  if (typeof text !== "string" || !isWellFormedText(text)) return rejected("text is not text");
  const most = webSocketLimits.sentBytes.default;
  if (utf8Length(text) > most) return rejected(`text has more than ${most} bytes`);
  const url = readWebSocketUrl(payload.url ?? null);
  if (!url.ok) return rejected(url.reason);
  const decision = await decideTarget(ports.authority, "websocket", url.value);
  if (!decision.allowed) return rejected(decision.message);
  return { ok: true, run: () => send(url.value.href, text, ports) };
}

function readWebSocketUrl(
  value: Parameters<typeof readUrl>[0],
): { readonly ok: true; readonly value: URL } | { readonly ok: false; readonly reason: string } {
  try {
    return { ok: true, value: readUrl(value, ["wss", "ws"]) };
  } catch (thrown) {
    if (thrown instanceof HostRefusal) return { ok: false, reason: thrown.message };
    throw thrown;
  }
}

async function send(
  url: string,
  text: string,
  { send: sendText, signal }: Pick<OutputCommandPorts, "send" | "signal">,
): Promise<CommandOutcome> {
  const sending = sendText(url, text);
  if (sending === undefined) {
    return { status: "rejected", message: "The host has no connection to this URL." };
  }
  // The driver is the host's own, but a peer that never reads must not hold the queue.
  const budgetMs = webSocketLimits.sendTimeoutMs.default;
  using deadline = startDeadline({ budgetMs, signals: [signal] });
  const given = await Promise.race([
    sending,
    new Promise<{ readonly sent: false; readonly message: string }>((resolve) => {
      deadline.onEnd(() =>
        resolve({ sent: false, message: deadline.error("Sending the text").message }),
      );
    }),
  ]);
  return { status: given.sent ? "recorded" : "rejected", message: given.message };
}
