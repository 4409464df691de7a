import { readFile } from "node:fs/promises";
import v8 from "node:v8";
import { createTimerDriver } from "./drivers/timer-driver.ts";
import { createWebSocketDriver } from "./drivers/websocket-driver.ts";
import { publishDecision } from "./grants/decision-channel.node.ts";
import { createFsApi } from "./host-api/fs/fs.ts";
import { nodeFileSystem } from "./host-api/fs/node-file-system.node.ts";
import { createHttpsApi } from "./host-api/https/https-api.ts";
import { createNodeNetwork } from "./host-api/network.node.ts";
import { createRequestApi } from "./host-api/request/request-api.ts";
import { createWebSocketApi } from "./host-api/websocket/websocket-api.ts";
import { readSource } from "./package/read-source.node.ts";
import type { Ports } from "./ports.types.ts";
import { generatorFiles } from "./runtime/component/generator-modules.ts";
import { createInlineIsolate } from "./runtime/isolation/inline.ts";
import { createRealm } from "./runtime/isolation/realm.node.ts";
import { nodeWorkerSpawner } from "./runtime/isolation/worker.node.ts";
import { createWorkerIsolate } from "./runtime/isolation/worker.ts";
import { createPrepareImage } from "./runtime/preparation/prepare-image.ts";
import type { WasmFeature } from "./wasm/artifact.types.ts";

/** Features that Node 20 has behind a V8 switch, which is the process's and harmless to other code. */
const switches: ReadonlyMap<WasmFeature, string> = new Map([
  ["extended-constants", "--experimental-wasm-extended-const"],
]);

const network = createNodeNetwork();

/** Node's ports. */
export const ports: Ports = {
  readSource,
  isolates: [
    createWorkerIsolate(
      nodeWorkerSpawner(new URL("./guest-main.node.js", import.meta.url), "yoi-plugin-guest"),
    ),
    createInlineIsolate(createRealm),
  ],
  hostApis: [
    createHttpsApi({ network }),
    createRequestApi({ network }),
    createWebSocketApi({ network }),
    createWebSocketApi({ network, version: "1.1.0" }),
    createFsApi({ fileSystem: nodeFileSystem() }),
  ],
  drivers: [createWebSocketDriver({ network }), createTimerDriver()],
  prepareImage: createPrepareImage(
    nodeWorkerSpawner(
      new URL("./preparation-main.node.js", import.meta.url),
      "yoi-plugin-preparation",
    ),
    loadGenerator,
  ),
  publishDecision,
  enableFeature(feature) {
    const flag = switches.get(feature);
    if (flag !== undefined) v8.setFlagsFromString(flag);
  },
};

async function loadGenerator(): Promise<ReadonlyMap<string, WebAssembly.Module>> {
  const modules = generatorFiles.map(async (file) => {
    const bytes = await readFile(new URL(`./${file}`, import.meta.url));
    return [file, await WebAssembly.compile(bytes)] as const;
  });
  return new Map(await Promise.all(modules));
}
