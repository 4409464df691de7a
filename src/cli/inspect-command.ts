import { renderInspection } from "../inspect/render-text.ts";
import { positionalProblem, textOption } from "./arguments.ts";
import type { Command } from "./command.ts";
import { readGrantsFile } from "./grants-file.ts";
import { inertJson } from "./inert-json.ts";

/** `inspect`: what a package is and asks for, and whether its artifact is what it says. */
export const inspectCommand: Command = {
  name: "inspect",
  summary: "Show what a package is and what it asks for. Nothing of it is run.",
  parameters: "<package>",
  options: {
    grants: {
      type: "string",
      value: "FILE",
      help: "Judge by the grant record in FILE (TOML or JSON).",
    },
    json: { type: "boolean", help: "Write the report as JSON." },
  },
  details: [
    "<package> is a .yoi-plugin file, or a folder that holds plugin.toml.",
    "Ends with 1 when the package is rejected; the report, written all the same, says why.",
  ],
  async run(args, { host, io, progress, style }) {
    const problem = positionalProblem(args, ["package"]);
    if (problem !== undefined) return problem;
    const [source = ""] = args.positionals;

    progress.step("Inspecting the package");
    const file = textOption(args, "grants");
    const grants = file === undefined ? {} : { grants: await readGrantsFile(file, io) };
    const report = await host.inspect(source, grants);
    progress.clear();
    if (args.values.get("json") === true) io.stdout.write(inertJson(report));
    else {
      const width = Math.min(80, io.stdout.columns ?? 80);
      io.stdout.write(renderInspection(report, { style, width }));
    }
    return report.status === "rejected" ? 1 : 0;
  },
};
