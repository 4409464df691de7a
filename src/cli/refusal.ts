import { boundedText, quoteName } from "../diagnostic.ts";
import { type Diagnostic, isPluginError, type PluginError } from "../errors.ts";
import { permissionLabel, targetLabel } from "../grants/plan.ts";
import { cliLimits } from "../limits.ts";
import type { PluginPackage } from "../package/package.types.ts";
import type { CommandContext } from "./command.ts";
import { inertJson } from "./inert-json.ts";
import { writeError } from "./report-error.ts";
import { wrapText } from "./style.ts";

type Output = Pick<CommandContext, "io" | "errorStyle">;

/** Says whether what was thrown tells of a grant that is missing or bound to another package. */
export function isDenial(thrown: unknown): thrown is PluginError {
  return isPluginError(thrown) && thrown.code.startsWith("grant/");
}

/** Writes why something was denied, what the plugin asks for, and how to grant it. */
export function writeDenial(
  pkg: PluginPackage,
  denial: Diagnostic,
  context: Output,
  isJson: boolean,
): void {
  const { code, phase, message } = denial;
  if (isJson) {
    context.io.stdout.write(inertJson({ error: { code, phase, message } }));
    return;
  }
  writeError(context, code, message);
  const asked = askedFor(pkg);
  const { ref } = pkg.identity;
  const lines =
    asked.length === 0
      ? [`  ${ref} asks for nothing, so nothing of it can be granted.`]
      : [
          `  ${ref} asks for:`,
          ...asked.map((line) => `    ${line}`),
          "  Pass --grant-requested to grant all of it, or --grants FILE with a choice.",
        ];
  writeLines(lines, context);
}

/** Writes that a package has no tool of a name, and which it has. */
export function writeUnknownTool(
  pkg: PluginPackage,
  name: string,
  context: Output,
  isJson: boolean,
): void {
  const code = "registry/unknown-tool";
  const message = `${pkg.identity.ref} has no tool named ${quoteName(name)}.`;
  if (isJson) {
    context.io.stdout.write(inertJson({ error: { code, phase: "execution", message } }));
    return;
  }
  writeError(context, code, message);
  const { tools } = pkg.manifest;
  const lines = tools.map((tool) => `    ${quoteName(tool.name)} ${tool.description}`);
  writeLines(
    tools.length === 0 ? ["  It has no tools."] : ["  Its tools:", ...shortened(lines)],
    context,
  );
}

/** What the manifest asks for, one line each: permissions, then targets. */
function askedFor({ manifest }: PluginPackage): string[] {
  return shortened([
    ...manifest.permissions.map((permission) => permissionLabel(permission)),
    ...manifest.request.map((target) => `request ${targetLabel("request", target)}`),
    ...manifest.websocket.map((target) => `websocket ${targetLabel("websocket", target)}`),
  ]);
}

function shortened(lines: readonly string[]): string[] {
  const most = cliLimits.listedItems.default;
  const shown = lines.slice(0, most).map((line) => boundedText(line, 240));
  return lines.length > most ? [...shown, `and ${lines.length - most} more`] : shown;
}

function writeLines(lines: readonly string[], { io, errorStyle }: Output): void {
  for (const line of lines) {
    for (const part of wrapText(errorStyle.plain(line), 80, 6)) io.stderr.write(`${part}\n`);
  }
}
