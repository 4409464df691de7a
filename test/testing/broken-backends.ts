import { type GuestInstance, PluginError, type RuntimeBackend } from "yoi-plugin-sdk";

type Prepare = RuntimeBackend["prepare"];
type PreparedGuest = Awaited<ReturnType<Prepare>>;
type Instantiate = PreparedGuest["instantiate"];
type Call = GuestInstance["call"];
type Deadline = Parameters<Call>[2]["deadline"];

/** What a broken backend does in place of a good one, given what that does. */
interface Break {
  readonly name?: string;
  readonly prepare?: (prepare: Prepare) => Prepare;
  readonly instantiate?: (instantiate: Instantiate) => Instantiate;
  readonly call?: (call: Call) => Call;
  readonly close?: (close: () => Promise<void>) => () => Promise<void>;
}

/** A backend that breaks its promises in one way. */
export interface BrokenBackend {
  /** What is wrong with it. */
  readonly fault: string;
  /** The rules that it does not keep, and no others. */
  readonly breaks: readonly string[];
  /** Some faults show only where the caller's thread is free. */
  readonly isolate?: "worker";
  readonly how: () => Break;
}

/** Lays a fault over a good backend. */
export function breakBackend(good: RuntimeBackend, how: Break): RuntimeBackend {
  const brokenGuest = (guest: GuestInstance): GuestInstance => {
    const call: Call = (...args) => guest.call(...args);
    const close = () => guest.close();
    return {
      get isAlive() {
        return guest.isAlive;
      },
      call: how.call?.(call) ?? call,
      close: how.close?.(close) ?? close,
    };
  };
  const prepare: Prepare = async (...args) => {
    const prepared = await good.prepare(...args);
    const instantiate: Instantiate = (context) => prepared.instantiate(context);
    const broken = how.instantiate?.(instantiate) ?? instantiate;
    return { instantiate: async (context) => brokenGuest(await broken(context)) };
  };
  return {
    name: how.name ?? "broken",
    supports: (runtime) => good.supports(runtime),
    prepare: how.prepare?.(prepare) ?? prepare,
  };
}

/** Changes the errors of calls. */
function failingAs(change: (error: PluginError) => unknown) {
  return (call: Call): Call =>
    async (...args) => {
      try {
        return await call(...args);
      } catch (error) {
        throw change(error as PluginError);
      }
    };
}

/** Answers where the good backend ends with a code. */
function answeringInsteadOf(code: string, output: string) {
  return (call: Call): Call =>
    async (...args) => {
      try {
        return await call(...args);
      } catch (error) {
        if ((error as PluginError).code === code) return { output, usage: {} };
        throw error;
      }
    };
}

/** Sets limits in place of those that it is given. */
function limiting(limits: Parameters<Prepare>[1]["limits"] | object) {
  return {
    prepare:
      (prepare: Prepare): Prepare =>
      (artifact, context) =>
        prepare(artifact, { ...context, limits: { ...context.limits, ...limits } }),
    instantiate:
      (instantiate: Instantiate): Instantiate =>
      (context) =>
        instantiate({ ...context, limits: { ...context.limits, ...limits } }),
  };
}

/** A deadline that ends at another time, or never. */
function deadlineOf(remainingMs: number): Deadline {
  return {
    reason: undefined,
    remainingMs: () => remainingMs,
    onEnd: () => () => undefined,
    error: (subject) =>
      new PluginError({
        code: "runtime/timeout",
        phase: "execution",
        message: `${subject} was stopped.`,
      }),
    [Symbol.dispose]: () => undefined,
  };
}

const isCount = (args: readonly string[]) => args[1]?.includes('"count"') === true;

/** Every rule whose guest fails in a call. */
const failingCalls = [
  "bounds/fuel",
  "bounds/output",
  "bounds/stack",
  "bounds/utf8",
  "closing/idle",
  "closing/running",
  "faults/apart",
  "faults/start",
  "faults/trap",
  "preparation/apart",
  "stopping/before",
  "stopping/bulk",
  "stopping/deadline",
  "stopping/signal",
  "stopping/start",
];

/** Each breaks one promise; what it breaks by that is listed. */
export const brokenBackends: readonly BrokenBackend[] = [
  { fault: "has no name", breaks: ["selection/declared"], how: () => ({ name: "" }) },
  {
    fault: "throws plain errors",
    breaks: failingCalls,
    how: () => ({ call: failingAs(({ message }) => new Error(message)) }),
  },
  {
    fault: "lets a guest's text into its messages as it is",
    breaks: ["faults/apart", "faults/start", "faults/trap", "preparation/apart"],
    how: () => ({
      call: failingAs((error) => {
        if (error.code === "runtime/trap") {
          Object.defineProperty(error, "message", { value: "\u001b[2Jtrap" });
        }
        return error;
      }),
    }),
  },
  {
    fault: "writes messages without an end",
    breaks: ["faults/apart", "faults/start", "faults/trap", "preparation/apart"],
    how: () => ({
      call: failingAs((error) => {
        if (error.code === "runtime/trap") {
          Object.defineProperty(error, "message", { value: "trap ".repeat(200) });
        }
        return error;
      }),
    }),
  },
  {
    fault: "mends bad UTF-8",
    breaks: ["bounds/utf8"],
    how: () => ({ call: answeringInsteadOf("output/malformed", "\ufffd") }),
  },
  {
    fault: "cuts outputs that are too long",
    breaks: ["bounds/output"],
    how: () => ({ call: answeringInsteadOf("output/too-large", "é") }),
  },
  {
    fault: "trims outputs",
    breaks: ["answers/output"],
    how: () => ({
      call: (call) => async (exportName, args, context) => {
        const { output, usage } = await call(exportName, args, context);
        return { output: output.replaceAll("\ufeff", ""), usage };
      },
    }),
  },
  {
    fault: "gives every tool one name",
    breaks: ["answers/arguments"],
    how: () => ({
      call: (call) => (exportName, args, context) =>
        call(exportName, ["run", ...args.slice(1)], context),
    }),
  },
  {
    fault: "keeps a guest's state",
    breaks: ["answers/fresh", "stopping/late"],
    how: () => ({
      call: (call) => {
        let counted = 0;
        return async (exportName, args, context) => {
          const { output, usage } = await call(exportName, args, context);
          if (!isCount(args)) return { output, usage };
          counted += 1;
          return { output: `${counted}${counted}`, usage };
        };
      },
    }),
  },
  {
    fault: "answers whoever called last",
    breaks: ["answers/side-by-side"],
    how: () => {
      let last = "";
      return {
        call: (call) => async (exportName, args, context) => {
          const { output, usage } = await call(exportName, args, context);
          last = output;
          await new Promise((resolve) => setImmediate(resolve));
          return { output: last, usage };
        },
      };
    },
  },
  {
    fault: "lets memory grow",
    breaks: ["bounds/memory", "preparation/limits"],
    how: () => limiting({ memoryBytes: 4 * 1024 * 1024 }),
  },
  {
    fault: "gives half of the memory that was allowed",
    breaks: ["bounds/memory", "preparation/limits"],
    how: () => limiting({ memoryBytes: 4 * 65_536 }),
  },
  {
    fault: "lets tables grow",
    breaks: ["bounds/tables"],
    how: () => limiting({ tableElements: 1_000 }),
  },
  {
    fault: "does not count fuel",
    breaks: ["bounds/fuel"],
    how: () => limiting({ fuel: Number.MAX_SAFE_INTEGER }),
  },
  {
    fault: "does not tell the fuel",
    breaks: ["bounds/fuel-each-call"],
    how: () => ({
      call: (call) => async (exportName, args, context) => {
        const { output } = await call(exportName, args, context);
        return { output, usage: {} };
      },
    }),
  },
  {
    fault: "measures fuel by the clock",
    breaks: ["answers/usage", "bounds/fuel-each-call"],
    how: () => ({
      call: (call) => async (exportName, args, context) => {
        const { output } = await call(exportName, args, context);
        return { output, usage: { fuel: performance.now() + 0.5 } };
      },
    }),
  },
  {
    fault: "keeps the limits of its first preparation",
    breaks: [
      "bounds/fuel",
      "bounds/memory",
      "bounds/output",
      "bounds/tables",
      "preparation/limits",
    ],
    how: () => {
      const first = new Map<string, Awaited<ReturnType<Prepare>>>();
      return {
        prepare: (prepare) => async (artifact, context) => {
          const { limits } = context;
          const known = first.get(artifact.key) ?? (await prepare(artifact, context));
          const prepared: PreparedGuest = {
            instantiate: (opening) => known.instantiate({ ...opening, limits }),
          };
          if (!first.has(artifact.key)) first.set(artifact.key, prepared);
          return first.get(artifact.key) ?? prepared;
        },
      };
    },
  },
  {
    fault: "takes every guest for the first one",
    breaks: ["faults/start", "preparation/apart", "preparation/invalid", "stopping/start"],
    how: () => {
      const known = new Map<string, PreparedGuest>();
      return {
        prepare: (prepare) => async (artifact, context) => {
          const key = JSON.stringify(context.limits);
          if (context.signal?.aborted) return prepare(artifact, context);
          const prepared = known.get(key) ?? (await prepare(artifact, context));
          known.set(key, prepared);
          return prepared;
        },
      };
    },
  },
  {
    fault: "prepares the same guest again and again",
    breaks: ["preparation/once"],
    how: () => {
      let prepared = 0;
      return {
        prepare: (prepare) => (artifact, context) => {
          prepared += 1;
          return prepare({ ...artifact, key: `${artifact.key} ${prepared}` }, context);
        },
      };
    },
  },
  {
    fault: "tries a guest out while it prepares it",
    breaks: ["faults/start", "preparation/not-run", "stopping/start"],
    how: () => ({
      prepare: (prepare) => async (artifact, context) => {
        const prepared = await prepare(artifact, context);
        if (!artifact.key.endsWith("-start")) return prepared;
        throw new PluginError({
          code: "runtime/trap",
          phase: "preparation",
          message: "It did not run.",
        });
      },
    }),
  },
  {
    fault: "prepares for callers who have gone",
    breaks: ["preparation/signal"],
    how: () => ({
      prepare:
        (prepare) =>
        (artifact, { limits }) =>
          prepare(artifact, { limits }),
    }),
  },
  {
    fault: "leaves guests open",
    breaks: ["closing/idle", "closing/running"],
    how: () => ({ close: () => async () => undefined }),
  },
  {
    fault: "closes a guest but once",
    breaks: ["closing/idle"],
    how: () => ({
      close: (close) => {
        let isClosed = false;
        return async () => {
          if (isClosed) throw new Error("closed already");
          isClosed = true;
          await close();
        };
      },
    }),
  },
  {
    fault: "leaves a timer running after an answer",
    breaks: ["stopping/late"],
    how: () => ({
      instantiate: (instantiate) => async (context) => {
        const guest = await instantiate(context);
        if (context.deadline.remainingMs() < 1_000) {
          setTimeout(() => void guest.close(), context.deadline.remainingMs());
        }
        return guest;
      },
    }),
  },
  {
    fault: "does not look at deadlines",
    breaks: [
      "host-calls/stopped",
      "stopping/before",
      "stopping/bulk",
      "stopping/deadline",
      "stopping/signal",
      "stopping/start",
    ],
    isolate: "worker",
    how: () => ({
      call: (call) => (exportName, args) =>
        call(exportName, args, { deadline: deadlineOf(20_000) }),
    }),
  },
  {
    fault: "gives up on endless guests before they have run",
    breaks: ["bounds/fuel", "stopping/bulk", "stopping/deadline", "stopping/signal"],
    how: () => ({
      call: (call) => async (exportName, args, context) => {
        if (/"loop"|"fill"/u.test(args[1] ?? "")) throw context.deadline.error("The guest");
        return await call(exportName, args, context);
      },
    }),
  },
  {
    fault: "answers what it is not asked",
    breaks: [
      "host-calls/answered",
      "host-calls/bounded",
      "host-calls/closed",
      "host-calls/stopped",
    ],
    isolate: "worker",
    how: () => ({
      instantiate: (instantiate) => (context) =>
        instantiate({ ...context, hostCalls: { ...context.hostCalls, answer: async () => "[]" } }),
    }),
  },
  {
    fault: "lets a guest ask without end",
    breaks: ["host-calls/bounded"],
    isolate: "worker",
    how: () => limiting({ hostCalls: 1_000_000 }),
  },
  {
    fault: "leaves host calls running",
    breaks: ["host-calls/closed", "host-calls/stopped"],
    isolate: "worker",
    how: () => ({
      instantiate: (instantiate) => (context) =>
        instantiate({
          ...context,
          hostCalls: {
            ...context.hostCalls,
            answer: (question, call) =>
              context.hostCalls.answer(question, { ...call, signal: new AbortController().signal }),
          },
        }),
    }),
  },
];
