/**
 * A plugin that lives on, in a host: a real chat room on this machine, the bridge built from TypeScript,
 * looked at, granted, started, called, fed, stopped. It asserts what it says:
 * `npx tsx --tsconfig examples/tsconfig.json examples/chat-bridge/main.ts`.
 */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import {
  createInstance,
  type Grants,
  grantRequested,
  inspect,
  loadPackage,
  type PluginPackage,
  packPackage,
} from "yoi-plugin-sdk";
import { buildPackage } from "yoi-plugin-sdk/build";
import { enter, openChatRoom } from "./chat-room.ts";

const folder = new URL("./", import.meta.url);

await using room = await openChatRoom();
console.log(`1. A chat room is open at ${room.url}`);

const pkg = await buildFor(room.port);
console.log(`2. The plugin became one file, ${pkg.identity.ref} ${pkg.identity.version}`);

const report = await inspect(pkg);
const asked = [
  ...report.surfaces,
  ...report.tools,
  ...report.services,
  ...report.ingresses,
  ...report.hostApis,
].filter(({ requested }) => requested);
console.log(`3. It asks for ${asked.map(({ permission }) => permission).join(", ")}`);

// A room on this machine is a private address: the grant names that very host, and allows it.
const grants: Grants = grantRequested(pkg, {
  websocket: [
    {
      scheme: "ws",
      host: "127.0.0.1",
      port: room.port,
      path_prefixes: ["/room"],
      allow_private: true,
    },
  ],
});
await using bridge = await createInstance(pkg, {
  grants,
  config: { name: "bridge" },
  restart: "on-failure",
});
await room.members(1);
assert.equal(bridge.state, "running");
assert.deepEqual(bridge.denied, []);
console.log(`4. Started: ${JSON.stringify(bridge.status().component)}, and in the room`);

await using ada = await enter(room, "Ada");
ada.say("Is anybody here?");
ada.say("!ping");
const pong = await ada.hears();
assert.equal(pong, "bridge: pong, Ada; I am at 2");
console.log(`5. Ada says !ping and hears "${pong}"`);

const summary = await bridge.callTool("room_summary", {});
assert.equal(summary.summary, "2 messages by 1 person");
const asks = await bridge.callTool("say", { text: "The build is green." });
assert.equal(asks.isError, false);
console.log(`6. A model calls its tools: "${summary.summary}", "${asks.summary}"`);

// Two messages and two tool calls: the next event finds the counter where they left it.
ada.say("Any news?");
const news = await ada.hears();
assert.equal(news, "bridge: The build is green.");
console.log(`7. Ada asks for news and hears "${news}"`);

const delivered = await bridge.deliverIngress("room", {
  kind: "websocket_text",
  source: "host",
  payload: { url: room.url, text: "Host: good evening" },
});
assert.deepEqual([delivered.accepted, delivered.output], [true, { count: 6 }]);
const declined = await bridge.deliverIngress("room", {
  kind: "websocket_text",
  source: "host",
  payload: { url: room.url, text: "bridge: good evening" },
});
assert.equal(declined.accepted, false);
console.log("8. The host hands it two events itself: one is taken, the bridge's own words are not");

const { component, ingress, sources, commands } = await bridge.refreshStatus();
assert.deepEqual(component, { state: "running", data: { count: 6, toSay: 0 } });
assert.equal(sources[0]?.state, "connected");
assert.ok(commands.every(({ status }) => status === "recorded"));
console.log(
  `9. Status: ${JSON.stringify(component)}, ${ingress.counters.accepted} of ` +
    `${ingress.counters.dispatched} events taken, ${commands.length} commands, ` +
    `connection ${sources[0]?.state} (${sources[0]?.received} in, ${sources[0]?.sent} out)`,
);

await bridge.stop();
const end = bridge.status();
assert.equal(end.state, "stopped");
assert.deepEqual(end.component, { state: "stopped", data: { count: 6 } });
console.log(`10. Stopped: ${JSON.stringify(end.component)}`);

/** Builds the plugin and packs it, with the room's port in its manifest: it may go there and nowhere else. */
async function buildFor(port: number): Promise<PluginPackage> {
  const files = new Map(await buildPackage({ directory: folder }));
  const manifest = new TextDecoder().decode(files.get("plugin.toml"));
  files.set("plugin.toml", new TextEncoder().encode(manifest.replaceAll("8787", String(port))));
  const archive = await packPackage(Object.fromEntries(files));
  await mkdir(new URL("build/", folder), { recursive: true });
  const file = new URL("build/chat-bridge.yoi-plugin", folder);
  await writeFile(file, archive);
  return loadPackage(file);
}
