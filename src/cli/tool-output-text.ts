import type { InstanceTool, ToolResult } from "../instance/instance.types.ts";
import { type Json, parseJson } from "../json.ts";
import type { CommandContext } from "./command.ts";
import { inertJson } from "./inert-json.ts";
import { adviceFor, writeError } from "./report-error.ts";
import { wrapText } from "./style.ts";

/** Writes a tool's output to stdout: its summary, then its content, JSON content indented; both inert. */
export function writeOutput(result: ToolResult, { io, style, errorStyle }: CommandContext): void {
  const summary = wrapText(style.plain(result.summary)).map((line) => style.bold(line));
  io.stdout.write(`${summary.join("\n")}\n`);
  if (result.content !== undefined)
    io.stdout.write(`\n${contentText(result.content, style.plain)}`);
  const { origin } = result;
  const who = origin.kind === "plugin" ? `${origin.pluginRef} ${origin.packageVersion}` : "host";
  io.stderr.write(`${errorStyle.dim(`${duration(result)}, ${who}`)}\n`);
}

/** Writes a failed call to stderr: its error, what the tool said besides, and what its input must be. */
export function writeFailure(
  result: ToolResult,
  tool: InstanceTool,
  context: Pick<CommandContext, "io" | "errorStyle">,
): void {
  const { io, errorStyle } = context;
  const { code, message } = result.error ?? { code: "guest/failed", message: result.summary };
  writeError(context, code, message, adviceFor(code));
  if (result.content !== undefined) {
    io.stderr.write(indented(contentText(result.content, errorStyle.plain)));
  }
  if (code === "input/invalid") {
    io.stderr.write(`  The tool takes:\n${indented(inertJson(tool.inputSchema))}`);
  }
  io.stderr.write(`  ${errorStyle.dim(`after ${duration(result)}`)}\n`);
}

function contentText(content: string, plain: (text: string) => string): string {
  const parsed = parseJson(content, Number.MAX_SAFE_INTEGER);
  if (parsed.ok && isStructure(parsed.value)) return inertJson(parsed.value);
  return `${plain(content).trimEnd()}\n`;
}

/** A text that happens to be a JSON number or string is better shown as it is. */
function isStructure(value: Json): boolean {
  return typeof value === "object" && value !== null;
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gmu, "  ");
}

function duration({ durationMs }: ToolResult): string {
  return durationMs < 10 ? `${durationMs.toFixed(1)} ms` : `${Math.round(durationMs)} ms`;
}
