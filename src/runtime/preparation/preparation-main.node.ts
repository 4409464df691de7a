import { parentPort } from "node:worker_threads";
import { servePreparation } from "./preparation-main.ts";
import type { PreparationRequest } from "./prepare-image.ts";

// The disposable worker's own file: it answers one request.
parentPort?.once("message", async (request: PreparationRequest) => {
  parentPort?.postMessage(await servePreparation(request));
});
