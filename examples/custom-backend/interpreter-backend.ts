import {
  type Deadline,
  type GuestInstance,
  type GuestReply,
  type InstantiateContext,
  PluginError,
  type RuntimeBackend,
} from "yoi-plugin-sdk";
import { GuestFault } from "./guest-fault.ts";
import { type Program, readProgram } from "./program.ts";
import { isProvided, RawCall } from "./raw-abi.ts";

/** Between two looks at the deadline: about a millisecond of work. */
const fuelAtOnce = 10_000;
const keptPrograms = 16;

/**
 * Makes a backend that interprets raw guests in plain JavaScript: for places without WebAssembly, and
 * to show what a backend has to do.
 */
export function interpreterBackend(): RuntimeBackend {
  const programs = new Map<string, Program>();
  return {
    name: "interpreter",
    // By the manifest alone; the bytes are never asked what they might be.
    supports: (runtime) => runtime.kind === "wasm",
    async prepare(artifact, { signal }) {
      if (signal?.aborted === true) throw aborted();
      // Equal keys mean equal bytes. Nothing in a program depends on limits: those come with each guest.
      const program = programs.get(artifact.key) ?? readProvided(artifact.bytes);
      programs.set(artifact.key, program);
      const [oldest = artifact.key] = programs.keys();
      if (programs.size > keptPrograms) programs.delete(oldest);
      return { instantiate: async (context) => new InterpretedGuest(program, context) };
    },
  };
}

function readProvided(bytes: Uint8Array): Program {
  const program = readProgram(bytes);
  const missing = program.imports.find((imported) => !isProvided(imported));
  if (missing === undefined) return program;
  throw new PluginError({
    code: "artifact/unsupported",
    phase: "preparation",
    message: `The interpreter does not have the import ${missing.module} ${missing.field}.`,
  });
}

/** A guest that takes calls. It needs no isolate: the machine checks what other code would be kept from. */
class InterpretedGuest implements GuestInstance {
  isAlive = true;
  #stop: ((error: PluginError) => void) | undefined;
  readonly #program: Program;
  readonly #context: InstantiateContext;

  constructor(program: Program, context: InstantiateContext) {
    this.#program = program;
    this.#context = context;
  }

  async call(
    _exportName: string,
    args: readonly string[],
    { deadline }: { readonly deadline: Deadline },
  ): Promise<GuestReply> {
    if (!this.isAlive) throw new PluginError({ ...ended, code: "runtime/lost" });
    const stopping = new AbortController();
    const stop = (error: PluginError) => stopping.abort(error);
    const release = deadline.onEnd(() => stop(deadline.error("The guest")));
    this.#stop = stop;
    const asker = this.#asker(deadline, stopping.signal);
    let fuel = 0;
    try {
      // A machine of its own for every call: nothing is left of an earlier one.
      const call = new RawCall(this.#program, this.#context.limits, args, asker);
      try {
        await this.#run(call, deadline, stopping.signal);
      } finally {
        fuel = call.machine.fuel;
      }
      return { output: call.output(), usage: { fuel } };
    } catch (error) {
      if (!(error instanceof GuestFault)) throw error;
      const { code, message } = error;
      throw new PluginError({ code, phase: "execution", message, details: { fuel } });
    } finally {
      release();
      // Whatever the host still does for this call ends with it.
      stop(new PluginError(ended));
    }
  }

  async close(): Promise<void> {
    this.isAlive = false;
    this.#stop?.(new PluginError(ended));
  }

  async #run({ machine }: RawCall, deadline: Deadline, signal: AbortSignal): Promise<void> {
    const { start, exports } = this.#program;
    for (const index of [start, exports.get("yoi_tool_call")]) {
      if (index === undefined) continue;
      machine.enter(index);
      for (;;) {
        // Asking for the reason looks at the clock, which no timer may have had the turn to do.
        if (deadline.reason !== undefined) throw deadline.error("The guest");
        signal.throwIfAborted();
        const step = machine.run(fuelAtOnce);
        if (step === "done") break;
        if (step === "running") await eventLoop();
        else machine.resume(await unlessStopped(step, signal));
      }
    }
  }

  /** Answers host calls by `context.hostCalls`, which authorises, bounds and does them. */
  #asker(deadline: Deadline, signal: AbortSignal) {
    const { hostCalls, limits } = this.#context;
    let asked = 0;
    return async (module: string, name: string, request: string): Promise<string> => {
      asked += 1;
      if (asked > limits.hostCalls) {
        throw new GuestFault("runtime/limit", `More than ${limits.hostCalls} host calls.`);
      }
      // `yoi:fs` of a raw guest is the interface `yoi:host/fs@1.0.0`.
      const api = `${module.replace("yoi:", "yoi:host/")}@1.0.0`;
      const question = { interface: api, function: name, args: [request] };
      return hostCalls.answer(question, { signal, remainingMs: () => deadline.remainingMs() });
    };
  }
}

/** Gives timers, sockets and other guests their turn. */
function eventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Waits, and no longer than until the call is stopped. */
function unlessStopped(work: Promise<number>, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

const ended = {
  code: "instance/stopped",
  phase: "execution",
  message: "The guest was closed.",
} as const;

function aborted(): PluginError {
  return new PluginError({
    code: "runtime/aborted",
    phase: "preparation",
    message: "Preparing the guest was given up because the caller's signal fired.",
  });
}
