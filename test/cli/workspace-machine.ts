import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { writeArchive } from "../../src/archive/archive.ts";
import { encodeUtf8 } from "../../src/bytes.ts";
import type { CliHost } from "../../src/cli/command.ts";
import { runCli } from "../../src/cli/run-cli.ts";
import { columnsOf } from "../../src/cli/style.ts";
import { inertText } from "../../src/diagnostic.ts";
import { createInspect } from "../../src/inspect/inspect.ts";
import { defaultLimits, packageLimits } from "../../src/limits.ts";
import { createLoadPackage, createReadPackage } from "../../src/package/load-package.ts";
import { createPackPackage } from "../../src/package/pack-package.ts";
import { readSource } from "../../src/package/read-source.node.ts";
import { files, type PackageParts } from "../inspect/packages.ts";
import { captureIo } from "./captured.ts";

/** The library without what runs guests: none of these commands does. */
const host: CliHost = {
  version: "9.9.9",
  loadPackage: createLoadPackage(readSource),
  packPackage: createPackPackage(readSource),
  inspect: createInspect(createReadPackage(readSource)),
  createInstance: () => Promise.reject(new Error("nothing is run")),
};

/** What a test's package is, over a component with the tool `echo`. */
export interface StoredParts extends PackageParts {
  readonly id?: string;
  readonly version?: string;
}

/** What a command wrote and ended with. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** The questions at the terminal. */
  readonly asked: readonly string[];
}

/** A home and a workspace, both in a folder of their own. */
export interface Machine {
  readonly root: string;
  readonly workspace: string;
  /** The project's store. */
  readonly project: string;
  /** The user's store. */
  readonly user: string;
  run(argv: readonly string[], given?: Parameters<typeof captureIo>[0]): Promise<Ran>;
  /** Runs it with `--json` and reads what it wrote. */
  json<Value>(
    argv: readonly string[],
    given?: Parameters<typeof captureIo>[0],
  ): Promise<{ readonly code: number; readonly value: Value }>;
}

/** Makes a home and a workspace, gone after the test. */
export async function createMachine(): Promise<Machine> {
  const root = await mkdtemp(join(tmpdir(), "yoi-cli-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const workspace = join(root, "work");
  const run: Machine["run"] = async (argv, given = {}) => {
    const environment = { HOME: join(root, "home"), ...given.environment };
    const { io, written } = captureIo({ ...given, environment });
    const withPlace = placeless.has(argv[0] ?? "") ? argv : [...argv, "--workspace", workspace];
    const code = await runCli(withPlace, io, host);
    if (given.isTerminal !== true) expectPlainLines(written.out + written.err);
    return { code, ...written };
  };
  return {
    root,
    workspace,
    project: join(workspace, ".yoi", "plugins"),
    user: join(root, "home", ".local", "share", "yoi", "plugins"),
    run,
    async json(argv, given) {
      const { code, out } = await run([...argv, "--json"], given);
      return { code, value: JSON.parse(out) };
    },
  };
}

const placeless: ReadonlySet<string> = new Set(["check", "pack"]);

/** No line of anything written is wider than a terminal, but for words that can't be broken in JSON. */
function expectPlainLines(text: string): void {
  expect(inertText(text, { keepLines: true })).toBe(text);
  const isJson = text.startsWith("{");
  for (const line of isJson ? [] : text.split("\n")) {
    expect(columnsOf(line), line).toBeLessThanOrEqual(80);
  }
}

/** The files of a package. */
export function packageFiles(parts: StoredParts = {}): Record<string, Uint8Array | string> {
  const { id = "example.echo", version = "1.0.0", ...rest } = parts;
  const made = files(rest);
  const manifest = String(made["plugin.toml"])
    .replace('id = "example.echo"', `id = "${id}"`)
    .replace('version = "1.0.0"', `version = "${version}"`);
  return { ...made, "plugin.toml": manifest };
}

/** The bytes of a package, whatever is wrong with it. */
export function archiveOf(contents: Readonly<Record<string, Uint8Array | string>>): Uint8Array {
  const bytes = Object.entries(contents).map(
    ([path, content]) =>
      [path, typeof content === "string" ? encodeUtf8(content) : content] as const,
  );
  return writeArchive(new Map(bytes), {
    compress: false,
    limits: defaultLimits(packageLimits),
  });
}

/** Puts a package, or any bytes, into a store. */
export async function store(
  folder: string,
  name: string,
  parts: StoredParts | Uint8Array = {},
): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, parts instanceof Uint8Array ? parts : archiveOf(packageFiles(parts)));
  return path;
}

/** Writes a package's files into a folder. */
export async function unpacked(folder: string, parts: StoredParts = {}): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [path, content] of Object.entries(packageFiles(parts))) {
    await writeFile(join(folder, path), content);
  }
  return folder;
}
