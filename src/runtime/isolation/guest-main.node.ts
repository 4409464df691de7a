import { parentPort } from "node:worker_threads";
import { serveGuest } from "./guest-main.ts";
import { createRealm } from "./realm.node.ts";
import { stripGlobals } from "./strip-globals.ts";

// The worker's own file: it runs once, when a worker starts.
const port = parentPort;
if (port !== null) {
  const serve = serveGuest(createRealm(), (message) => port.postMessage(message));
  port.on("message", (message) => void serve(message));
  stripGlobals();
}
