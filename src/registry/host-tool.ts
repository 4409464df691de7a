import { startDeadline } from "../deadline.ts";
import { boundedText, cutText, quoteName, thrownText, utf8Length } from "../diagnostic.ts";
import { PluginError } from "../errors.ts";
import type { ResolvedCall } from "../instance/call-options.ts";
import type { InputCheck } from "../instance/input-schema.ts";
import { readToolInput, snapshotInput } from "../instance/tool-input.ts";
import { beginToolCall, type CallFailure, failureOf } from "../instance/tool-result.ts";
import { isJsonObject, type Json } from "../json.ts";
import { callLimits, type GuestLimits, textLimits } from "../limits.ts";
import { toolNameProblem } from "../manifest/manifest.ts";
import { compileHostSchema } from "./host-schema.ts";
import type { HostTool, HostToolOutput, RegisteredTool, ToolDefinition } from "./tool.ts";

/** The bounds of a host tool's calls, in UTF-8 bytes. */
export type HostToolBounds = Pick<GuestLimits, "inputBytes" | "outputBytes" | "summaryBytes">;

/**
 * Makes a registered tool of one of the host's own.
 *
 * @param tool The host's tool; its properties are read once.
 * @param bounds The bounds of its input and output.
 * @returns The tool.
 * @throws PluginError `registry/invalid-tool` when the tool has not the shape it must have.
 */
export function registeredHostTool(tool: HostTool, bounds: HostToolBounds): RegisteredTool {
  const { name, description, inputSchema, externalWrite = false, handler } = tool;
  if (typeof name !== "string") throw invalidTool("A host tool", "its name is not a string");
  const subject = `The host tool ${quoteName(name)}`;
  const nameProblem = toolNameProblem(name);
  if (nameProblem !== undefined) throw invalidTool(subject, `its name ${nameProblem}`);
  if (typeof description !== "string")
    throw invalidTool(subject, "its description is not a string");
  if (typeof externalWrite !== "boolean")
    throw invalidTool(subject, "externalWrite is not a boolean");
  if (typeof handler !== "function") throw invalidTool(subject, "its handler is not a function");
  const schema = snapshotInput(inputSchema, callLimits.schemaBytes.default);
  if (!schema.ok) throw invalidTool(subject, `its input schema is not JSON (${schema.message})`);
  const compiled = compileHostSchema(schema.value);
  if ("problem" in compiled) throw invalidTool(subject, compiled.problem);

  const definition: ToolDefinition = Object.freeze({
    name,
    description,
    inputSchema: frozenJson(schema.value),
    externalWrite,
    origin: Object.freeze({ kind: "host" }),
  });
  return {
    definition,
    source: tool,
    call: (input, call) =>
      callHostTool({ definition, handler, check: compiled.check, bounds }, input, call),
  };
}

interface HostCallee {
  readonly definition: ToolDefinition;
  readonly handler: HostTool["handler"];
  readonly check: InputCheck;
  readonly bounds: HostToolBounds;
}

async function callHostTool(callee: HostCallee, input: unknown, call: ResolvedCall) {
  const { name, origin } = callee.definition;
  const begun = beginToolCall({ callId: call.callId, tool: name, origin });
  const read = checkedInput(callee, input);
  if (!read.ok) return begun.fail(read);
  const usage = { inputBytes: read.bytes };

  const subject = `The tool ${quoteName(name)}`;
  const deadline = startDeadline({ budgetMs: call.timeoutMs, signals: [call.signal] });
  try {
    if (deadline.reason !== undefined) throw deadline.error(subject);
    const handling = new AbortController();
    const ended = new Promise<never>((_resolve, reject) => {
      deadline.onEnd(() => {
        const error = deadline.error(subject);
        // First the result, so that what the handler does about its signal comes too late for it.
        reject(error);
        handling.abort(error);
      });
    });
    const context = { callId: call.callId, signal: handling.signal };
    const working = (async () => callee.handler(read.value, context))();
    const output = readHostOutput(await Promise.race([ended, working]), callee.bounds);
    return "code" in output ? begun.fail(output, usage) : begun.succeed(output, usage);
  } catch (thrown) {
    const message = failureText(`${subject} failed: ${thrownText(thrown)}`);
    return begun.fail(failureOf(thrown, { code: "host/tool-failed", message }), usage);
  } finally {
    deadline[Symbol.dispose]();
  }
}

/** Reads the input; a schema that recurses without end on it is the host's mistake, and no exception. */
function checkedInput({ check, bounds }: HostCallee, input: unknown) {
  try {
    return readToolInput(input, check, bounds.inputBytes);
  } catch {
    return {
      ok: false,
      code: "registry/invalid-tool",
      message: "The tool's input schema can't be applied to this input.",
    } as const;
  }
}

/** Reads what a handler gave. A text that is too long for a summary is its own content. */
function readHostOutput(
  output: HostToolOutput,
  bounds: HostToolBounds,
): CallFailure | { readonly summary: string; readonly content?: string } {
  if (typeof output === "string" && utf8Length(output) > bounds.summaryBytes) {
    const summary = cutText(output, bounds.summaryBytes);
    return readHostOutput({ summary, content: output }, bounds);
  }
  const given = typeof output === "string" ? { summary: output } : output;
  if (typeof given !== "object" || given === null) {
    return malformed("it is neither a text nor an object");
  }
  const { summary, content, isError = false, ...others } = given;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) return malformed(`it has the unknown key ${quoteName(unknown)}`);
  if (typeof summary !== "string" || summary === "") {
    return malformed("its summary is not a string with text in it");
  }
  if (content !== undefined && content !== null && typeof content !== "string") {
    return malformed("its content is not a string; write data as JSON");
  }
  if (utf8Length(summary) > bounds.summaryBytes) {
    return tooLarge("summary", bounds.summaryBytes);
  }
  if (utf8Length(content ?? "") > bounds.outputBytes) {
    return tooLarge("content", bounds.outputBytes);
  }
  const kept = typeof content === "string" ? { content } : {};
  if (isError) return { code: "host/tool-failed", message: failureText(summary), ...kept };
  return { summary, ...kept };
}

function malformed(problem: string): CallFailure {
  return { code: "output/malformed", message: `The host tool's output is malformed: ${problem}.` };
}

function tooLarge(part: string, maxBytes: number): CallFailure {
  return {
    code: "output/too-large",
    message: `The ${part} of the host tool's output has more than ${maxBytes} bytes.`,
  };
}

function failureText(text: string): string {
  return boundedText(text, textLimits.messageBytes.default);
}

function invalidTool(subject: string, problem: string): PluginError {
  return new PluginError({
    code: "registry/invalid-tool",
    phase: "registration",
    message: `${subject} can't be registered: ${problem}.`,
  });
}

function frozenJson(value: Json): Json {
  if (Array.isArray(value)) for (const item of value as readonly Json[]) frozenJson(item);
  else if (isJsonObject(value)) for (const member of Object.values(value)) frozenJson(member);
  return Object.freeze(value);
}
