import type { CallWait } from "../http/call-wait.ts";
import { HostRefusal, refuse } from "../http/host-refusal.ts";
import { NetworkError } from "../http/network-error.ts";
import type { Reachable } from "../http/reach.ts";
import { type Connection, pendingConnection } from "./connection.ts";
import type { WebSocketPort } from "./websocket.types.ts";

/**
 * Connects to a URL that was authorised, at the addresses that were authorised.
 *
 * @param wait Bounds connecting and the handshake; one that opens after it is closed at once.
 * @throws HostRefusal `host/…` with why there is no connection, in words that tell nothing of the network.
 */
export async function dial(
  port: WebSocketPort,
  url: URL,
  { addresses }: Reachable,
  wait: CallWait,
): Promise<Connection> {
  const pending = pendingConnection();
  try {
    const opened = port.open({ url, addresses, signal: wait.signal }, pending.listener);
    // A connection that opens after nobody waits any more is closed as well.
    opened.then((late) => wait.signal.aborted && void late.close()).catch(() => {});
    return pending.attach(await wait.until(opened));
  } catch (thrown) {
    if (thrown instanceof HostRefusal) throw thrown;
    const failure = thrown instanceof NetworkError ? thrown.failure : "connect";
    return refuse(`host/${failure}`, "The connection could not be opened.");
  }
}
