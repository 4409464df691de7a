/**
 * The demo: `npm run demo`. It builds a plugin from TypeScript, looks at it, is refused, grants, calls;
 * then it lets hostile guests try what they can. It ends with 1 when anything went otherwise than it
 * must, so that CI runs it: [demo/all-stopped].
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import {
  createInstance,
  grantRequested,
  inspect,
  isPluginError,
  loadPackage,
  type PluginPackage,
  packPackage,
  type ToolResult,
} from "yoi-plugin-sdk";
import { buildPackage } from "yoi-plugin-sdk/build";
import { type Attempt, attempts } from "./attempts.ts";
import { watchHost } from "./heartbeat.ts";
import {
  bold,
  cyan,
  dim,
  duration,
  green,
  heading,
  red,
  say,
  shown,
  size,
  wrapped,
} from "./screen.ts";

const weatherFolder = new URL("../weather/", import.meta.url);
const guests = new URL("../../fixtures/guests/", import.meta.url);
const failures: string[] = [];

say(`${bold("yoi-plugin-sdk")}: plugins that nobody trusts, in a host that stays up`);
say(dim(`Node ${process.versions.node}, ${process.platform} ${process.arch}`));

const weatherPackage = await buildWeather();
await lookAt(weatherPackage);
await callWithoutGrants(weatherPackage);
const csv = await readFile(new URL("data/kyoto.csv", weatherFolder), "utf8");
await callWithGrants(weatherPackage);
await letThemTry(weatherPackage);
finish();

async function buildWeather(): Promise<PluginPackage> {
  heading(1, "A plugin in TypeScript becomes one file");
  const began = performance.now();
  const archive = await packPackage(await buildPackage({ directory: weatherFolder }));
  await mkdir(new URL("build/", weatherFolder), { recursive: true });
  const file = new URL("build/weather.yoi-plugin", weatherFolder);
  await writeFile(file, archive);
  const pkg = await loadPackage(file);
  say("   examples/weather/src/plugin.ts, with QuickJS, as a WebAssembly component");
  say(`   → examples/weather/build/weather.yoi-plugin, ${size(archive.length)}`);
  say(dim(`   ${pkg.digest}`));
  say(dim(`   built and packed in ${duration(performance.now() - began).trim()}`));
  return pkg;
}

async function lookAt(pkg: PluginPackage): Promise<void> {
  heading(2, "The host looks at it, and runs and compiles nothing");
  const began = performance.now();
  const report = await inspect(pkg);
  say(`   ${report.package.name} ${report.package.version}, ${cyan(report.package.ref ?? "")}`);
  for (const { name, description } of report.tools) {
    say(`   offers    ${name}`);
    for (const line of wrapped(description, 64)) say(dim(`             ${line}`));
  }
  const asked = [...report.surfaces, ...report.tools].filter(({ requested }) => requested);
  for (const [index, { permission: label }] of asked.entries()) {
    say(`   ${index === 0 ? "asks for" : "        "}  ${label}`);
  }
  const imports = report.runtime?.imports ?? [];
  say(`   imports   ${imports.length === 0 ? "nothing" : imports.join(", ")}`);
  say(dim(`   read in ${duration(performance.now() - began).trim()}`));
  expect(!report.defective, "the weather plugin is reported as defective");
}

async function callWithoutGrants(pkg: PluginPackage): Promise<void> {
  heading(3, "Without grants, nothing is allowed");
  const instance = await createInstance(pkg);
  const result = await instance.callTool("summarise_readings", { csv: "" });
  await instance.stop();
  say(`   ${red("✗")} summarise_readings: ${result.error?.code ?? "answered"}`);
  for (const line of shown(result.summary)) say(dim(`     ${line}`));
  expect(result.error?.code === "grant/denied", "a call without grants was not refused");
}

async function callWithGrants(pkg: PluginPackage): Promise<void> {
  heading(4, "With what it asks for, granted to this very digest, it does its work");
  const instance = await createInstance(pkg, { grants: grantRequested(pkg) });
  const result = await instance.callTool("summarise_readings", { csv, station: "Kyoto" });
  await instance.stop();
  say(`   ${green("✓")} ${shown(result.summary)[0]}`);
  say();
  for (const line of shown(result.content ?? "")) say(`     ${line}`.trimEnd());
  say();
  say(dim(`   answered in ${duration(result.durationMs).trim()}, the guest's start included`));
  expect(!result.isError && result.content?.includes("mm") !== false, "the weather tool failed");
}

async function letThemTry(pkg: PluginPackage): Promise<void> {
  const count = attempts.flatMap(([, group]) => group).length;
  heading(5, `Now ${count} guests that mean harm, each with all that it asks for granted`);
  say(dim(`   ${"The guest".padEnd(38)}${"What stops it".padEnd(26)}Ran   After`));
  const honest = await createInstance(pkg, { grants: grantRequested(pkg) });
  await honest.callTool("get_forecast", { csv });
  const endWatch = watchHost(honest, ["get_forecast", { csv }]);
  for (const [about, group] of attempts) {
    say();
    say(`   ${bold(about)}`);
    for (const attempt of group) await show(attempt);
  }
  const { longestPauseMs, answered, failed, slowestMs } = await endWatch();
  await honest.stop();
  say();
  say(
    `   Meanwhile the weather plugin answered ${bold(String(answered))} calls, the slowest in ${duration(slowestMs).trim()},`,
  );
  say(`   and the host's event loop never paused longer than ${duration(longestPauseMs).trim()}.`);
  expect(failed === 0 && answered > 0, "the honest plugin was disturbed");
  expect(longestPauseMs < 1000, "the host's event loop was held up");
  expect(!("yoiPwned" in globalThis), "a crafted name ran as code of the host");
}

async function show(attempt: Attempt): Promise<void> {
  const began = performance.now();
  const seen = await tryOut(attempt);
  const took = "durationMs" in seen ? seen.durationMs : performance.now() - began;
  const { ends } = attempt;
  const isRight =
    "code" in ends
      ? seen.code === ends.code && seen.isRun === ends.isRun
      : seen.code === undefined && seen.summary === ends.answer;
  const what = "code" in ends ? (seen.code ?? "nothing") : ends.says;
  const stoppedBy = (isRight ? what : (seen.code ?? "nothing")).padEnd(26);
  const mark = isRight ? green("✓") : red("✗");
  const ran = dim(seen.isRun ? "yes" : "no ");
  say(` ${mark} ${attempt.tries.padEnd(38)}${stoppedBy}${ran}${duration(took)}`);
  expect(isRight, `The guest that ${attempt.tries} ended as ${seen.code ?? seen.summary}.`);
}

/** What became of a guest. */
interface Seen {
  readonly code: string | undefined;
  readonly isRun: boolean;
  readonly summary?: string;
  readonly durationMs?: number;
}

async function tryOut({ guest, limits, abortAfterMs }: Attempt): Promise<Seen> {
  const pkg = await loadPackage({
    "plugin.toml": manifestOf(guest),
    "guest.wasm": await readFile(new URL(`${guest}/guest.wasm`, guests)),
  });
  try {
    const instance = await createInstance(pkg, {
      grants: grantRequested(pkg),
      limits: { timeoutMs: 250, ...limits },
    });
    const signal = abortAfterMs === undefined ? {} : { signal: AbortSignal.timeout(abortAfterMs) };
    const result: ToolResult = await instance.callTool("run", {}, signal);
    await instance.stop();
    const { summary, durationMs } = result;
    return { code: result.error?.code, isRun: true, summary, durationMs };
  } catch (error) {
    if (!isPluginError(error)) throw error;
    return { code: error.code, isRun: false };
  }
}

function manifestOf(guest: string): string {
  return `
schema_version = 1
id = "hostile.${guest}"
name = "Hostile guest"
version = "1.0.0"

[runtime]
kind = "wasm-component"
component = "guest.wasm"
world = "yoi:plugin/tool@1.0.0"

[[tools]]
name = "run"
description = "Misbehaves."
input_schema = { type = "object" }

[[permissions]]
kind = "surface"
surface = "tool"

[[permissions]]
kind = "tool"
name = "run"
`;
}

function expect(isTrue: boolean, failure: string): void {
  if (!isTrue) failures.push(failure);
}

function finish(): void {
  say();
  if (failures.length === 0) {
    say(`${green("✓")} ${bold("Everything was stopped as it must be.")}`);
    say();
    say("  Try it yourself:");
    say(cyan("  npx yoi-plugin inspect examples/weather/build/weather.yoi-plugin"));
    return;
  }
  say(red(bold("Not everything was stopped as it must be:")));
  for (const failure of failures) say(`  ${failure}`);
  process.exitCode = 1;
}
