import type { TranspileRequest } from "./transpile.ts";
import { serveTranspile } from "./transpile-main.ts";

// The disposable worker's own file: it answers one request.
globalThis.addEventListener(
  "message",
  async (event: MessageEvent<TranspileRequest>) => {
    globalThis.postMessage(await serveTranspile(event.data));
  },
  { once: true },
);
