import { dirname, join, resolve, sep } from "node:path";
import { boundedText } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";
import {
  defaultStores,
  discoverPackages,
  enablementFile,
  readEnablementFile,
  resolvePlugins,
} from "../store/store.ts";
import type {
  DiscoveredPackage,
  Discovery,
  Enablement,
  EnablementRecord,
  PluginPlan,
} from "../store/store.types.ts";
import { textOption } from "./arguments.ts";
import type { CommandArguments, CommandContext, CommandOption } from "./command.ts";

/** Options of every command that works with stores and enablement records. */
export const workspaceOptions: Readonly<Record<string, CommandOption>> = {
  workspace: {
    type: "string",
    value: "DIR",
    help: "The workspace whose .yoi/plugins is the project's store (default: this folder).",
  },
  enablement: {
    type: "string",
    value: "FILE",
    help: "The enablement records (default: a file of the user's own for the workspace).",
  },
};

/** What the stores of a workspace hold and what of it is enabled. */
export interface Workspace {
  readonly folder: string;
  /** The file of the enablement records; it may be missing. */
  readonly file: string;
  readonly discovery: Discovery;
  readonly enablement: Enablement;
  readonly plan: PluginPlan;
}

/**
 * Looks at the stores and the enablement records; nothing of a package is run.
 *
 * @throws PluginError `options/invalid` when nothing says where the records are or they are malformed.
 */
export async function readWorkspace(
  args: CommandArguments,
  { io, progress }: Pick<CommandContext, "io" | "progress">,
): Promise<Workspace> {
  const folder = resolve(textOption(args, "workspace") ?? ".");
  const { environment, signal } = io;
  const file = await recordsFile(args, folder, environment);
  progress.step("Looking into the stores");
  const stores = defaultStores({ workspace: folder, environment });
  const discovery = await discoverPackages({ stores, signal });
  const enablement = await readEnablementFile(file);
  const plan = resolvePlugins(enablement, discovery);
  progress.clear();
  return { folder, file, discovery, enablement, plan };
}

async function recordsFile(
  args: CommandArguments,
  folder: string,
  environment: CommandContext["io"]["environment"],
): Promise<string> {
  const given = textOption(args, "enablement");
  const file = given === undefined ? await enablementFile(folder, environment) : resolve(given);
  if (file !== undefined) return file;
  throw new PluginError({
    code: "options/invalid",
    phase: "options",
    message: "Nothing says where your configuration is: set HOME, or pass --enablement FILE.",
  });
}

/**
 * Finds the one package of the stores that a reference means.
 *
 * @param text A reference, or an id that one source alone has.
 * @throws PluginError `package/missing`, `package/duplicate` or `package/ambiguous`.
 */
export function findPackage(text: string, { discovery }: Workspace): DiscoveredPackage {
  const found = discovery.packages.filter(({ identity }) => isMeant(text, identity));
  const [first] = found;
  const refs = [...new Set(found.map(({ identity }) => identity.ref))];
  if (first !== undefined && found.length === 1) return first;
  if (first !== undefined) refuseSeveral(text, refs, found.length);
  const refused = discovery.diagnostics.find(
    ({ ref }) => ref !== undefined && isMeant(text, { ref, id: ref.slice(ref.indexOf(":") + 1) }),
  );
  return refuse(
    "package/missing",
    refused === undefined
      ? `No package in the stores is ${shown(text)}.`
      : `The package ${shown(text)} is refused: ${refused.code}. ${refused.message}`,
  );
}

/**
 * Finds the one enablement record that a reference means.
 *
 * @param text A reference, or an id that one record alone has.
 * @throws PluginError `package/missing` or `package/ambiguous`.
 */
export function findRecord(text: string, { enablement }: Workspace): EnablementRecord {
  const found = enablement.enabled.filter(({ id }) =>
    isMeant(text, { ref: id, id: id.slice(id.indexOf(":") + 1) }),
  );
  const [first] = found;
  const ids = [...new Set(found.map(({ id }) => id))];
  if (first === undefined) return refuse("package/missing", `${shown(text)} is not enabled.`);
  return ids.length === 1 ? first : refuseSeveral(text, ids, found.length);
}

/** Whether a text is a reference, or its part that a package calls itself. */
function isMeant(
  text: string,
  { ref, id }: { readonly ref: string; readonly id: string },
): boolean {
  return text === ref || text === id;
}

/** Refuses a reference that several things answer to. */
function refuseSeveral(text: string, refs: readonly string[], count: number): never {
  if (refs.length === 1) {
    refuse("package/duplicate", `${count} packages are ${shown(text)}; keep one of them.`);
  }
  refuse("package/ambiguous", `${shown(text)} may be ${refs.map(shown).join(" or ")}; say which.`);
}

/** Where a workspace's lock file is unless said otherwise: beside its records. */
export function lockFileOf({ file }: Pick<Workspace, "file">): string {
  const name = file.slice(dirname(file).length + 1).replace(/\.toml$/u, "");
  return join(dirname(file), `${name}.lock.json`);
}

/** A path as people read it: their home is `~`. */
export function shownPath(
  path: string,
  { HOME: home }: CommandContext["io"]["environment"],
): string {
  const isInHome = home !== undefined && home.length > 1 && path.startsWith(home + sep);
  return isInHome ? `~${path.slice(home.length)}` : path;
}

function refuse(
  code: "package/missing" | "package/duplicate" | "package/ambiguous",
  message: string,
): never {
  throw new PluginError({ code, phase: "resolution", message });
}

function shown(text: string): string {
  return boundedText(text, 120);
}
