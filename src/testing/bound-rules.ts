import { conformanceLimits } from "../limits.ts";
import { expectCount } from "./answer-rules.ts";
import { expectAnswer, expectEqual, expectFailure, fail } from "./conformance-expectation.ts";
import type { ConformanceRule, Order, Subject } from "./conformance-rule.ts";

const pageBytes = 65_536;
const callMs = conformanceLimits.callMs.default;
const outputBytes = conformanceLimits.outputBytes.default;
const memoryBytes = conformanceLimits.memoryBytes.default;
const tableElements = conformanceLimits.tableElements.default;
const fuel = conformanceLimits.fuel.default;
/** Until a backend that does not count fuel is told by the clock. */
const fuelMs = 25 * conformanceLimits.stoppedCallMs.default;

/** What bounds a guest's answer, memory, stack and fuel. */
export const boundRules: readonly ConformanceRule[] = [
  {
    name: "bounds/output",
    promise: "an output at limits.outputBytes is taken, and one over it is output/too-large",
    limit: "outputBytes",
    async check(subject) {
      const limits = { outputBytes };
      const guest = await subject.open(undefined, { limits });
      const atLimit = subject.call(guest, { do: "output", bytes: outputBytes });
      const { output } = await expectAnswer(subject, atLimit, callMs, "An output at its limit");
      // Characters of two bytes: the limit is one of bytes.
      expectEqual(output, "é".repeat(outputBytes / 2), "The output at its limit");
      const past = subject.call(guest, { do: "output", bytes: outputBytes + 2 });
      await expectFailure(subject, past, ["output/too-large"], callMs, "An output over its limit");
    },
  },
  {
    name: "bounds/utf8",
    promise: "an output that is not UTF-8 is output/malformed, and never mended",
    async check(subject) {
      const guest = await subject.open();
      const call = subject.call(guest, { do: "garble" });
      await expectFailure(subject, call, ["output/malformed"], callMs, "An output of bad UTF-8");
    },
  },
  {
    name: "bounds/memory",
    promise: "memory grows up to limits.memoryBytes, and past it fails inside the guest",
    limit: "memoryBytes",
    async check(subject) {
      const pages = await grownTo(subject, { do: "hoard" }, { memoryBytes });
      expectWithin(pages, memoryBytes / pageBytes, "pages of memory");
    },
  },
  {
    name: "bounds/tables",
    promise: "a table grows up to limits.tableElements, and past it fails inside the guest",
    limit: "tableElements",
    async check(subject) {
      const elements = await grownTo(subject, { do: "slots" }, { tableElements });
      expectWithin(elements, tableElements, "elements of a table");
    },
  },
  {
    name: "bounds/stack",
    promise: "endless recursion is runtime/stack-exhausted, and the host goes on",
    async check(subject) {
      const prepared = await subject.prepare();
      const guest = await subject.open(prepared);
      const call = subject.call(guest, { do: "deepen" });
      await expectFailure(subject, call, ["runtime/stack-exhausted"], callMs, "Endless recursion");
      await expectCount(subject, await subject.open(prepared), 1);
    },
  },
  {
    name: "bounds/fuel",
    promise: "a guest that uses up limits.fuel is runtime/out-of-fuel",
    limit: "fuel",
    async check(subject) {
      const prepared = await subject.prepare(undefined, { limits: { fuel } });
      const guest = await subject.open(prepared, { limits: { fuel } });
      const call = subject.call(guest, { do: "loop" }, { budgetMs: fuelMs });
      await expectFailure(subject, call, ["runtime/out-of-fuel"], fuelMs, "A loop on a budget");
    },
  },
  {
    name: "bounds/fuel-each-call",
    promise: "fuel is the same for the same work, and every call has its own budget",
    limit: "fuel",
    lifetime: "call",
    async check(subject) {
      const prepared = await subject.prepare(undefined, { limits: { fuel } });
      const guest = await subject.open(prepared, { limits: { fuel } });
      const spent = new Set<number | undefined>();
      for (let call = 0; call < 3; call += 1) {
        const reply = await subject.call(guest, { do: "output", bytes: outputBytes });
        spent.add(reply.usage.fuel);
      }
      const [first] = spent;
      if (first === undefined || first < 1)
        fail("The reply does not tell the fuel that was spent.");
      if (spent.size > 1) fail(`The same work took ${[...spent].join(", ")} units of fuel.`);
      const limits = { fuel: first };
      const exact = await subject.open(await subject.prepare(undefined, { limits }), { limits });
      for (let call = 0; call < 2; call += 1) {
        const work = subject.call(exact, { do: "output", bytes: outputBytes });
        await expectAnswer(subject, work, callMs, "A call with just enough fuel");
      }
    },
  },
];

/** How far a guest came that grows something until that fails. */
export async function grownTo(
  subject: Subject,
  order: Order,
  limits: { readonly memoryBytes?: number; readonly tableElements?: number },
): Promise<number> {
  const guest = await subject.open(await subject.prepare(undefined, { limits }), { limits });
  const call = subject.call(guest, order);
  const { output } = await expectAnswer(subject, call, callMs, "A guest that grows");
  return Number(output);
}

function expectWithin(reached: number, most: number, what: string): void {
  if (reached > most) fail(`The guest came to ${reached} ${what}, and ${most} are allowed.`);
  if (!(reached > most / 2)) fail(`The guest came to ${reached} of ${most} ${what} it may have.`);
}
