import type { Network, Resolve } from "./http/network.types.ts";
import { createDnsResolve, resolveWithSystem } from "./http/resolve.node.ts";
import type { TlsOptions } from "./http/tls.node.ts";
import { createUndiciHttp } from "./http/undici-http.node.ts";
import type { WebSocketPort } from "./websocket/websocket.types.ts";
import { createWsSockets } from "./websocket/ws-socket.node.ts";

/** How plugins reach the network from Node. */
export interface NodeNetworkOptions extends TlsOptions {
  /** Name servers to ask instead of the machine's own, such as `192.0.2.53`; hosts files play no part then. */
  readonly nameServers?: readonly string[] | undefined;
}

/**
 * Makes Node's network: the machine's resolver, undici and ws, each connecting to checked addresses only.
 *
 * @param options Certificates of authorities to trust, name servers to ask.
 * @returns What `createHttpsApi`, `createRequestApi` and `createWebSocketApi` take as `network`.
 */
export function createNodeNetwork(
  options: NodeNetworkOptions = {},
): Network & { readonly resolve: Resolve; readonly webSocket: WebSocketPort } {
  const { nameServers } = options;
  return Object.freeze({
    resolve:
      nameServers === undefined ? resolveWithSystem : createDnsResolve({ servers: nameServers }),
    http: createUndiciHttp(options),
    webSocket: createWsSockets(options),
  });
}
