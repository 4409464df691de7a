/**
 * Builds the weather plugin: `npx tsx examples/weather/build.ts [quickjs|spidermonkey]`, both when
 * none is named. The packages go to examples/weather/build/.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { packPackage } from "yoi-plugin-sdk";
import { buildPackage, type GuestEngine } from "yoi-plugin-sdk/build";

const directory = new URL("./", import.meta.url);
const engines: readonly GuestEngine[] = ["quickjs", "spidermonkey"];
const [asked] = process.argv.slice(2);
const chosen = asked === undefined ? engines : engines.filter((engine) => engine === asked);
if (chosen.length === 0) {
  console.error(`There is no engine ${asked}; choose one of ${engines.join(", ")}.`);
  process.exit(1);
}

await mkdir(new URL("build/", directory), { recursive: true });
for (const engine of chosen) {
  const started = performance.now();
  const archive = await packPackage(await buildPackage({ directory, engine }));
  const file = new URL(`build/weather.${engine}.yoi-plugin`, directory);
  await writeFile(file, archive);
  const megabytes = (archive.length / 1e6).toFixed(1);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${fileURLToPath(file)}: ${megabytes} MB, built in ${seconds} s`);
}
