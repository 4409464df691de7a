import { parentPort } from "node:worker_threads";
import type { TranspileRequest } from "./transpile.ts";
import { serveTranspile } from "./transpile-main.ts";

// The disposable worker's own file: it answers one request.
parentPort?.once("message", async (request: TranspileRequest) => {
  parentPort?.postMessage(await serveTranspile(request));
});
