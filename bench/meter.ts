/**
 * What metering costs: `npx tsx bench/meter.ts [module.wasm]`.
 *
 * Each guest runs metered and plain in the same process, in turns, and the ratio of the two is what
 * counts; times depend on the machine and on what else it does. Given a core module, it also says how
 * long metering it takes and how much larger it becomes.
 */
import { readFile } from "node:fs/promises";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { Bench } from "tinybench";
import { meterModule } from "../src/wasm/meter.ts";
import { openMeter } from "../src/wasm/meter-account.ts";
import { kernels } from "../test/wasm/kernels.ts";

const rounds = 15;

console.log(`Node ${process.versions.node}, ${process.platform} ${process.arch}\n`);
console.log(
  `${"".padEnd(26)}${"plain ms".padStart(10)}${"ratio".padStart(8)}${"fuel/ns".padStart(10)}`,
);
for (const [name, { text, large }] of Object.entries(kernels)) {
  const bytes = new Uint8Array(await parse(text));
  const meter = openMeter({ memoryBytes: 1 << 26, tableElements: 1_000, mayContinue: () => true });
  meter.begin(Number.MAX_SAFE_INTEGER);
  const plain = instantiate(bytes, {});
  const metered = instantiate(meterModule(bytes), meter.imports);
  const before = meter.spent;
  metered(large);
  const fuel = meter.spent - before;
  const ratios: number[] = [];
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const [one, other] = await inTurns(
      () => plain(large),
      () => metered(large),
    );
    ratios.push(other / one);
    times.push(one);
  }
  const time = median(times);
  console.log(
    `${name.padEnd(26)}${time.toFixed(2).padStart(10)}${median(ratios).toFixed(2).padStart(8)}${(fuel / time / 1e6).toFixed(1).padStart(10)}`,
  );
}

const [path] = process.argv.slice(2);
if (path !== undefined) {
  const bytes = new Uint8Array(await readFile(path));
  const began = performance.now();
  const metered = meterModule(bytes);
  const first = performance.now() - began;
  const bench = new Bench({ iterations: 5, time: 0, warmup: false });
  bench.add("meter", () => {
    meterModule(bytes);
  });
  const [task] = await bench.run();
  const again = task?.result?.state === "completed" ? task.result.latency.p50 : Number.NaN;
  const megabytes = (bytes.length / 1e6).toFixed(1);
  console.log(
    `\nmetering ${megabytes} MB: ${first.toFixed(0)} ms the first time, ${again.toFixed(0)} ms then; ${(metered.length / bytes.length).toFixed(2)} times as large`,
  );
}

function instantiate(
  bytes: Uint8Array<ArrayBuffer>,
  imports: WebAssembly.Imports,
): (amount: number) => number {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
  return exports.run as (amount: number) => number;
}

/** The median times of two functions that take turns, in milliseconds. */
async function inTurns(one: () => void, other: () => void): Promise<[number, number]> {
  const bench = new Bench({ iterations: 3, time: 0, warmup: false });
  bench.add("plain", one).add("metered", other);
  const tasks = await bench.run();
  const [first = Number.NaN, second = Number.NaN] = tasks.map(({ result }) =>
    result?.state === "completed" ? result.latency.p50 : Number.NaN,
  );
  return [first, second];
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[values.length >> 1] ?? Number.NaN;
}
