import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { basename, isAbsolute, join, resolve } from "node:path";
import type { PackageStore } from "./store.types.ts";

/** Variables of an environment, typically `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the default places are derived from. */
export interface PlaceOptions {
  readonly environment: Environment;
  /** The folder of the user's data, in place of what the environment says. */
  readonly userDataHome?: string | undefined;
}

/**
 * Gives the store of a workspace: `<workspace>/.yoi/plugins` (reference §3).
 *
 * Its packages are those of whoever wrote the workspace.
 *
 * @param workspace The workspace's folder.
 * @returns The store, whose folder may be missing.
 */
export function projectStore(workspace: string): PackageStore {
  return Object.freeze({ source: "project", folder: join(resolve(workspace), ".yoi", "plugins") });
}

/**
 * Gives the user's own store: `<data home>/yoi/plugins`, where the data home is the option, else
 * `$XDG_DATA_HOME`, else `$HOME/.local/share` (reference §3).
 *
 * @param options The environment, and the data home when the host has another one.
 * @returns The store, or `undefined` when nothing says where the user's home is.
 */
export function userStore(options: PlaceOptions): PackageStore | undefined {
  const home =
    options.userDataHome ?? userFolder(options.environment, "XDG_DATA_HOME", ".local/share");
  if (home === undefined) return undefined;
  return Object.freeze({ source: "user", folder: join(resolve(home), "yoi", "plugins") });
}

/**
 * Gives the stores that a host looks at unless it has others: the user's, then the workspace's.
 *
 * @param options The workspace, and what {@link userStore} takes.
 * @returns One or two stores.
 */
export function defaultStores(
  options: PlaceOptions & { readonly workspace: string },
): readonly PackageStore[] {
  const user = userStore(options);
  const project = projectStore(options.workspace);
  return Object.freeze(user === undefined ? [project] : [user, project]);
}

/**
 * Gives the user's cache of packages: `yoi/plugins` below `$XDG_CACHE_HOME`, else `$HOME/.cache`.
 *
 * @param environment The environment.
 * @returns The folder, or `undefined` when nothing says where the user's home is.
 */
export function cacheFolder(environment: Environment): string | undefined {
  const home = userFolder(environment, "XDG_CACHE_HOME", ".cache");
  return home === undefined ? undefined : join(home, "yoi", "plugins");
}

/**
 * Gives the file of the user's enablement records for a workspace.
 *
 * It lies in the user's configuration (`$XDG_CONFIG_HOME`, else `$HOME/.config`), one folder for each
 * workspace, and never in the workspace itself: whoever wrote a workspace could grant themselves
 * anything there.
 *
 * @param workspace The workspace's folder; the same one through a link has the same file.
 * @param environment The environment.
 * @returns The file, which may be missing, or `undefined` when nothing says where the user's home is.
 */
export async function enablementFile(
  workspace: string,
  environment: Environment,
): Promise<string | undefined> {
  const home = userFolder(environment, "XDG_CONFIG_HOME", ".config");
  if (home === undefined) return undefined;
  const folder = await realpath(workspace).catch(() => resolve(workspace));
  const hash = createHash("sha256").update(folder).digest("hex").slice(0, 16);
  // For people who look for it; the hash alone tells workspaces apart.
  const name = basename(folder)
    .replaceAll(/[^A-Za-z0-9_-]+/gu, "-")
    .slice(0, 40);
  return join(home, "yoi", "workspaces", `${name || "workspace"}-${hash}`, "plugins.toml");
}

/** A base folder of the user's; a relative one in the environment does not count, as XDG has it. */
function userFolder(environment: Environment, variable: string, below: string): string | undefined {
  const [own, home] = [environment[variable], environment.HOME || environment.USERPROFILE];
  if (own !== undefined && isAbsolute(own)) return own;
  return home !== undefined && isAbsolute(home) ? join(home, below) : undefined;
}
