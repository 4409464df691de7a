import type { GrantRecord } from "../grants/grants.types.ts";
import type { Inspection } from "../inspect/report.types.ts";
import type { PluginInstance } from "../instance/instance.types.ts";
import type { Surface } from "../manifest/manifest.types.ts";
import type { PackageSource, PluginPackage } from "../package/package.types.ts";
import type { CliIo } from "./cli-io.ts";
import type { Progress } from "./progress.ts";
import type { Style } from "./style.ts";

/** What the command ends with: 0 done, 1 an error, a rejected package or a tool's error, 2 wrong usage. */
export type ExitCode = 0 | 1 | 2;

/** What is wrong with the arguments, as a sentence; the command's usage follows it. */
export interface UsageProblem {
  readonly usageProblem: string;
}

/** The library as the commands use it: the entry passes the public functions, a test its own. */
export interface CliHost {
  readonly version: string;
  loadPackage(
    source: string | Uint8Array,
    options: { readonly source?: PackageSource; readonly signal: AbortSignal },
  ): Promise<PluginPackage>;
  packPackage(
    folder: string,
    options: { readonly signal: AbortSignal },
  ): Promise<Uint8Array<ArrayBuffer>>;
  inspect(
    source: string | PluginPackage,
    options?: {
      readonly grants?: GrantRecord;
      readonly surfaces?: readonly Surface[];
      readonly signal?: AbortSignal;
    },
  ): Promise<Inspection>;
  createInstance(
    pkg: PluginPackage,
    options: {
      readonly grants?: GrantRecord;
      readonly limits?: { readonly timeoutMs: number };
      readonly surfaces: readonly Surface[];
      readonly signal: AbortSignal;
    },
  ): Promise<PluginInstance>;
}

/** What a command works with. */
export interface CommandContext {
  readonly host: CliHost;
  readonly io: CliIo;
  readonly progress: Progress;
  /** How text on stdout and on stderr looks. */
  readonly style: Style;
  readonly errorStyle: Style;
}

/** Arguments after parsing, before the command looked at them. */
export interface CommandArguments {
  readonly positionals: readonly string[];
  readonly values: ReadonlyMap<string, string | boolean>;
}

/** An option that a command takes. */
export interface CommandOption {
  readonly type: "string" | "boolean";
  /** What help calls the value of a string option: `FILE`. */
  readonly value?: string;
  readonly help: string;
}

/** One command of the tool. A new one is a file that exports one of these, and a line in the table. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The arguments: `<package> <tool> <json>`. */
  readonly parameters: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  /** Paragraphs for the command's own help. */
  readonly details: readonly string[];
  /**
   * Does the work and writes what it has to say.
   *
   * @throws PluginError for what went wrong; the caller writes it and ends with 1.
   */
  run(args: CommandArguments, context: CommandContext): Promise<ExitCode | UsageProblem>;
}
