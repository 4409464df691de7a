import type { HostCalls } from "../host-api/host-call.ts";
import { conformanceLimits } from "../limits.ts";
import { expectAnswer, expectEqual, expectFailure, fail } from "./conformance-expectation.ts";
import type { ConformanceRule } from "./conformance-rule.ts";

type Question = Parameters<HostCalls["answer"]>[0];

const callMs = conformanceLimits.callMs.default;
const budgetMs = conformanceLimits.stoppedCallMs.default;
/** Until a guest must have asked, also on a slow machine. */
const askedMs = 40 * budgetMs;
const { default: mostCalls } = conformanceLimits.hostCalls;

/** What a guest asks the host, how it is answered, and what ends that. */
export const hostCallRules: readonly ConformanceRule[] = [
  {
    name: "host-calls/answered",
    promise: "what a guest asks reaches the host as it is, and so does the answer the guest",
    lifetime: "call",
    needs: "hostCalls",
    async check(subject) {
      const questions: Question[] = [];
      // Longer than what our own isolates carry at once, and not a number of whole characters of it.
      const text = `{"content":"${"é🗾".repeat(20_000)}"}`;
      const limits = { outputBytes: 4 * text.length };
      const guest = await subject.open(await subject.prepare(subject.artifact("asking")), {
        limits,
        answer: async (question) => {
          questions.push(question);
          return questions.length === 1 ? text : "{}";
        },
      });
      const orders = ["京都", "second"].map((asked) => ({ do: "ask", text: asked }) as const);
      for (const [index, order] of orders.entries()) {
        const call = subject.call(guest, order);
        const { output } = await expectAnswer(subject, call, callMs, "A call that asks the host");
        if (output !== (index === 0 ? text : "{}")) fail("The guest got another answer.");
        const {
          interface: name,
          function: target,
          args,
        } = questions[index] ?? fail("No question.");
        expectEqual(`${name} ${target}`, "yoi:host/fs@1.0.0 read", "What the guest asked for");
        expectEqual(args.length, 1, "The number of arguments");
        expectEqual(args[0], JSON.stringify(order), "The argument");
      }
    },
  },
  {
    name: "host-calls/stopped",
    promise: "a guest that waits for the host ends at its deadline, and so does what it waits for",
    lifetime: "call",
    needs: "hostCalls",
    async check(subject) {
      const host = endlessHost();
      const prepared = await subject.prepare(subject.artifact("asking"));
      const guest = await subject.open(prepared, { answer: host.answer });
      // Enough that the question is asked, also on a slow machine.
      const waitMs = 10 * budgetMs;
      const call = subject.call(guest, { do: "ask", text: "" }, { budgetMs: waitMs });
      await expectFailure(subject, call, ["runtime/timeout"], waitMs, "A call that waits");
      await expectAnswer(subject, host.stopped, 0, "The end of what the guest waited for");
    },
  },
  {
    name: "host-calls/closed",
    promise: "closing a guest that waits for the host ends its call, and what it waits for",
    lifetime: "call",
    needs: "hostCalls",
    async check(subject) {
      const host = endlessHost();
      const prepared = await subject.prepare(subject.artifact("asking"));
      const guest = await subject.open(prepared, { answer: host.answer });
      const call = subject.call(guest, { do: "ask", text: "" });
      const codes = ["instance/stopped", "runtime/lost"] as const;
      const failure = expectFailure(
        subject,
        call,
        codes,
        callMs,
        "A call that waits while closing",
      );
      // Whatever else goes wrong first is what is told.
      failure.catch(() => undefined);
      await expectAnswer(subject, host.asked, askedMs, "The guest's question");
      await guest.close();
      await failure;
      await expectAnswer(subject, host.stopped, 0, "The end of what the guest waited for");
    },
  },
  {
    name: "host-calls/bounded",
    promise: "the host is asked limits.hostCalls times in a call, and one more is runtime/limit",
    limit: "hostCalls",
    lifetime: "call",
    needs: "hostCalls",
    async check(subject) {
      let asked = 0;
      const guest = await subject.open(await subject.prepare(subject.artifact("asking")), {
        limits: { hostCalls: mostCalls },
        answer: async () => {
          asked += 1;
          return "{}";
        },
      });
      for (const calls of [1, 2]) {
        const beg = subject.call(guest, { do: "beg", text: "" }, { budgetMs: askedMs });
        await expectFailure(subject, beg, ["runtime/limit"], askedMs, "A guest that begs");
        expectEqual(asked, calls * mostCalls, "How often the host was asked");
      }
    },
  },
];

/** A host that never answers of itself, and tells when it was asked and when that was given up. */
function endlessHost(): {
  readonly answer: HostCalls["answer"];
  readonly asked: Promise<void>;
  readonly stopped: Promise<void>;
} {
  let tellAsked: () => void = () => undefined;
  let tellStopped: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    tellAsked = resolve;
  });
  const stopped = new Promise<void>((resolve) => {
    tellStopped = resolve;
  });
  const answer: HostCalls["answer"] = async (_, { signal }) => {
    tellAsked();
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
    tellStopped();
    return "{}";
  };
  return { answer, asked, stopped };
}
