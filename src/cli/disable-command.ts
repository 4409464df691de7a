import { disablePlugin } from "../store/store.ts";
import { positionalProblem } from "./arguments.ts";
import type { Command } from "./command.ts";
import { inertJson } from "./inert-json.ts";
import { wrapText } from "./style.ts";
import { findRecord, readWorkspace, shownPath, workspaceOptions } from "./workspace.ts";

/** `disable`: an enablement record and its grants are gone. */
export const disableCommand: Command = {
  name: "disable",
  summary: "Take back that a package is enabled, and its grants.",
  parameters: "<ref>",
  options: {
    ...workspaceOptions,
    json: { type: "boolean", help: "Write the result as JSON." },
  },
  details: ["<ref> is a reference as `yoi-plugin list` shows it, or an id that is enabled once."],
  async run(args, context) {
    const problem = positionalProblem(args, ["ref"]);
    if (problem !== undefined) return problem;
    const { io, style } = context;
    const workspace = await readWorkspace(args, context);
    const { id } = findRecord(args.positionals[0] ?? "", workspace);
    await disablePlugin(workspace.file, id);
    if (args.values.get("json") === true) {
      const { file } = workspace;
      io.stdout.write(inertJson({ command: "disable", status: "disabled", reference: id, file }));
    } else {
      const place = `  in ${shownPath(workspace.file, io.environment)}`;
      const lines = [`Disabled: ${id}`, place].flatMap((line) =>
        wrapText(style.plain(line), 80, 5),
      );
      io.stdout.write(`${lines.join("\n")}\n`);
    }
    return 0;
  },
};
