/**
 * What metering costs: `npm run bench:meter`, or `… -- module.wasm` for a module of your own.
 *
 * Guests run plain and metered in one process, in turns. What counts is the ratio of the shortest times:
 * times depend on the machine and on what else it does, and the shortest ones least. Metering itself is
 * timed first, while its code is as cold as in the worker that prepares a guest.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { $init, generate } from "@bytecodealliance/jco-transpile/component";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { buildPackage, type GuestEngine } from "../src/build.ts";
import { meterModule } from "../src/wasm/meter.ts";
import { openMeter } from "../src/wasm/meter-account.ts";
import { kernels } from "../test/wasm/kernels.ts";

const engines: readonly GuestEngine[] = ["quickjs", "spidermonkey"];
const kinds = ["recursion", "integers", "JSON", "sorting", "text", "maps"];
/**
 * Engines compile in the background what is hot, which takes seconds for a large guest on a busy machine.
 * A guest is measured until so many blocks, one after the other, brought no shorter time.
 */
const calmBlocks = 4;
const blockMs = 400;
const mostBlocks = 60;

// QuickJS guests use what Node 20 has behind a flag.
setFlagsFromString("--experimental-wasm-extended-const");
const folder = await mkdtemp(join(tmpdir(), "yoi-bench-"));
const guests = new Map<GuestEngine, ReadonlyMap<string, Uint8Array>>();
for (const engine of engines) guests.set(engine, await generated(engine));

console.log(`Node ${process.versions.node}, ${process.platform} ${process.arch}\n`);
const [path] = process.argv.slice(2);
const timed =
  path === undefined
    ? guests.get("spidermonkey")?.get("guest.core.wasm")
    : new Uint8Array(await readFile(path));
if (timed !== undefined) timeMetering(timed);

console.log(
  `\n${"".padEnd(40)}${"plain".padStart(10)}${"ratio".padStart(8)}${"fuel".padStart(13)}`,
);
for (const [name, { text, large }] of Object.entries(kernels)) {
  const bytes = new Uint8Array(await parse(text));
  compare(name, (imports, meter) => {
    const module = new WebAssembly.Module(meter(bytes));
    const { run } = new WebAssembly.Instance(module, imports).exports;
    return () => (run as (amount: number) => number)(large);
  });
}
for (const [engine, files] of guests) {
  const glue = join(folder, `${engine}.mjs`);
  await writeFile(glue, files.get("guest.js") ?? "");
  const { instantiate } = await import(pathToFileURL(glue).href);
  for (const kind of kinds) {
    compare(`${kind}, JavaScript in ${engine}`, (imports, meter) => {
      const guest = instantiate(
        (file: string) => new WebAssembly.Module(meter(new Uint8Array(files.get(file) ?? []))),
        {},
        (module: WebAssembly.Module, own: WebAssembly.Imports) =>
          new WebAssembly.Instance(module, { ...own, ...imports }),
      );
      return () => guest.call("work", JSON.stringify({ kind }));
    });
  }
}
await rm(folder, { recursive: true });

function timeMetering(bytes: Uint8Array): void {
  const times: number[] = [];
  let length = 0;
  for (let round = 0; round < 8; round += 1) {
    const began = process.cpuUsage();
    length = meterModule(bytes).length;
    const { user, system } = process.cpuUsage(began);
    times.push((user + system) / 1000);
  }
  const [first = 0, ...others] = times;
  console.log(
    `metering ${(bytes.length / 1e6).toFixed(1)} MB: ${first.toFixed(0)} ms of processor time the ` +
      `first time, compiling itself included, ${Math.min(...others).toFixed(0)} ms once that is done; ` +
      `${(length / bytes.length).toFixed(2)} times as large`,
  );
}

function compare(
  name: string,
  open: (
    imports: WebAssembly.Imports,
    meter: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>,
  ) => () => unknown,
): void {
  const account = openMeter({
    memoryBytes: 2 ** 28,
    tableElements: 10 ** 6,
    mayContinue: () => true,
  });
  account.begin(Number.MAX_SAFE_INTEGER);
  const plain = open({}, (bytes) => bytes);
  const metered = open(account.imports, meterModule);
  const shortest = { plain: Number.POSITIVE_INFINITY, metered: Number.POSITIVE_INFINITY };
  let fuel = 0;
  let calm = 0;
  for (let block = 0; block < mostBlocks && calm < calmBlocks; block += 1) {
    const before = { ...shortest };
    const ends = performance.now() + blockMs;
    while (performance.now() < ends) {
      shortest.plain = Math.min(shortest.plain, timeOf(plain));
      const spent = account.spent;
      shortest.metered = Math.min(shortest.metered, timeOf(metered));
      fuel = account.spent - spent;
    }
    const isShorter =
      shortest.plain < 0.98 * before.plain || shortest.metered < 0.98 * before.metered;
    calm = isShorter ? 0 : calm + 1;
  }
  console.log(
    `${name.padEnd(40)}${shortest.plain.toFixed(2).padStart(7)} ms` +
      `${(shortest.metered / shortest.plain).toFixed(2).padStart(8)}${fuel.toLocaleString("en").padStart(13)}`,
  );
}

function timeOf(run: () => unknown): number {
  const began = performance.now();
  run();
  return performance.now() - began;
}

/** The glue and the core modules of the guest beside this file, built for an engine. */
async function generated(engine: GuestEngine): Promise<ReadonlyMap<string, Uint8Array>> {
  const directory = new URL("javascript-guest/", import.meta.url);
  const built = await buildPackage({ directory, engine });
  await $init;
  const { files } = generate(built.get("plugin.wasm") ?? new Uint8Array(), {
    name: "guest",
    map: [],
    instantiation: { tag: "sync" },
    noTypescript: true,
    noNodejsCompat: true,
    tlaCompat: false,
    base64Cutoff: 0,
    bindgenEnableWasmExnref: false,
  });
  return new Map(files);
}
