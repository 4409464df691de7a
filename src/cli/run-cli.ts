import { boundedText } from "../diagnostic.ts";
import { helpOption, readArguments } from "./arguments.ts";
import { checkCommand } from "./check-command.ts";
import type { CliIo } from "./cli-io.ts";
import type { CliHost, Command, CommandContext, ExitCode, UsageProblem } from "./command.ts";
import { diffCommand } from "./diff-command.ts";
import { disableCommand } from "./disable-command.ts";
import { enableCommand } from "./enable-command.ts";
import { inspectCommand } from "./inspect-command.ts";
import { listCommand } from "./list-command.ts";
import { lockCommand } from "./lock-command.ts";
import { packCommand } from "./pack-command.ts";
import { createProgress } from "./progress.ts";
import { reportError } from "./report-error.ts";
import { runCommand } from "./run-command.ts";
import { showCommand } from "./show-command.ts";
import { styleOf, wrapText } from "./style.ts";

/** Every command, in the order in which help lists them. */
const commands: readonly Command[] = [
  inspectCommand,
  runCommand,
  checkCommand,
  packCommand,
  listCommand,
  showCommand,
  enableCommand,
  disableCommand,
  lockCommand,
  diffCommand,
];

/**
 * Runs one command line of `yoi-plugin`.
 *
 * @param argv The arguments, without the program's own name.
 * @param io Streams and files.
 * @param host The library.
 * @returns The exit code; nothing is thrown.
 */
export async function runCli(argv: readonly string[], io: CliIo, host: CliHost): Promise<ExitCode> {
  const [name = "", ...rest] = argv;
  if (name === "--version" || name === "-v") return write(io, 0, `${host.version}\n`);
  if (name === "" || name === "--help" || name === "-h") {
    return write(io, name === "" ? 2 : 0, overview());
  }
  const isHelp = name === "help";
  if (isHelp && rest.length === 0) return write(io, 0, overview());
  const wanted = isHelp ? (rest[0] ?? "") : name;
  const command = commands.find((known) => known.name === wanted);
  if (command === undefined) {
    const problem = `There is no command ${JSON.stringify(boundedText(wanted, 80))}.`;
    return write(io, 2, `${problem}\n\n${overview()}`);
  }
  if (isHelp || rest.includes("--help") || rest.includes("-h")) {
    return write(io, 0, commandHelp(command));
  }
  return runCommandLine(command, rest, io, host);
}

async function runCommandLine(
  command: Command,
  argv: readonly string[],
  io: CliIo,
  host: CliHost,
): Promise<ExitCode> {
  const args = readArguments(command, argv);
  if ("usageProblem" in args) return wrongUsage(command, args, io);
  const context: CommandContext = {
    host,
    io,
    progress: createProgress(io.stderr),
    style: styleOf(io, io.stdout),
    errorStyle: styleOf(io, io.stderr),
  };
  try {
    const ended = await command.run(args, context);
    return typeof ended === "number" ? ended : wrongUsage(command, ended, io);
  } catch (error) {
    context.progress.clear();
    reportError(error, context, args.values.get("json") === true);
    return 1;
  }
}

function wrongUsage(command: Command, problem: UsageProblem, io: CliIo): ExitCode {
  const text = wrapText(problem.usageProblem).join("\n");
  const more = `\`yoi-plugin help ${command.name}\` says more.`;
  return write(io, 2, `${text}\n\n${usage(command)}\n${more}\n`);
}

/** Help that was asked for goes to stdout, help that nobody asked for to stderr. */
function write(io: CliIo, code: ExitCode, text: string): ExitCode {
  (code === 0 ? io.stdout : io.stderr).write(text);
  return code;
}

function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  const lines = commands.flatMap(({ name, summary }) =>
    wrapText(`  ${name.padEnd(width)}${summary}`, 80, width + 2),
  );
  return [
    "Check, pack, inspect, enable and run yoi plugins.",
    "",
    "Usage: yoi-plugin <command> [arguments]",
    "",
    ...lines,
    "",
    ...wrapText(
      "`yoi-plugin help <command>` says more. Exit codes: 0 done; 1 an error, a rejected package or a tool that failed; 2 wrong usage.",
    ),
    "",
  ].join("\n");
}

function usage({ name, parameters, options }: Command): string {
  const shown = Object.entries(options).map(([option, { value }]) =>
    value === undefined ? `[--${option}]` : `[--${option} ${value}]`,
  );
  return wrapText(`Usage: yoi-plugin ${[name, parameters, ...shown].join(" ")}`, 80, 9).join("\n");
}

function commandHelp(command: Command): string {
  const options = Object.entries({ ...command.options, help: helpOption }).map(
    ([option, { value, help }]) => [`--${option}${value === undefined ? "" : ` ${value}`}`, help],
  );
  const width = Math.max(...options.map(([option = ""]) => option.length)) + 2;
  return [
    command.summary,
    "",
    usage(command),
    "",
    ...command.details.flatMap((paragraph) => [...wrapText(paragraph), ""]),
    "Options:",
    ...options.flatMap(([option = "", help = ""]) =>
      wrapText(`  ${option.padEnd(width)}${help}`, 80, width + 2),
    ),
    "",
  ].join("\n");
}
