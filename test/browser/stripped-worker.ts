/** A worker that does what the guest's worker does to itself, and then looks for what is left. */
import { stripGlobals } from "../../src/runtime/isolation/strip-globals.ts";

const post = globalThis.postMessage.bind(globalThis);
const wanted = [
  "BroadcastChannel",
  "EventSource",
  "FileReader",
  "Function",
  "Notification",
  "WebSocket",
  "WebTransport",
  "Worker",
  "XMLHttpRequest",
  "addEventListener",
  "caches",
  "close",
  "fetch",
  "importScripts",
  "indexedDB",
  "location",
  "name",
  "navigator",
  "origin",
  "postMessage",
  "self",
  "setTimeout",
  "structuredClone",
];
stripGlobals();
post(wanted.filter((name) => Reflect.get(globalThis, name) !== undefined));
