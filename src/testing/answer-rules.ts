import { conformanceLimits } from "../limits.ts";
import type { GuestReply } from "../runtime/backend.ts";
import { expectAnswer, expectEqual, fail } from "./conformance-expectation.ts";
import type { ConformanceRule, Subject } from "./conformance-rule.ts";

/** What goes in and comes out, and what stays of it. */
export const answerRules: readonly ConformanceRule[] = [
  {
    name: "answers/output",
    promise: "a call is answered with exactly what the guest gave",
    async check(subject) {
      const guest = await subject.open();
      for (const text of [
        "",
        "京都 \u{1f5fe}\u200d\ufeff",
        '\\u0000 "quoted" \\',
        "x".repeat(2_000),
      ]) {
        const order = { do: "echo", text } as const;
        const { output } = await answer(subject, subject.call(guest, order));
        expectEqual(output, JSON.stringify(order), "The output of echo");
      }
    },
  },
  {
    name: "answers/arguments",
    promise: "the guest gets the name of the tool",
    async check(subject) {
      const guest = await subject.open();
      const name = "prévision_京都";
      const { output } = await answer(subject, subject.call(guest, { do: "name" }, { name }));
      expectEqual(output, name, "The name that the guest got");
    },
  },
  {
    name: "answers/fresh",
    promise: "every call has an instance that no call has seen",
    lifetime: "call",
    async check(subject) {
      const prepared = await subject.prepare();
      const guests = [await subject.open(prepared), await subject.open(prepared)];
      for (const guest of [...guests, ...guests]) await expectCount(subject, guest, 1);
    },
  },
  {
    name: "answers/lasting",
    promise: "an instance keeps its state from call to call, and shares it with no other",
    lifetime: "instance",
    async check(subject) {
      const prepared = await subject.prepare();
      const [first, second] = [await subject.open(prepared), await subject.open(prepared)];
      for (const count of [1, 2, 3]) await expectCount(subject, first, count);
      await expectCount(subject, second, 1);
      await expectCount(subject, first, 4);
    },
  },
  {
    name: "answers/exports",
    promise:
      "each of the world's exports is called by its name, and all share the instance's state",
    lifetime: "instance",
    async check(subject) {
      const guest = await subject.open();
      const give = async (name: string, args: readonly string[], expected: string) => {
        const { output } = await answer(subject, subject.callExport(guest, name, args));
        expectEqual(output, expected, `The output of ${name}`);
      };
      const state = '{"state":"ready"}';
      await give("start", ["null"], state);
      await give("handle-tool", ["run", '{"do":"count"}'], "11");
      await give("handle-ingress", ["room", '{"do":"count"}'], "22");
      await give("status", [], state);
      await give("handle-ingress", ["room", '{"do":"name"}'], "room");
      await give("handle-tool", ["run", '{"do":"count"}'], "44");
      await give("stop", [], state);
    },
  },
  {
    name: "answers/side-by-side",
    promise: "guests of one preparation answer side by side, each its own caller",
    async check(subject) {
      const prepared = await subject.prepare();
      const opened = [1, 2, 3].map(() => subject.open(prepared));
      const guests = await answer(subject, Promise.all(opened));
      const orders = guests.map((_, index) => ({ do: "echo", text: `caller ${index}` }) as const);
      const replies = await answer(
        subject,
        Promise.all(guests.map((guest, index) => subject.call(guest, orders[index] ?? fail("")))),
      );
      for (const [index, { output }] of replies.entries()) {
        expectEqual(output, JSON.stringify(orders[index]), `The output for caller ${index}`);
      }
    },
  },
  {
    name: "answers/usage",
    promise: "what a call used is told as whole numbers, or not at all",
    async check(subject) {
      const guest = await subject.open();
      const { usage } = await answer(subject, subject.call(guest, { do: "count" }));
      if (typeof usage !== "object" || usage === null) fail("The reply has no usage.");
      const { fuel } = usage;
      if (fuel !== undefined && !(Number.isSafeInteger(fuel) && fuel >= 0)) {
        fail("The fuel of the reply is no whole number of at least 0.");
      }
    },
  },
];

/** Expects that this is the guest's so many-th call, by a count in a global and one in memory. */
export async function expectCount(
  subject: Subject,
  guest: Parameters<Subject["call"]>[0],
  count: number,
): Promise<void> {
  const { output } = await answer(subject, subject.call(guest, { do: "count" }));
  expectEqual(output, `${count}${count}`, "The guest's counts of its calls");
}

function answer<Value = GuestReply>(subject: Subject, work: Promise<Value>): Promise<Value> {
  return expectAnswer(subject, work, conformanceLimits.callMs.default, "The call");
}
