import type { Deadline } from "../deadline.ts";
import { type ErrorCode, PluginError } from "../errors.ts";

/**
 * What a guest can end as, other than an answer: the closed list of guest faults.
 *
 * A fault is plain data, because it crosses threads; its message never holds a guest's own text.
 */
export interface GuestFault {
  readonly code: GuestFaultCode;
  readonly message: string;
}

/** The codes of {@link GuestFault}. */
export type GuestFaultCode = Extract<
  ErrorCode,
  | "runtime/trap"
  | "runtime/stack-exhausted"
  | "runtime/out-of-fuel"
  | "runtime/timeout"
  | "runtime/aborted"
  | "runtime/limit"
  | "output/malformed"
  | "output/too-large"
  | "artifact/unsupported"
>;

/**
 * Gives a fault as the error of the call that ended in it.
 *
 * @param fault The fault.
 * @param fuel What the guest had spent.
 * @param deadline The call's, which knows best why it stopped the guest.
 * @returns The error.
 */
export function faultError(fault: GuestFault, fuel: number, deadline: Deadline): PluginError {
  if (deadline.reason !== undefined && fault.code === stopCodes[deadline.reason]) {
    const { details, ...stopped } = deadline.error("The guest").toJSON();
    return new PluginError({ ...stopped, details: { ...details, fuel } });
  }
  return new PluginError({ ...fault, phase: "execution", details: { fuel } });
}

const stopCodes = { timeout: "runtime/timeout", aborted: "runtime/aborted" } as const;

/** Engine messages of traps, by what they contain, in every engine that we run in → what we say. */
const trapMessages: readonly (readonly [pattern: RegExp, message: string])[] = [
  [/unreachable/iu, "it executed an unreachable instruction"],
  [/out of bounds memory|memory access out of bounds/iu, "it accessed memory out of bounds"],
  [/table (index|access|element)|undefined element/iu, "it accessed a table out of bounds"],
  [/indirect call|signature mismatch|null function|call_indirect/iu, "it made a bad indirect call"],
  [/divi|remainder|integer overflow/iu, "it divided by zero or overflowed"],
  [/unrepresentable|invalid conversion|float/iu, "it converted a float that no integer can hold"],
  [/null/iu, "it used a null reference"],
];

/** Of engines, and of the glue, about a host call that nothing can wait in. */
const suspensionPattern = /suspend|cannot block a synchronous task/iu;

const stackPattern = /call stack|stack size exceeded|too much recursion|stack overflow/iu;
const memoryPattern =
  /out of memory|could not allocate|cannot allocate|allocation failed|allocate wasm memory/iu;

/**
 * Says what kind of fault an exception is that came out of a guest or its glue.
 *
 * The engines name their errors alike but come in several realms, so names are compared, not classes.
 *
 * @param error What was thrown.
 * @returns The fault; a trap when nothing more exact can be said.
 */
export function faultOf(error: unknown): GuestFault {
  const { name, message } = describe(error);
  if (stackPattern.test(message) || name === "InternalError") {
    return { code: "runtime/stack-exhausted", message: "The guest used up its call stack." };
  }
  if (memoryPattern.test(message)) {
    return { code: "runtime/limit", message: "The guest's memory could not be allocated." };
  }
  if (name === "CompileError" || name === "LinkError") {
    return {
      code: "artifact/unsupported",
      message: `The engine refused the guest's code (${name}).`,
    };
  }
  if (name === "SuspendError" || (name === "RuntimeError" && suspensionPattern.test(message))) {
    return {
      code: "runtime/trap",
      message:
        "The guest trapped: it called a host API while it was instantiated, took an argument or gave one back, where its engine can't suspend it.",
    };
  }
  if (name === "RuntimeError") {
    const known = trapMessages.find(([pattern]) => pattern.test(message));
    return {
      code: "runtime/trap",
      message: `The guest trapped: ${known?.[1] ?? "it broke a rule of WebAssembly"}.`,
    };
  }
  if (name === "Exception") {
    return {
      code: "runtime/trap",
      message: "The guest trapped: it threw an exception that nothing caught.",
    };
  }
  if (name === "RangeError") {
    return {
      code: "runtime/trap",
      message: "The guest trapped: it passed a pointer or length outside its memory.",
    };
  }
  return {
    code: "runtime/trap",
    message: "The guest trapped: it broke the component model's calling rules.",
  };
}

/** Reads an error's name and message without running anything that the value could have brought. */
function describe(error: unknown): { name: string; message: string } {
  if (typeof error !== "object" || error === null) return { name: "", message: "" };
  const text = (key: "name" | "message") => {
    try {
      const value = Reflect.get(error, key);
      return typeof value === "string" ? value : "";
    } catch {
      return "";
    }
  };
  // WebAssembly.Exception carries no name of its own.
  const tag = Object.prototype.toString.call(error);
  return {
    name: tag === "[object WebAssembly.Exception]" ? "Exception" : text("name"),
    message: text("message").slice(0, 1024),
  };
}
