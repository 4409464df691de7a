import type { HostCalls } from "../host-api/host-call.ts";
import { conformanceLimits } from "../limits.ts";
import { expectAnswer, expectEqual, expectFailure, fail } from "./conformance-expectation.ts";
import type { ConformanceRule } from "./conformance-rule.ts";

type Question = Parameters<HostCalls["answer"]>[0];

const callMs = conformanceLimits.callMs.default;
const budgetMs = conformanceLimits.stoppedCallMs.default;
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
      let isStopped = false;
      const guest = await subject.open(await subject.prepare(subject.artifact("asking")), {
        answer: (_, { signal }) =>
          new Promise((resolve) => {
            const stop = () => {
              isStopped = true;
              resolve("{}");
            };
            if (signal.aborted) stop();
            else signal.addEventListener("abort", stop, { once: true });
          }),
      });
      // Enough that the question is asked, also on a slow machine.
      const waitMs = 10 * budgetMs;
      const call = subject.call(guest, { do: "ask", text: "" }, { budgetMs: waitMs });
      await expectFailure(subject, call, ["runtime/timeout"], waitMs, "A call that waits");
      if (!isStopped) fail("What the guest waited for went on after its deadline.");
    },
  },
  {
    name: "host-calls/bounded",
    promise: "the host is asked limits.hostCalls times in a call, and one more is runtime/limit",
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
        const beg = subject.call(guest, { do: "beg", text: "" }, { budgetMs: 40 * budgetMs });
        await expectFailure(subject, beg, ["runtime/limit"], 40 * budgetMs, "A guest that begs");
        expectEqual(asked, calls * mostCalls, "How often the host was asked");
      }
    },
  },
];
