import { diffInspections } from "../inspect/diff.ts";
import { renderDiff } from "../inspect/render-diff.ts";
import type { Inspection } from "../inspect/report.types.ts";
import { parsePackageRef } from "../package/load-package.ts";
import { positionalProblem } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { inertJson } from "./inert-json.ts";
import { findPackage, readWorkspace, type Workspace, workspaceOptions } from "./workspace.ts";

/** `diff`: what a new version of a package asks for that the old one did not. */
export const diffCommand: Command = {
  name: "diff",
  summary: "Compare two packages: what the second asks for that the first did not.",
  parameters: "<before> <after>",
  options: {
    ...workspaceOptions,
    json: { type: "boolean", help: "Write the difference as JSON." },
  },
  details: [
    "Each is a .yoi-plugin file, a folder that holds plugin.toml, or a reference such as user:example.echo.",
  ],
  async run(args, context) {
    const problem = positionalProblem(args, ["before", "after"]);
    if (problem !== undefined) return problem;
    const [before = "", after = ""] = args.positionals;
    const workspace = [before, after].some(isReference)
      ? await readWorkspace(args, context)
      : undefined;
    const reports = [
      await report(before, workspace, context),
      await report(after, workspace, context),
    ] as const;
    const { io, style, progress } = context;
    progress.clear();
    const diff = diffInspections(...reports);
    const width = Math.min(80, io.stdout.columns ?? 80);
    io.stdout.write(
      args.values.get("json") === true ? inertJson(diff) : renderDiff(diff, { style, width }),
    );
    return 0;
  },
};

function isReference(text: string): boolean {
  return parsePackageRef(text).ok;
}

async function report(
  text: string,
  workspace: Workspace | undefined,
  { host, io, progress }: CommandContext,
): Promise<Inspection> {
  const isRef = workspace !== undefined && isReference(text);
  const found = isRef ? findPackage(text, workspace) : undefined;
  progress.step("Inspecting the packages");
  const pkg = await host.loadPackage(found?.path ?? text, {
    ...(found === undefined ? {} : { source: found.identity.source }),
    signal: io.signal,
  });
  return host.inspect(pkg, { signal: io.signal });
}
