import { boundedText } from "../diagnostic.ts";
import { cliLimits } from "../limits.ts";
import { positionalProblem } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { inertJson } from "./inert-json.ts";
import type { ListedPlugin, ListedStatus } from "./listed-item.ts";
import { listPlugins } from "./listed-plugin.ts";
import { type Style, wrapText } from "./style.ts";
import { readWorkspace, type Workspace, workspaceOptions } from "./workspace.ts";

/** `list`: every package of the stores and what it may do. */
export const listCommand: Command = {
  name: "list",
  summary: "List the packages of the stores and what is enabled. Nothing of them is run.",
  parameters: "",
  options: {
    ...workspaceOptions,
    json: { type: "boolean", help: "Write the list as JSON." },
  },
  details: [
    "active: everything that is enabled can be used. partial: some of it. disabled: not enabled. rejected: it can't be used, and the list says why. missing: enabled, and not in the stores.",
  ],
  async run(args, context) {
    const problem = positionalProblem(args, []);
    if (problem !== undefined) return problem;
    const workspace = await readWorkspace(args, context);
    const items = (await listPlugins(workspace, context)).map(({ item }) => item);
    context.progress.clear();
    if (args.values.get("json") === true) {
      const { folder, file, discovery } = workspace;
      const diagnostics = discovery.diagnostics.filter((each) => each.package === undefined);
      context.io.stdout.write(
        inertJson({ workspace: folder, enablement: file, items, diagnostics }),
      );
    } else writeList(items, workspace, context);
    return 0;
  },
};

function writeList(
  items: readonly ListedPlugin[],
  { discovery }: Workspace,
  { io, style }: CommandContext,
): void {
  const most = cliLimits.listedPackages.default;
  const lines = items.slice(0, most).flatMap((item) => itemLines(item, style));
  if (items.length > most) lines.push(`and ${items.length - most} more; --json has them all`);
  if (items.length === 0) {
    lines.push("No packages are in the stores. Put .yoi-plugin files into .yoi/plugins.");
  }
  const own = discovery.diagnostics.filter(({ package: label, ref }) => !label && !ref);
  lines.push(...own.flatMap(({ code, message }) => wrapText(style.plain(`${code}: ${message}`))));
  io.stdout.write(`${lines.join("\n")}\n`);
}

/** Where the text of an item begins, in columns. */
const indent = 10;

function itemLines(item: ListedPlugin, style: Style): string[] {
  const { status, reference, version, package: label, tools, diagnostics } = item;
  const name = [reference ?? label ?? "a package", version ?? ""].join(" ").trim();
  const [head = "", ...rest] = wrapText(
    status.padEnd(indent) + boundedText(style.plain(name), cliLimits.listedTextBytes.default),
    80,
    indent,
  );
  const lines = [statusMark(status, style)(status) + head.slice(status.length), ...rest];
  const usable = tools.filter(({ eligible }) => eligible).map((tool) => tool.name);
  if (usable.length > 0) lines.push(...below(`tools: ${usable.join(", ")}`, style));
  const shownProblems = status === "disabled" && item.static_eligible ? [] : diagnostics;
  const most = cliLimits.listedProblems.default;
  for (const { code, message } of shownProblems.slice(0, most)) {
    lines.push(...below(`${code}: ${message}`, style));
  }
  if (shownProblems.length > most) {
    lines.push(...below(`and ${shownProblems.length - most} more; \`show\` has them`, style));
  }
  return lines;
}

function below(text: string, style: Style): string[] {
  const plain = boundedText(style.plain(text), cliLimits.listedTextBytes.default);
  return wrapText(" ".repeat(indent) + plain, 80, indent).map(style.dim);
}

/** How a status is marked. */
export function statusMark(status: ListedStatus, style: Style): (text: string) => string {
  const marks = {
    active: style.green,
    partial: style.yellow,
    disabled: style.dim,
    rejected: style.red,
    missing: style.red,
  };
  return marks[status];
}
