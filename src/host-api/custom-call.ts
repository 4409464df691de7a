import { quoteName, utf8Length } from "../diagnostic.ts";
import { isPluginError, PluginError } from "../errors.ts";
import { parseJson, stringifyJson } from "../json.ts";
import { customApiLimits } from "../limits.ts";
import type { CustomFunction, HostApiDefinition } from "./custom-api.types.ts";
import { errorAnswer, thrownAnswer } from "./host-answer.ts";
import type { HostApiContext, HostFunction, HostValue } from "./host-api.ts";

/** A function of a host's own API with what it needs of the rest of it. */
export interface CallableFunction extends CustomFunction {
  readonly name: string;
  readonly permission: string;
  /** The validation of all functions. */
  readonly all: HostApiDefinition<unknown>["validate"];
}

/**
 * Makes a host function of a handler: authorise, check, call, bound.
 *
 * @param called The function.
 * @param context The plugin and its authority.
 * @returns The host function; it never rejects.
 */
export function callCustomFunction(
  called: CallableFunction,
  { plugin, authority }: HostApiContext,
): HostFunction {
  return async (values, { signal, remainingMs }) => {
    const action = { kind: "host_api", api: called.permission } as const;
    try {
      const decision = await authority.decide(action, "host-call");
      if (!decision.allowed) return errorAnswer(decision.code, decision.message);
      const args = readArguments(called, values);
      const call = Object.freeze({ plugin, function: called.name, signal, remainingMs });
      const problem = called.all?.(args, call) ?? called.validate?.(args, call);
      if (problem !== undefined) return errorAnswer("host/invalid-request", String(problem));
      return answerOf(await untilEnded(() => called.handler(args, call), signal));
    } catch (thrown) {
      return failureAnswer(thrown);
    }
  };
}

function readArguments(
  { name, params }: CallableFunction,
  values: readonly HostValue[],
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(params);
  if (values.length !== entries.length) {
    throw invalid(`${quoteName(name)} takes ${entries.length} arguments and got ${values.length}`);
  }
  const args: Record<string, unknown> = Object.create(null);
  for (const [index, [parameter, type]] of entries.entries()) {
    const value = values[index];
    args[parameter] = type === "u32" ? readU32(parameter, value) : readText(parameter, type, value);
  }
  return Object.freeze(args);
}

function readU32(parameter: string, value: HostValue | undefined): number {
  const isU32 =
    typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
  if (!isU32) throw invalid(`${quoteName(parameter)} is not a u32`);
  return value;
}

function readText(
  parameter: string,
  type: "string" | "json",
  value: HostValue | undefined,
): unknown {
  if (typeof value !== "string") throw invalid(`${quoteName(parameter)} is not a string`);
  const most = customApiLimits.argumentBytes.default;
  // A UTF-16 unit takes a byte or more, so an endless text is never counted whole.
  if (value.length > most || utf8Length(value) > most) {
    throw new PluginError({
      code: "host/too-large",
      phase: "execution",
      message: `The argument ${quoteName(parameter)} has more than the ${most} bytes allowed.`,
    });
  }
  if (type === "string") return value;
  const parsed = parseJson(value, most);
  if (!parsed.ok) throw invalid(`${quoteName(parameter)} can't be read: ${parsed.reason}`);
  return parsed.value;
}

function invalid(problem: string): PluginError {
  return new PluginError({
    code: "host/invalid-request",
    phase: "execution",
    message: `The arguments are not valid: ${problem}.`,
  });
}

/** Waits for a handler, but not for one that goes on when nobody waits for its answer any more. */
function untilEnded(run: () => unknown, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(ended());
      return;
    }
    const onEnd = () => reject(ended());
    signal.addEventListener("abort", onEnd, { once: true });
    // Called within a promise, so that what a handler throws at once is a rejection as well.
    Promise.resolve()
      .then(run)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", onEnd));
  });
}

function answerOf(result: unknown): string {
  const answer = stringifyJson(result === undefined ? null : result);
  if (answer === undefined) {
    return errorAnswer("host/failed", "The host API gave no answer that JSON can hold.");
  }
  const most = customApiLimits.customAnswerBytes.default;
  return utf8Length(answer) <= most
    ? answer
    : errorAnswer("host/too-large", `The answer has more than ${most} bytes.`);
}

/** A handler's own words are told only when it chose them for the guest: by a code `host/…`. */
function failureAnswer(thrown: unknown): string {
  const isTold =
    isPluginError(thrown) && (thrown.code.startsWith("host/") || thrown.code === "runtime/aborted");
  return thrownAnswer(isTold ? thrown : undefined);
}

function ended(): PluginError {
  return new PluginError({
    code: "runtime/aborted",
    phase: "execution",
    message: "The guest's call ended before the host API answered.",
  });
}
