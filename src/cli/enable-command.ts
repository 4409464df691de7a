import { boundedText } from "../diagnostic.ts";
import { type Diagnostic, diagnosticError, PluginError } from "../errors.ts";
import type { GrantRecord } from "../grants/grants.types.ts";
import { grantRequested, permissionLabel, readGrantRecord } from "../grants/plan.ts";
import { renderInspection } from "../inspect/render-text.ts";
import type { Inspection } from "../inspect/report.types.ts";
import type { Surface } from "../manifest/manifest.types.ts";
import type { PluginPackage } from "../package/package.types.ts";
import { enablePlugin } from "../store/store.ts";
import type { EnablementRecord } from "../store/store.types.ts";
import { positionalProblem, textOption } from "./arguments.ts";
import type {
  Command,
  CommandArguments,
  CommandContext,
  ExitCode,
  UsageProblem,
} from "./command.ts";
import { readGrantsFile } from "./grants-file.ts";
import { inertJson } from "./inert-json.ts";
import { wrapText } from "./style.ts";
import { findPackage, readWorkspace, shownPath, workspaceOptions } from "./workspace.ts";

/** `enable`: a record that pins a package and grants it what the user saw. */
export const enableCommand: Command = {
  name: "enable",
  summary: "Enable a package of the stores, pinned, with the grants that you give.",
  parameters: "<ref>",
  options: {
    "grant-requested": {
      type: "boolean",
      help: "Grant what the manifest asks for, its request and websocket targets included.",
    },
    grants: {
      type: "string",
      value: "FILE",
      help: "Grant what the record in FILE says (TOML or JSON).",
    },
    surfaces: {
      type: "string",
      value: "LIST",
      help: "Enable these surfaces only, such as tool,service.",
    },
    yes: { type: "boolean", help: "Do not ask." },
    ...workspaceOptions,
    json: { type: "boolean", help: "Write the result as JSON." },
  },
  details: [
    "Shows what the package asks for and what would be granted, asks, and writes a record with its version and digest. A package whose bytes change is not used until it is enabled again.",
    "Hosts and folders that only you can name (host_api.https, host_api.fs) are granted with --grants. A record in FILE that names no id, version or digest is bound to the package's.",
    "Where the package is enabled already, the new record keeps the old one's surfaces, unless --surfaces is given, and its config.",
  ],
  async run(args, context) {
    const chosen = choices(args);
    if ("usageProblem" in chosen) return chosen;
    const { host, io, progress } = context;
    const { signal } = io;
    const workspace = await readWorkspace(args, context);
    const found = findPackage(chosen.ref, workspace);
    const { source, ref, digest } = found.identity;
    progress.step(`Inspecting ${ref}`);
    const pkg = await host.loadPackage(found.path, { source, signal });
    if (pkg.digest !== digest) throw changedMeanwhile(ref);
    const old = workspace.enablement.enabled.find(({ id }) => id === ref);
    const grants = await readGrants(args, pkg, context);
    const record: EnablementRecord = {
      id: ref,
      version: pkg.identity.version,
      digest,
      surfaces: chosen.surfaces ?? old?.surfaces ?? [],
      grants: grants ?? readGrantRecord({}),
      ...(old?.config === undefined ? {} : { config: old.config }),
    };
    const isGranting = grants !== undefined || pkg.manifest.permissions.length === 0;
    const judged = isGranting ? { grants: record.grants } : {};
    const report = await host.inspect(pkg, { ...judged, surfaces: record.surfaces, signal });
    progress.clear();

    const outcome = await agree({ pkg, report, chosen, isGranting }, context);
    if (outcome !== "agreed") return outcome;
    await enablePlugin(workspace.file, record);
    writeOutcome({ record, old, report, file: workspace.file, isJson: chosen.isJson }, context);
    return 0;
  },
};

interface Choices {
  readonly ref: string;
  readonly surfaces: readonly Surface[] | undefined;
  readonly isAsking: boolean;
  readonly isJson: boolean;
}

function choices(args: CommandArguments): Choices | UsageProblem {
  const problem = positionalProblem(args, ["ref"]);
  if (problem !== undefined) return problem;
  if (args.values.has("grants") && args.values.has("grant-requested")) {
    return { usageProblem: "--grants and --grant-requested exclude each other." };
  }
  const names = textOption(args, "surfaces")?.split(",");
  const surfaces = names?.filter((name) => isSurface(name));
  if (names !== undefined && surfaces?.length !== names.length) {
    return { usageProblem: `--surfaces takes a list of any of ${surfaceNames.join(",")}.` };
  }
  return {
    ref: args.positionals[0] ?? "",
    surfaces,
    isAsking: args.values.get("yes") !== true,
    isJson: args.values.get("json") === true,
  };
}

const surfaceNames = ["hook", "tool", "service", "ingress", "wasm"] as const;

function isSurface(name: string): name is Surface {
  return surfaceNames.some((surface) => surface === name);
}

async function readGrants(
  args: CommandArguments,
  pkg: PluginPackage,
  { io }: CommandContext,
): Promise<GrantRecord | undefined> {
  const { request, websocket } = pkg.manifest;
  if (args.values.get("grant-requested") === true) {
    return grantRequested(pkg, { request, websocket });
  }
  const file = textOption(args, "grants");
  if (file === undefined) return undefined;
  // A binding that is there must be right; one that is not is what the user is asked about now.
  const { ref: id, version, digest } = pkg.identity;
  return readGrantRecord({ id, version, digest, ...(await readGrantsFile(file, io)) });
}

interface Proposal {
  readonly pkg: PluginPackage;
  readonly report: Inspection;
  readonly chosen: Choices;
  /** Whether it is said what to grant, or there is nothing to be said. */
  readonly isGranting: boolean;
}

/** Shows what is asked for and granted, and asks whether that is meant. */
async function agree(
  { pkg, report, chosen, isGranting }: Proposal,
  { io, style, errorStyle }: CommandContext,
): Promise<"agreed" | ExitCode | UsageProblem> {
  const { isAsking, isJson } = chosen;
  if (isAsking || !isJson) {
    const stream = isJson ? io.stderr : io.stdout;
    const width = Math.min(80, stream.columns ?? 80);
    stream.write(renderInspection(report, { style: isJson ? errorStyle : style, width }));
  }
  const refusal = refusalOf(report);
  if (refusal !== undefined) throw diagnosticError(refusal, pkg.identity.ref);
  if (!isGranting) {
    return { usageProblem: "Say what to grant: pass --grant-requested, or --grants FILE." };
  }
  if (!isAsking) return "agreed";
  const { ref, version } = pkg.identity;
  const answer = await io.confirm(boundedText(`Enable ${ref} ${version} as shown?`, 200));
  if (answer === true) return "agreed";
  if (answer === undefined) {
    return { usageProblem: "There is no terminal to ask at. Pass --yes if it is meant as shown." };
  }
  if (isJson) io.stdout.write(inertJson({ command: "enable", status: "declined" }));
  else io.stdout.write("Nothing was changed.\n");
  return 1;
}

/** What no consent can mend: the package is defective, or the grants are for another one. */
function refusalOf({ defective, diagnostics }: Inspection): Diagnostic | undefined {
  return (
    diagnostics.find(({ code }) => code === "grant/binding") ??
    (defective ? diagnostics[0] : undefined)
  );
}

interface Enabled {
  readonly record: EnablementRecord;
  readonly old: EnablementRecord | undefined;
  readonly report: Inspection;
  readonly file: string;
  readonly isJson: boolean;
}

function writeOutcome(
  { record, old, report, file, isJson }: Enabled,
  context: CommandContext,
): void {
  const { io, style } = context;
  const { id, version, digest, surfaces, grants } = record;
  if (isJson) {
    const { diagnostics, status } = report;
    const labels = grants.permissions.map(permissionLabel);
    io.stdout.write(
      inertJson({
        command: "enable",
        status,
        reference: id,
        version,
        digest,
        surfaces,
        configured_grants: labels,
        replaced: old !== undefined,
        file,
        diagnostics,
      }),
    );
    return;
  }
  const what = old === undefined ? "Enabled" : "Enabled anew";
  const text = `${what}: ${id} ${boundedText(version ?? "", 120)}`;
  const place = `  in ${shownPath(file, io.environment)}`;
  const lines = [text, place].flatMap((line) => wrapText(style.plain(line), 80, 5));
  io.stdout.write(`\n${lines.join("\n")}\n`);
}

function changedMeanwhile(ref: string): PluginError {
  return new PluginError({
    code: "package/digest-mismatch",
    phase: "resolution",
    message: `${ref} changed while the stores were read; try again.`,
  });
}
