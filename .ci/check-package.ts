/**
 * Checks what would be published: `npm run test:package`, after a build.
 *
 * It packs the package, installs the tarball alone in an empty folder, and looks at it as a user would:
 * how large it is and what it brings [package/light], whether every subpath is what its types say,
 * whether a plugin runs, and whether a bundle for browsers reaches no Node module
 * [package/browser-clean].
 */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const repository = fileURLToPath(new URL("../", import.meta.url));
const maxInstalledBytes = 15e6;
/** Packages that users of the library must never be made to install. */
const unwanted =
  /(^|\/)(jco|jco-transpile|componentize-js|componentize-qjs|binaryen|weval|wizer|esbuild|preview2-shim)(\/|$)/u;

const manifest = `
schema_version = 1
id = "check.echo"
name = "Echo"
version = "1.0.0"

[runtime]
kind = "wasm-component"
component = "guest.wasm"
world = "yoi:plugin/tool@1.0.0"

[[tools]]
name = "run"
description = "Says what it was told."
input_schema = { type = "object" }

[[permissions]]
kind = "surface"
surface = "tool"

[[permissions]]
kind = "tool"
name = "run"
`;

const packed = mkdtempSync(join(tmpdir(), "yoi-pack-"));
const installed = mkdtempSync(join(tmpdir(), "yoi-install-"));
let failures = 0;
try {
  const tarball = pack();
  await check("publint has nothing to say", lint);
  await check("its types resolve for every subpath", () => resolveTypes(tarball));
  install(tarball);
  await check("the install is light", weigh);
  await check("every subpath can be imported", importSubpaths);
  await check("a plugin runs through it", runPlugin);
  await check("its command runs", runCommand);
  await check("a bundle for browsers reaches no Node module", bundleForBrowsers);
} finally {
  rmSync(packed, { recursive: true, force: true });
  rmSync(installed, { recursive: true, force: true });
}
if (failures > 0) process.exitCode = 1;

async function check(name: string, run: () => unknown): Promise<void> {
  try {
    const note = await run();
    console.log(`✓ ${name}${typeof note === "string" ? `: ${note}` : ""}`);
  } catch (error) {
    failures += 1;
    console.log(`✗ ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function pack(): string {
  const [{ filename }] = JSON.parse(
    npm(repository, "pack", "--json", "--ignore-scripts", "--pack-destination", packed),
  );
  return join(packed, filename);
}

function install(tarball: string): void {
  writeFileSync(join(installed, "package.json"), '{ "private": true, "type": "module" }\n');
  npm(installed, "install", "--ignore-scripts", tarball);
}

async function lint(): Promise<void> {
  const { messages, pkg } = await publint({ pkgDir: repository, strict: true });
  const found = messages.map((message) => formatMessage(message, pkg) ?? message.code);
  if (found.length > 0) throw new Error(found.join("\n"));
}

function resolveTypes(tarball: string): void {
  // Assets are no modules: they have no types and nobody imports them.
  const exclude = ["--exclude-entrypoints", "./package.json"];
  run(repository, "node_modules/.bin/attw", tarball, "--profile", "esm-only", ...exclude);
}

function weigh(): string {
  const modules = join(installed, "node_modules");
  const packages = readdirSync(modules, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("package.json"))
    .map((path) => path.slice(0, -"/package.json".length));
  const brought = packages.filter((path) => unwanted.test(path));
  if (brought.length > 0) throw new Error(`it brings ${brought.join(", ")}`);
  const bytes = folderBytes(modules);
  if (bytes > maxInstalledBytes) throw new Error(`it takes ${megabytes(bytes)}`);
  const own = folderBytes(join(modules, "yoi-plugin-sdk"));
  const names = packages.filter((path) => /^(@[^/]+\/)?[^/]+$/u.test(path));
  return `${megabytes(bytes)}, ${megabytes(own)} of them ours, ${names.length} packages`;
}

function importSubpaths(): string {
  const { exports } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
  const modules = Object.keys(exports).filter((path) => !/[*]|\.json$/u.test(path));
  const specifiers = modules.map((path) => `yoi-plugin-sdk${path.slice(1)}`);
  const program = specifiers
    .map(
      (specifier) =>
        `if (Object.keys(await import(${JSON.stringify(specifier)})).length === 0) throw new Error("empty");`,
    )
    .join("\n");
  runProgram("subpaths.mjs", program);
  return specifiers.join(" ");
}

function runPlugin(): string {
  cpSync(join(repository, "fixtures/guests/echo/guest.wasm"), join(installed, "guest.wasm"));
  return runProgram(
    "plugin.mjs",
    `
    import { readFile } from "node:fs/promises";
    import { createInstance, grantRequested, inspect, loadPackage, packPackage } from "yoi-plugin-sdk";
    const archive = await packPackage({
      "plugin.toml": ${JSON.stringify(manifest)},
      "guest.wasm": await readFile("guest.wasm"),
    });
    const pkg = await loadPackage(archive);
    const { status } = await inspect(pkg, { grants: grantRequested(pkg) });
    const instance = await createInstance(pkg, { grants: grantRequested(pkg) });
    const result = await instance.callTool("run", { city: "Kyoto" });
    if (status !== "active" || result.isError || !result.content.includes("Kyoto")) {
      throw new Error(JSON.stringify({ status, result }));
    }
    console.log(result.summary);
    // Nothing is stopped: an idle guest must not keep the process alive.
    `,
  ).trim();
}

function runCommand(): string {
  return run(installed, join(installed, "node_modules/.bin/yoi-plugin"), "--version").trim();
}

/** Bundles the main entry the way a web application does, with nothing declared external. */
async function bundleForBrowsers(): Promise<string> {
  const entry = join(installed, "browser.mjs");
  writeFileSync(
    entry,
    'export * from "yoi-plugin-sdk";\nexport * from "yoi-plugin-sdk/browser";\n',
  );
  const { metafile, outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    metafile: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "silent",
  });
  const code = outputFiles[0]?.text ?? "";
  const outside = Object.values(metafile.outputs).flatMap(({ imports }) => imports);
  if (outside.length > 0)
    throw new Error(`it leaves ${outside.map(({ path }) => path).join(", ")}`);
  if (/["']node:/u.test(code)) throw new Error("it names a module of Node");
  return `${Math.ceil(code.length / 1024)} KiB, minified`;
}

function runProgram(name: string, program: string): string {
  writeFileSync(join(installed, name), program);
  return run(installed, process.execPath, name);
}

function npm(folder: string, ...args: string[]): string {
  return run(folder, "npm", ...args, "--silent", "--no-audit", "--no-fund");
}

function run(folder: string, command: string, ...args: string[]): string {
  return execFileSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 180_000,
  });
}

function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => statSync(join(folder, path)))
    .reduce((sum, stats) => sum + (stats.isFile() ? stats.size : 0), 0);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
