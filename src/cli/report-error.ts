import { boundedText, thrownText } from "../diagnostic.ts";
import { type ErrorCode, isPluginError } from "../errors.ts";
import type { CommandContext } from "./command.ts";
import { inertJson } from "./inert-json.ts";
import { wrapText } from "./style.ts";

/** What to do about an error, by code or by area; the first that fits is told. */
const advice: ReadonlyMap<string, string> = new Map([
  ["archive/io", "Check the path: a .yoi-plugin file, or a folder that holds plugin.toml."],
  ["archive", "`yoi-plugin inspect` lists everything that is wrong with the package."],
  ["manifest", "`yoi-plugin inspect` lists everything that is wrong with the package."],
  ["artifact", "`yoi-plugin inspect` lists everything that is wrong with the package."],
  [
    "grant/binding",
    "A grant record is for one package: its id, version and digest must be the package's own.",
  ],
  ["package/missing", "`yoi-plugin list` shows what the stores hold and what is enabled."],
  ["package/ambiguous", "A reference has its source first, such as project:example.echo."],
  [
    "package/digest-mismatch",
    "`yoi-plugin show` says what it asks for now; `yoi-plugin enable` pins the new one.",
  ],
  ["runtime/timeout", "If the tool needs longer, give it more milliseconds with --timeout."],
  ["runtime/lost", "Try again; if it happens every time, the plugin ends its own engine."],
]);

/**
 * Writes an error: what was wrong and where on stderr, as JSON on stdout when that was asked for.
 *
 * @param thrown What the command threw.
 * @param context Where to write.
 * @param isJson Whether the command was to write JSON.
 */
export function reportError(
  thrown: unknown,
  context: Pick<CommandContext, "io" | "errorStyle">,
  isJson: boolean,
): void {
  const { code, phase, message } = isPluginError(thrown)
    ? thrown
    : { code: undefined, phase: undefined, message: boundedText(thrownText(thrown), 512) };
  if (isJson) {
    context.io.stdout.write(inertJson({ error: { code, phase, message } }));
    return;
  }
  writeError(context, code, message, code === undefined ? undefined : adviceFor(code));
}

/** Writes an error's code, message and advice to stderr, within 80 columns. */
export function writeError(
  { io, errorStyle }: Pick<CommandContext, "io" | "errorStyle">,
  code: ErrorCode | undefined,
  message: string,
  whatToDo?: string,
): void {
  const head = code === undefined ? "error" : `error ${code}`;
  io.stderr.write(`${errorStyle.red(head)}\n`);
  for (const text of [message, ...(whatToDo === undefined ? [] : [whatToDo])]) {
    for (const line of wrapText(errorStyle.plain(text), 78)) io.stderr.write(`  ${line}\n`);
  }
}

/** @returns What to do about an error of this code, when there is something. */
export function adviceFor(code: ErrorCode): string | undefined {
  return advice.get(code) ?? advice.get(code.split("/", 1)[0] ?? "");
}
