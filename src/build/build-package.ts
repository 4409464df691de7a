import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { PluginError } from "../errors.ts";
import { defaultLimits, packageLimits } from "../limits.ts";
import { readManifest } from "../manifest/manifest.ts";
import type { Manifest } from "../manifest/manifest.types.ts";
import { buildComponent, type GuestEngine } from "./build-component.ts";

/** How to build a package's files. */
export interface BuildPackageOptions {
  /** The directory with `plugin.toml`. */
  readonly directory: string | URL;
  /** The guest's entry file below the directory. Default: `src/plugin.ts`. */
  readonly entry?: string;
  /** Default: `quickjs`. */
  readonly engine?: GuestEngine;
  /** Whether the guest may import WASI; see `buildComponent`. Default: false. */
  readonly wasi?: boolean;
  /**
   * The WIT of a host's own interfaces besides the files `*.wit` in the directory's folder `wit`; see
   * `buildComponent`.
   */
  readonly wit?: readonly string[];
}

/** Files beside the manifest and the guest that belong into a package where a directory has them. */
const documents = ["README.md", "LICENSE"];

/**
 * Builds the files of a package from a directory: its manifest, its guest built from source under the
 * path that the manifest names, its README.md and LICENSE.
 *
 * Nothing is written; `packPackage` makes the archive.
 *
 * @param options What to build; `directory` is needed.
 * @returns Path → bytes.
 * @throws PluginError `manifest/…` when the manifest is wrong, `build/…` when the guest can't be built.
 */
export async function buildPackage(
  options: BuildPackageOptions,
): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>> {
  const { directory, entry = "src/plugin.ts", engine = "quickjs", wasi = false } = options;
  const root = typeof directory === "string" ? resolve(directory) : fileURLToPath(directory);
  const manifestFile = await readIfThere(join(root, "plugin.toml"));
  if (manifestFile === undefined) throw noManifest();
  const manifest = readManifest(manifestFile, { has: () => true }, defaultLimits(packageLimits));
  const { component, world } = componentOf(manifest);

  const files = new Map([["plugin.toml", manifestFile]]);
  const wit = [...(options.wit ?? []), ...(await witOf(root))];
  const built = await buildComponent({ entry: join(root, entry), world, engine, wasi, wit });
  files.set(component, built);
  for (const path of [...documents, ...manifest.hooks.map(({ file }) => file)]) {
    const bytes = await readIfThere(join(root, path));
    if (bytes !== undefined) files.set(path, bytes);
  }
  return files;
}

/** The WIT that lies beside the guest; it is not part of the package. */
async function witOf(root: string): Promise<readonly string[]> {
  const folder = join(root, "wit");
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw unreadable(cause);
  });
  const texts: string[] = [];
  for (const name of names.filter((each) => each.endsWith(".wit")).sort()) {
    const bytes = await readIfThere(join(folder, name));
    if (bytes !== undefined) texts.push(new TextDecoder().decode(bytes));
  }
  return texts;
}

function componentOf({ runtime }: Manifest) {
  if (runtime?.kind === "wasm-component") return runtime;
  throw new PluginError({
    code: "build/failed",
    phase: "build",
    message:
      'plugin.toml declares no [runtime] of kind "wasm-component": there is no guest to build.',
  });
}

async function readIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unreadable(cause as NodeJS.ErrnoException);
  }
}

function unreadable(cause: NodeJS.ErrnoException): PluginError {
  return new PluginError({
    code: "archive/io",
    phase: "build",
    message: `A file of the package could not be read (${cause.code}).`,
    cause,
  });
}

function noManifest(): PluginError {
  return new PluginError({
    code: "archive/missing",
    phase: "build",
    message: "The directory has no plugin.toml at its root.",
  });
}
