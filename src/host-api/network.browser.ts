import { createFetchHttp } from "./http/fetch-http.browser.ts";
import type { Network } from "./http/network.types.ts";
import { createBrowserSockets } from "./websocket/web-socket.browser.ts";
import type { WebSocketPort } from "./websocket/websocket.types.ts";

/**
 * Makes a browser's network: `fetch` and `WebSocket`, without a resolver.
 *
 * Names are refused through it unless the host sets `acceptsUncheckedAddresses`, because nobody can
 * check where they lead.
 *
 * @returns What `createHttpsApi`, `createRequestApi` and `createWebSocketApi` take as `network`.
 */
export function createBrowserNetwork(): Network & { readonly webSocket: WebSocketPort } {
  return Object.freeze({ http: createFetchHttp(), webSocket: createBrowserSockets() });
}
