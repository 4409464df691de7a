import { servePreparation } from "./preparation-main.ts";
import type { PreparationRequest } from "./prepare-image.ts";

// The disposable worker's own file: it answers one request.
globalThis.addEventListener(
  "message",
  async (event: MessageEvent<PreparationRequest>) => {
    globalThis.postMessage(await servePreparation(event.data));
  },
  { once: true },
);
