/**
 * How long things take: `npm run build:js && npm run bench [part of a name]`. Numbers depend on the
 * machine and on what else it does; compare runs of one session, never of two machines.
 */
import { readFile } from "node:fs/promises";
import { Bench } from "tinybench";
import {
  createInstance,
  grantRequested,
  inspect,
  loadPackage,
  type PluginInstance,
  type PluginPackage,
  packPackage,
} from "yoi-plugin-sdk";
import { buildPackage } from "yoi-plugin-sdk/build";

const weatherFolder = new URL("../examples/weather/", import.meta.url);
const csv = await readFile(new URL("data/kyoto.csv", weatherFolder), "utf8");
const archive = await packPackage(await buildPackage({ directory: weatherFolder }));
const weather = await loadPackage(archive);
const echo = await fixture("echo");
const loop = await fixture("loop");

const open: PluginInstance[] = [];
const instance = async (pkg: PluginPackage, isolation: "worker" | "inline" = "worker") => {
  const opened = await createInstance(pkg, { grants: grantRequested(pkg), isolation });
  open.push(opened);
  return opened;
};

const warmWeather = await instance(weather);
const warmEcho = await instance(echo);
const warmInline = await instance(echo, "inline");
const looping = await instance(loop);

const [wanted = ""] = process.argv.slice(2);
const bench = new Bench({ time: 1_500, warmupIterations: 3 });
const cases: readonly (readonly [name: string, run: () => Promise<unknown>])[] = [
  ["load a package of 1.2 MB", () => loadPackage(archive)],
  ["inspect it", () => inspect(weather)],
  ["make an instance, prepared before", async () => (await instance(weather)).stop()],
  [
    "open a guest and call it",
    async () => {
      const fresh = await instance(weather);
      await fresh.callTool("get_forecast", { csv });
      await fresh.stop();
    },
  ],
  ["call a text-to-text guest", () => warmEcho.callTool("run", { city: "Kyoto" })],
  ["the same, inline", () => warmInline.callTool("run", { city: "Kyoto" })],
  ["call a QuickJS guest with 2 KB", () => warmWeather.callTool("get_forecast", { csv })],
  ["stop a loop 50 ms after it began", () => looping.callTool("run", {}, { timeoutMs: 50 })],
];
for (const [name, run] of cases.filter(([name]) => name.includes(wanted))) bench.add(name, run);
await bench.run();

console.log(`Node ${process.versions.node}, ${process.platform} ${process.arch}\n`);
console.log(`${"".padEnd(40)}${"median".padStart(12)}${"99 %".padStart(12)}${"runs".padStart(8)}`);
for (const { name, result } of bench.tasks) {
  if (result.state !== "completed") {
    console.log(`${name.padEnd(40)}${result.state}`);
    continue;
  }
  const { p50, p99, samplesCount } = result.latency;
  console.log(
    `${name.padEnd(40)}${time(p50).padStart(12)}${time(p99).padStart(12)}${String(samplesCount).padStart(8)}`,
  );
}
await Promise.all(open.map((opened) => opened.stop()));

function time(milliseconds: number): string {
  return milliseconds < 1
    ? `${(milliseconds * 1000).toFixed(0)} µs`
    : `${milliseconds.toFixed(milliseconds < 10 ? 2 : 0)} ms`;
}

async function fixture(guest: string): Promise<PluginPackage> {
  const manifest = `
schema_version = 1
id = "bench.${guest}"
name = "Guest"
version = "1.0.0"

[runtime]
kind = "wasm-component"
component = "guest.wasm"
world = "yoi:plugin/tool@1.0.0"

[[tools]]
name = "run"
description = "Runs."
input_schema = { type = "object" }

[[permissions]]
kind = "surface"
surface = "tool"

[[permissions]]
kind = "tool"
name = "run"
`;
  const bytes = await readFile(new URL(`../fixtures/guests/${guest}/guest.wasm`, import.meta.url));
  return loadPackage({ "plugin.toml": manifest, "guest.wasm": bytes });
}
