import { resolve } from "node:path";
import { boundedText } from "../diagnostic.ts";
import { writeStoredFile } from "../store/store.ts";
import { positionalProblem, textOption } from "./arguments.ts";
import type { Command } from "./command.ts";
import { inertJson } from "./inert-json.ts";
import { packageSummary, safety } from "./package-summary.ts";
import { wrapText } from "./style.ts";
import { shownPath } from "./workspace.ts";

/** What is made for others has the process's own modes. */
const modes = { file: 0o666, folder: 0o777 };

/** `pack`: one file of a folder, the same bytes every time. */
export const packCommand: Command = {
  name: "pack",
  summary: "Pack a folder into a .yoi-plugin file, the same bytes every time.",
  parameters: "<folder>",
  options: {
    output: { type: "string", value: "FILE", help: "The file (default: <folder>.yoi-plugin)." },
    json: { type: "boolean", help: "Write the result as JSON." },
  },
  details: [
    "Left out are .git, node_modules, target, dist, *.yoi-plugin and what a .yoiignore in the folder names, in gitignore's syntax.",
    "The manifest is checked first; a package that would be refused is not written. `yoi-plugin check` looks at the artifact too.",
  ],
  async run(args, { host, io, progress, style }) {
    const problem = positionalProblem(args, ["folder"]);
    if (problem !== undefined) return problem;
    const folder = resolve(args.positionals[0] ?? "");
    const output = resolve(textOption(args, "output") ?? `${folder}.yoi-plugin`);
    const { signal } = io;
    progress.step("Packing");
    const bytes = await host.packPackage(folder, { signal });
    const pkg = await host.loadPackage(bytes, { signal });
    await writeStoredFile(output, bytes, modes);
    progress.clear();
    if (args.values.get("json") === true) {
      io.stdout.write(
        inertJson({
          command: "pack",
          status: "packed",
          input_path: folder,
          output_path: output,
          package: packageSummary(pkg, output),
          safety,
        }),
      );
      return 0;
    }
    const { ref, version, digest } = pkg.identity;
    const lines = [
      `${style.green("packed")}  ${style.bold(boundedText(`${ref} ${version}`, 66))}`,
      ...[
        digest,
        `${pkg.files.size} files, ${bytes.length} bytes`,
        `in ${shownPath(output, io.environment)}`,
      ].flatMap((fact) => wrapText(`  ${style.plain(fact)}`, 80, 5)),
    ];
    io.stdout.write(`${lines.join("\n")}\n`);
    return 0;
  },
};
