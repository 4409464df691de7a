import { boundedText } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";
import { renderInspection } from "../inspect/render-text.ts";
import { inspectionLimits } from "../limits.ts";
import { positionalProblem } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { inertJson } from "./inert-json.ts";
import { statusMark } from "./list-command.ts";
import type { ListedPlugin } from "./listed-item.ts";
import { type ListedReport, listPlugins, type Named } from "./listed-plugin.ts";
import { wrapText } from "./style.ts";
import { readWorkspace, shownPath, workspaceOptions } from "./workspace.ts";

/** `show`: everything about one package of the stores, or one enablement record. */
export const showCommand: Command = {
  name: "show",
  summary: "Show one package of the stores: what it asks for, what is granted, what is wrong.",
  parameters: "<ref>",
  options: {
    ...workspaceOptions,
    json: { type: "boolean", help: "Write it as JSON." },
  },
  details: [
    "<ref> is a reference such as project:example.echo, an id that only one source has, or a package's file name.",
  ],
  async run(args, context) {
    const problem = positionalProblem(args, ["ref"]);
    if (problem !== undefined) return problem;
    const [text = ""] = args.positionals;
    const workspace = await readWorkspace(args, context);
    const found = await listPlugins(workspace, context, (named) => isMeant(text, named));
    context.progress.clear();
    const one = onlyOne(text, found);
    if (args.values.get("json") === true) context.io.stdout.write(inertJson(one.item));
    else writeItem(one, context);
    return 0;
  },
};

function isMeant(text: string, { ref, package: label }: Named): boolean {
  if (text === label || text === ref) return true;
  return ref !== undefined && text === ref.slice(ref.indexOf(":") + 1);
}

function onlyOne(text: string, found: readonly ListedReport[]): ListedReport {
  const [first] = found;
  const name = boundedText(text, 120);
  if (first === undefined) {
    return refuse("package/missing", `No package in the stores is ${name}, and none is enabled.`);
  }
  if (found.length === 1) return first;
  const refs = [...new Set(found.map(({ item }) => item.reference ?? item.package))];
  if (refs.length > 1) {
    return refuse("package/ambiguous", `${name} may be ${refs.join(" or ")}; say which.`);
  }
  const files = found.map(({ item }) => item.package).join(" or ");
  return refuse("package/duplicate", `${found.length} packages are ${name}; say which: ${files}.`);
}

function refuse(
  code: "package/missing" | "package/ambiguous" | "package/duplicate",
  message: string,
): never {
  throw new PluginError({ code, phase: "resolution", message });
}

function writeItem({ item, report }: ListedReport, context: CommandContext): void {
  const { io, style } = context;
  const width = Math.min(80, io.stdout.columns ?? 80);
  const head = [item.reference ?? item.package ?? "a package", item.version ?? ""].join(" ").trim();
  const lines = [
    `${statusMark(item.status, style)(item.status)}  ${style.bold(boundedText(head, 66))}`,
    ...facts(item, io.environment).flatMap((fact) =>
      wrapText(`  ${style.plain(boundedText(fact, factBytes))}`, width, 4),
    ),
  ];
  // What an inspection found is in its own text.
  const told = new Set(report?.diagnostics.map(({ message }) => message));
  const own = item.diagnostics.filter(({ message }) => !told.has(message));
  for (const { code, message } of own) {
    lines.push(`  ${style.red(code)}`, ...wrapText(`    ${style.plain(message)}`, width, 4));
  }
  io.stdout.write(`${lines.join("\n")}\n`);
  if (report !== undefined) io.stdout.write(`\n${renderInspection(report, { style, width })}`);
}

const factBytes = inspectionLimits.paragraphBytes.default;

function facts(
  item: ListedPlugin,
  environment: CommandContext["io"]["environment"],
): readonly string[] {
  const { package_path: path, configured, resolved, enabled_surfaces: surfaces } = item;
  const granted = [
    ...item.configured_grants,
    ...item.configured_request_grants.map((label) => `host_api.request ${label}`),
    ...item.configured_websocket_grants.map((label) => `host_api.websocket ${label}`),
    ...item.configured_https_grants.map((label) => `host_api.https ${label}`),
    ...item.configured_fs_grants.map((label) => `host_api.fs ${label}`),
  ];
  const enabled = surfaces.length === 0 ? "enabled" : `enabled: ${surfaces.join(", ")}`;
  return [
    ...(path === null ? [] : [`in ${shownPath(path, environment)}`]),
    configured ? (resolved ? enabled : "enabled, and not usable as it is") : "not enabled",
    ...(configured ? [`grants: ${granted.length === 0 ? "none" : granted.join("; ")}`] : []),
  ];
}
