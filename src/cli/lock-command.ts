import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { encodeUtf8 } from "../bytes.ts";
import { boundedText } from "../diagnostic.ts";
import { isPluginError, PluginError } from "../errors.ts";
import { recordLimits } from "../limits.ts";
import {
  cacheFolder,
  createPackageCache,
  openPlugins,
  planText,
  readPlan,
  readStoredFile,
  writeStoredFile,
} from "../store/store.ts";
import type { PluginPlan, ResolvedPlugin, StoreDiagnostic } from "../store/store.types.ts";
import { positionalProblem, textOption } from "./arguments.ts";
import type { Command, CommandArguments, CommandContext } from "./command.ts";
import { inertJson } from "./inert-json.ts";
import { type Style, wrapText } from "./style.ts";
import { lockFileOf, readWorkspace, shownPath, workspaceOptions } from "./workspace.ts";

/** `lock`: a file with exactly what is enabled now, for restoring the same later. */
export const lockCommand: Command = {
  name: "lock",
  summary: "Write down exactly which packages are enabled, and keep them in the cache.",
  parameters: "",
  options: {
    output: {
      type: "string",
      value: "FILE",
      help: "The lock file (default: beside the enablement records).",
    },
    check: {
      type: "boolean",
      help: "Write nothing; end with 1 when the lock file is out of date.",
    },
    ...workspaceOptions,
    json: { type: "boolean", help: "Write the result as JSON." },
  },
  details: [
    "A host that opens the lock file's plan gets the same packages, also when the stores have newer ones by then.",
    "Nothing is written when a package that is enabled can't be used.",
  ],
  async run(args, context) {
    const problem = positionalProblem(args, []);
    if (problem !== undefined) return problem;
    const { progress } = context;
    const workspace = await readWorkspace(args, context);
    const file = resolve(textOption(args, "output") ?? lockFileOf(workspace));
    const isCheck = args.values.get("check") === true;
    const old = await readLock(file);
    const { plan } = workspace;
    const isSame = old !== undefined && isDeepStrictEqual(pinsOf(old), pinsOf(plan));
    let diagnostics = plan.diagnostics;
    if (diagnostics.length === 0 && !isCheck) {
      progress.step("Keeping the packages in the cache");
      diagnostics = await keepInCache(plan, context);
    }
    const isWhole = diagnostics.length === 0;
    if (isWhole && !isCheck) {
      await writeStoredFile(file, encodeUtf8(planText(plan)), { file: 0o600, folder: 0o700 });
    }
    progress.clear();
    const status = statusOf(isWhole, isCheck, isSame);
    writeResult({ status, file, plan, diagnostics }, args, context);
    return status === "rejected" || status === "outdated" ? 1 : 0;
  },
};

type LockStatus = "locked" | "unchanged" | "outdated" | "rejected";

function statusOf(isWhole: boolean, isCheck: boolean, isSame: boolean): LockStatus {
  if (!isWhole) return "rejected";
  if (isSame) return "unchanged";
  return isCheck ? "outdated" : "locked";
}

/** What decides whether a lock file still says the same: not where packages lay. */
function pinsOf(plan: PluginPlan): unknown {
  return plan.resolved.map(({ identity, surfaces, grants, config }) => ({
    identity,
    surfaces,
    grants,
    config,
  }));
}

async function readLock(file: string): Promise<PluginPlan | undefined> {
  const reading = await readStoredFile(file, { maxBytes: recordLimits.planBytes.default });
  const name = `The lock file ${boundedText(file, 200)}`;
  if (reading.ok) return lockedPlan(reading.bytes, name);
  const { kind, reason } = reading.problem;
  if (kind === "missing") return undefined;
  throw new PluginError({
    code: "store/io",
    phase: "discovery",
    message: `${name} ${reason}.`,
  });
}

/** A file that is something else is not overwritten. */
function lockedPlan(bytes: Uint8Array, name: string): PluginPlan {
  try {
    return readPlan(bytes);
  } catch (error) {
    if (!isPluginError(error)) throw error;
    const { code, phase, message } = error;
    throw new PluginError({ code, phase, message: `${name} is none; remove it first. ${message}` });
  }
}

async function keepInCache(
  plan: PluginPlan,
  { io }: CommandContext,
): Promise<readonly StoreDiagnostic[]> {
  const folder = cacheFolder(io.environment);
  if (folder === undefined) {
    throw new PluginError({
      code: "options/invalid",
      phase: "options",
      message: "Nothing says where your cache is: set HOME or XDG_CACHE_HOME.",
    });
  }
  const cache = createPackageCache({ folder });
  const diagnostics: StoreDiagnostic[] = [];
  try {
    for (const resolved of plan.resolved) {
      // One at a time, since opened packages are held in memory.
      const one = { ...plan, resolved: [resolved] };
      diagnostics.push(...(await openPlugins(one, { cache, signal: io.signal })).diagnostics);
    }
  } finally {
    await cache.close();
  }
  return diagnostics;
}

interface LockResult {
  readonly status: LockStatus;
  readonly file: string;
  readonly plan: PluginPlan;
  readonly diagnostics: readonly StoreDiagnostic[];
}

function writeResult(
  { status, file, plan, diagnostics }: LockResult,
  args: CommandArguments,
  { io, style }: CommandContext,
): void {
  if (args.values.get("json") === true) {
    const resolved = plan.resolved.map(({ identity: { ref, version, digest } }) => ({
      reference: ref,
      version,
      digest,
    }));
    io.stdout.write(inertJson({ command: "lock", status, file, resolved, diagnostics }));
    return;
  }
  const lines = [
    ...wrapText(sentences[status]),
    ...wrapText(style.plain(`  in ${shownPath(file, io.environment)}`), 80, 5),
    ...plan.resolved.flatMap((each) => resolvedLines(each, style)),
    ...diagnostics.flatMap(({ code, message }) => [
      `  ${style.red(code)}`,
      ...wrapText(`    ${style.plain(message)}`, 80, 4),
    ]),
  ];
  io.stdout.write(`${lines.join("\n")}\n`);
}

const sentences: Readonly<Record<LockStatus, string>> = {
  locked: "Locked.",
  unchanged: "Nothing has changed since it was locked.",
  outdated: "Something has changed since it was locked.",
  rejected: "A package that is enabled can't be used, so there is nothing to lock.",
};

function resolvedLines({ identity: { ref, version, digest } }: ResolvedPlugin, style: Style) {
  const head = wrapText(`  ${style.plain(`${ref} ${boundedText(version, 120)}`)}`, 80, 4);
  return [...head, ...wrapText(`    ${digest}`, 80, 4)];
}
