import { createTimerDriver } from "./drivers/timer-driver.ts";
import { createWebSocketDriver } from "./drivers/websocket-driver.ts";
import { createHttpsApi } from "./host-api/https/https-api.ts";
import { createBrowserNetwork } from "./host-api/network.browser.ts";
import { createRequestApi } from "./host-api/request/request-api.ts";
import { createWebSocketApi } from "./host-api/websocket/websocket-api.ts";
import { readSource } from "./package/read-source.browser.ts";
import type { Ports } from "./ports.types.ts";
import { browserWorkerSpawner } from "./runtime/isolation/worker.browser.ts";
import { createWorkerIsolate } from "./runtime/isolation/worker.ts";
import { createPrepareImage } from "./runtime/preparation/prepare-image.ts";

const network = createBrowserNetwork();

/** A browser's ports. Each `new URL` is written out, because that is the form bundlers find. */
export const ports: Ports = {
  readSource,
  isolates: [
    createWorkerIsolate(
      browserWorkerSpawner(
        () => new Worker(new URL("./guest-main.browser.js", import.meta.url), { type: "module" }),
      ),
    ),
  ],
  // A page has no file system to grant; a host passes one in memory.
  hostApis: [
    createHttpsApi({ network }),
    createRequestApi({ network }),
    createWebSocketApi({ network }),
    createWebSocketApi({ network, version: "1.1.0" }),
  ],
  drivers: [createWebSocketDriver({ network }), createTimerDriver()],
  prepareImage: createPrepareImage(
    browserWorkerSpawner(
      () =>
        new Worker(new URL("./preparation-main.browser.js", import.meta.url), { type: "module" }),
    ),
    loadGenerator,
  ),
  enableFeature: () => undefined,
};

async function loadGenerator(): Promise<ReadonlyMap<string, WebAssembly.Module>> {
  const compile = async (url: URL) => WebAssembly.compile(await (await fetch(url)).arrayBuffer());
  return new Map([
    [
      "js-component-bindgen-component.core.wasm",
      await compile(new URL("./js-component-bindgen-component.core.wasm", import.meta.url)),
    ],
    [
      "js-component-bindgen-component.core2.wasm",
      await compile(new URL("./js-component-bindgen-component.core2.wasm", import.meta.url)),
    ],
  ]);
}
