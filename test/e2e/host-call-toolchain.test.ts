import { beforeAll, describe, expect, it } from "vitest";
import {
  createFsApi,
  createInstance,
  createMemoryFileSystem,
  grantRequested,
  type InstanceEvent,
  type PluginPackage,
} from "yoi-plugin-sdk";
import { buildComponent } from "yoi-plugin-sdk/build";
import { guestPackage, toolManifest } from "./guest-package.ts";
import { bridges } from "./host-call-bridges.ts";

const world = "yoi:plugin/instance@1.0.0";
const manifest = `${toolManifest.replace("yoi:plugin/tool@1.0.0", world)}
[[permissions]]
kind = "host_api"
api = "fs"
`;
const moment = Date.UTC(2030, 0, 1);

let pkg: PluginPackage;

beforeAll(async () => {
  const entry = new URL("guests/waiting.ts", import.meta.url);
  pkg = await guestPackage(await buildComponent({ entry, world, wasi: true }), manifest);
});

function files() {
  const texts = { "/data/start.txt": "first", "/data/long.txt": "x".repeat(30_000) };
  const fileSystem = createMemoryFileSystem({ ...texts, "/data/stop.txt": "last" });
  return createFsApi({ fileSystem });
}

describe.each(bridges)("a TypeScript guest that lives on, $name", ({ isolation, hostCalls }) => {
  it("[host/bridge] waits for its host when it starts, is called and stops", async () => {
    const events: InstanceEvent[] = [];
    const guest = await createInstance(pkg, {
      grants: grantRequested(pkg, { fs: [{ root: "/data", operations: ["read"] }] }),
      hostApis: [files()],
      clock: { now: moment },
      onEvent: (event) => events.push(event),
      isolation,
    });
    for (const calls of [1, 2, 3]) {
      const paths = ["long.txt", "absent.txt", "start.txt"];
      const { content, error } = await guest.callTool("run", { paths });
      expect(error).toBeUndefined();
      const said = ["first", calls, "x".repeat(30_000), "host/not-found", "first", moment];
      expect(JSON.parse(content ?? "")).toEqual(said);
    }
    expect(guest.status()).toMatchObject({ hostCalls, state: "running" });
    await guest.stop();
    const lines = events.flatMap((event) => (event.type === "log" ? [event.text] : []));
    expect(lines).toEqual(["last"]);
  });
});
