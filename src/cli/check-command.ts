import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { boundedText } from "../diagnostic.ts";
import { type Diagnostic, isPluginError } from "../errors.ts";
import type { GrantRecord } from "../grants/grants.types.ts";
import { grantRequested, permissionLabel, targetLabel } from "../grants/plan.ts";
import type { Inspection } from "../inspect/report.types.ts";
import { cliLimits } from "../limits.ts";
import type { HostApiName, Manifest } from "../manifest/manifest.types.ts";
import type { PluginPackage } from "../package/package.types.ts";
import { positionalProblem } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { inertJson } from "./inert-json.ts";
import { type PackageSummary, packageSummary, safety } from "./package-summary.ts";
import { type Style, wrapText } from "./style.ts";

/** `check`: what an author wants to know before the package is given to others. */
export const checkCommand: Command = {
  name: "check",
  summary: "Check a package before you give it to others, and see what must be granted to it.",
  parameters: "<folder-or-package>",
  options: {
    json: { type: "boolean", help: "Write the result as JSON." },
  },
  details: [
    "active: with everything granted that it asks for, all of it can be used. partial: some of it never can. rejected: none of it; the command then ends with 1.",
    "Nothing of the package is run. Its artifact is read, and its real imports and exports are compared with the manifest.",
  ],
  async run(args, context) {
    const problem = positionalProblem(args, ["folder-or-package"]);
    if (problem !== undefined) return problem;
    const [source = ""] = args.positionals;
    context.progress.step("Checking the package");
    const result = await check(source, context);
    context.progress.clear();
    if (args.values.get("json") === true) context.io.stdout.write(inertJson(result));
    else writeResult(result, context);
    return result.status === "rejected" ? 1 : 0;
  },
};

interface CheckResult {
  readonly command: "check";
  readonly status: Inspection["status"];
  readonly input_path: string;
  readonly input_kind: "directory" | "package";
  readonly package: PackageSummary | null;
  readonly diagnostics: readonly Diagnostic[];
  readonly static_inspection: {
    readonly status: Inspection["status"];
    readonly diagnostics: number;
  } | null;
  /** What a host has to grant before all of it can be used. */
  readonly must_grant: readonly string[];
  readonly safety: typeof safety;
  readonly next_steps: readonly string[];
}

async function check(source: string, { host, io }: CommandContext): Promise<CheckResult> {
  const made = {
    command: "check",
    input_path: source,
    input_kind: (await isFolder(source)) ? "directory" : "package",
    safety,
  } as const;
  let pkg: PluginPackage;
  try {
    pkg = await host.loadPackage(source, { signal: io.signal });
  } catch (error) {
    if (!isDefect(error)) throw error;
    const { code, phase, message } = error;
    return {
      ...made,
      status: "rejected",
      package: null,
      diagnostics: [{ code, phase, message }],
      static_inspection: null,
      must_grant: [],
      next_steps: ["Mend the problem, then check again."],
    };
  }
  const report = await host.inspect(pkg, { grants: everythingAsked(pkg), signal: io.signal });
  const diagnostics = [...report.diagnostics, ...deadTargets(report)];
  return {
    ...made,
    status: report.status,
    package: packageSummary(pkg, resolve(source)),
    diagnostics,
    static_inspection: { status: report.status, diagnostics: diagnostics.length },
    must_grant: mustGrant(pkg.manifest),
    next_steps: nextSteps(report.status, made.input_kind, source),
  };
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** Whether the package is at fault, not the path that leads to it. */
function isDefect(error: unknown): error is Diagnostic {
  return (
    isPluginError(error) &&
    /^(?:archive|manifest)\//u.test(error.code) &&
    error.code !== "archive/io"
  );
}

/**
 * A record that grants all that is asked for. Where a host alone can name targets, any target shows
 * whether the rest is in order.
 */
function everythingAsked(pkg: PluginPackage): GrantRecord {
  const { manifest } = pkg;
  return grantRequested(pkg, {
    request: manifest.request,
    websocket: manifest.websocket,
    https: asksFor(manifest, "https") ? [{ host: "host.invalid", methods: ["GET"] }] : [],
    fs: asksFor(manifest, "fs") ? [{ root: "/", operations: ["read"] }] : [],
  });
}

function asksFor({ permissions }: Manifest, api: HostApiName): boolean {
  return permissions.some((each) => each.kind === "host_api" && each.api === api);
}

/** Declared targets that can match nothing: no grant makes them useful. */
function deadTargets({ targets }: Inspection): readonly Diagnostic[] {
  return targets
    .filter(({ side, eligible }) => side === "manifest" && !eligible)
    .map(({ permission, diagnostic }) => ({
      code: "grant/denied",
      phase: "inspection",
      message: boundedText(`${permission}: ${diagnostic}`, 512),
    }));
}

function mustGrant(manifest: Manifest): readonly string[] {
  const { permissions, request, websocket } = manifest;
  return [
    ...permissions.map(permissionLabel),
    ...request.map((target) => `host_api.request target ${targetLabel("request", target)}`),
    ...websocket.map((target) => `host_api.websocket target ${targetLabel("websocket", target)}`),
    ...(asksFor(manifest, "https") ? ["host_api.https targets that the host chooses"] : []),
    ...(asksFor(manifest, "fs") ? ["host_api.fs folders that the host chooses"] : []),
  ];
}

function nextSteps(
  status: Inspection["status"],
  kind: CheckResult["input_kind"],
  source: string,
): readonly string[] {
  if (status === "rejected") return ["Mend the problems, then check again."];
  const mend = status === "partial" ? ["Mend what can't be used, or leave it out."] : [];
  const folder = boundedText(source, 120);
  return kind === "directory"
    ? [...mend, `Pack it: yoi-plugin pack ${folder}`]
    : [...mend, "Put it into a store, then enable it: yoi-plugin enable <ref>"];
}

function writeResult(result: CheckResult, { io, style }: CommandContext): void {
  const { status, package: pkg, diagnostics } = result;
  const title = pkg === null ? result.input_path : `${pkg.reference} ${pkg.version}`;
  const lines = [
    `${marked(status, style)}  ${style.bold(boundedText(style.plain(title), 66))}`,
    ...(pkg === null ? [] : wrapText(`  ${pkg.digest}`, 80, 2)),
    ...section("Must be granted", result.must_grant, style),
    ...section(
      "Problems",
      diagnostics.map(({ code, message }) => `${code}: ${message}`),
      style,
    ),
    ...section("Next", result.next_steps, style),
  ];
  io.stdout.write(`${lines.join("\n")}\n`);
}

function marked(status: Inspection["status"], style: Style): string {
  if (status === "active") return style.green(status);
  return status === "rejected" ? style.red(status) : style.yellow(status);
}

function section(title: string, texts: readonly string[], style: Style): readonly string[] {
  if (texts.length === 0) return [];
  const most = cliLimits.listedItems.default;
  const shown = texts.slice(0, most);
  const more = texts.length > most ? [`and ${texts.length - most} more; --json has them all`] : [];
  return [
    "",
    style.bold(title),
    ...[...shown, ...more].flatMap((text) =>
      wrapText(`  ${style.plain(boundedText(text, 512))}`, 80, 4),
    ),
  ];
}
