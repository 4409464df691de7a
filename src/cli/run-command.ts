import { quoteName } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";
import type { GrantRecord } from "../grants/grants.types.ts";
import { grantRequested } from "../grants/plan.ts";
import type { PluginInstance } from "../instance/instance.types.ts";
import { type Json, parseJson } from "../json.ts";
import { cliLimits } from "../limits.ts";
import type { PluginPackage } from "../package/package.types.ts";
import { positionalProblem, textOption } from "./arguments.ts";
import type { CliIo } from "./cli-io.ts";
import type {
  Command,
  CommandArguments,
  CommandContext,
  ExitCode,
  UsageProblem,
} from "./command.ts";
import { readGrantsFile } from "./grants-file.ts";
import { inertJson } from "./inert-json.ts";
import { isDenial, writeDenial, writeUnknownTool } from "./refusal.ts";
import { writeFailure, writeOutput } from "./tool-output-text.ts";

/** `run`: one call of one tool, in the sandbox, with the grants that the user gives. */
export const runCommand: Command = {
  name: "run",
  summary: "Call one tool of a package in the sandbox.",
  parameters: "<package> <tool> <json>",
  options: {
    grants: {
      type: "string",
      value: "FILE",
      help: "Grant what the record in FILE says (TOML or JSON).",
    },
    "grant-requested": { type: "boolean", help: "Grant what the manifest asks for." },
    timeout: {
      type: "string",
      value: "MS",
      help: "Stop the guest after MS milliseconds (default 10000).",
    },
    json: { type: "boolean", help: "Write the result as JSON." },
  },
  details: [
    "<json> is the tool's input, or - to read it from standard input.",
    "Without grants nothing is allowed: pass --grant-requested, or --grants with a record of your own. --grant-requested includes the request and websocket targets that the manifest declares, and no folders.",
    "Ends with 1 when the tool fails. The output goes to stdout, everything else to stderr.",
  ],
  async run(args, context) {
    const call = await readCall(args, context.io);
    if ("usageProblem" in call) return call;
    const { host, io, progress } = context;
    const { signal } = io;

    progress.step("Loading the package");
    const pkg = await host.loadPackage(call.source, { signal });
    const grants = await readGrants(args, pkg, io);
    progress.step("Preparing the guest: generating bindings, compiling");
    let instance: PluginInstance;
    try {
      instance = await host.createInstance(pkg, {
        ...(grants === undefined ? {} : { grants }),
        ...(call.timeoutMs === undefined ? {} : { limits: { timeoutMs: call.timeoutMs } }),
        // One call is no reason to connect a service to its sources.
        surfaces: pkg.surfaces.filter((surface) => surface === "tool"),
        signal,
      });
    } catch (error) {
      if (!isDenial(error)) throw error;
      progress.clear();
      writeDenial(pkg, error, context, call.isJson);
      return 1;
    }
    try {
      return await callTool({ pkg, instance, call }, context);
    } finally {
      progress.clear();
      await instance.stop();
    }
  },
};

interface Call {
  readonly source: string;
  readonly tool: string;
  readonly input: Json;
  readonly timeoutMs: number | undefined;
  readonly isJson: boolean;
}

async function readCall(args: CommandArguments, io: CliIo): Promise<Call | UsageProblem> {
  const problem = positionalProblem(args, ["package", "tool", "json"]);
  if (problem !== undefined) return problem;
  if (args.values.has("grants") && args.values.has("grant-requested")) {
    return { usageProblem: "--grants and --grant-requested exclude each other." };
  }
  const timeout = textOption(args, "timeout");
  if (timeout !== undefined && !/^[1-9]\d{0,8}$/.test(timeout)) {
    return { usageProblem: "--timeout takes a whole number of milliseconds of at least 1." };
  }
  const [source = "", tool = "", text = ""] = args.positionals;
  const maxBytes = cliLimits.inputBytes.default;
  const input = parseJson(text === "-" ? await io.readStdin(maxBytes) : text, maxBytes);
  if (!input.ok) {
    const message = `The tool's input can't be used: ${input.reason}.`;
    if (!input.isTooLarge) return { usageProblem: message };
    throw new PluginError({ code: "input/too-large", phase: "options", message });
  }
  return {
    source,
    tool,
    input: input.value,
    timeoutMs: timeout === undefined ? undefined : Number(timeout),
    isJson: args.values.get("json") === true,
  };
}

async function readGrants(
  args: CommandArguments,
  pkg: PluginPackage,
  io: CliIo,
): Promise<GrantRecord | undefined> {
  const file = textOption(args, "grants");
  if (file !== undefined) return readGrantsFile(file, io);
  if (args.values.get("grant-requested") !== true) return undefined;
  const { request, websocket } = pkg.manifest;
  return grantRequested(pkg, { request, websocket });
}

interface Calling {
  readonly pkg: PluginPackage;
  readonly instance: PluginInstance;
  readonly call: Call;
}

async function callTool(
  { pkg, instance, call }: Calling,
  context: CommandContext,
): Promise<ExitCode> {
  const { io, progress, errorStyle } = context;
  const tool = instance.tools.find(({ name }) => name === call.tool);
  if (tool === undefined) {
    const denied = instance.denied.find(({ kind, name }) => kind === "tool" && name === call.tool);
    progress.clear();
    if (denied === undefined) writeUnknownTool(pkg, call.tool, context, call.isJson);
    else writeDenial(pkg, denied.diagnostic, context, call.isJson);
    return 1;
  }
  instance.on("log", ({ stream, text }) => {
    progress.clear();
    io.stderr.write(`${errorStyle.dim(`${stream}: ${text}`)}\n`);
  });
  progress.step(`Running ${quoteName(call.tool)}`);
  const result = await instance.callTool(call.tool, call.input, { signal: io.signal });
  progress.clear();
  if (call.isJson) io.stdout.write(inertJson(result));
  else if (result.isError) writeFailure(result, tool, context);
  else writeOutput(result, context);
  return result.isError ? 1 : 0;
}
