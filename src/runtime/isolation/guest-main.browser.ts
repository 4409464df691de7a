import { serveGuest } from "./guest-main.ts";
import { createRealm } from "./realm.browser.ts";
import { stripGlobals } from "./strip-globals.ts";

// The worker's own file: it runs once, when a worker starts.
const post = globalThis.postMessage.bind(globalThis);
const serve = serveGuest(createRealm(), (message) => post(message));
globalThis.addEventListener("message", (event) => void serve(event.data));
stripGlobals();
