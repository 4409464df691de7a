import { startDeadline } from "../deadline.ts";
import { conformanceLimits } from "../limits.ts";
import type { GuestInstance, PreparedGuest } from "../runtime/backend.ts";
import { expectCount } from "./answer-rules.ts";
import { expectEnded, expectFailure, fail } from "./conformance-expectation.ts";
import type { ConformanceRule, Subject } from "./conformance-rule.ts";

const budgetMs = conformanceLimits.stoppedCallMs.default;
const callMs = conformanceLimits.callMs.default;

/** Deadlines, signals, faults and closing: how guests end, and what goes on after them. */
export const stoppingRules: readonly ConformanceRule[] = [
  {
    name: "stopping/deadline",
    promise: "an endless loop ends at its deadline as runtime/timeout, and not before",
    limit: "timeoutMs",
    async check(subject) {
      await expectStopped(subject, "loop");
    },
  },
  {
    name: "stopping/bulk",
    promise: "an endless loop of bulk operations ends at its deadline as runtime/timeout",
    limit: "timeoutMs",
    async check(subject) {
      await expectStopped(subject, "fill");
    },
  },
  {
    name: "stopping/start",
    promise: "an endless start function ends at the deadline as runtime/timeout",
    limit: "timeoutMs",
    lifetime: "call",
    async check(subject) {
      const prepared = await subject.prepare(subject.artifact("looping-start"));
      const entered = openAndCall(subject, prepared, budgetMs);
      await expectFailure(subject, entered, ["runtime/timeout"], 2 * budgetMs, "An endless start");
    },
  },
  {
    name: "stopping/signal",
    promise: "a signal that fires ends the call as runtime/aborted, before its deadline",
    async check(subject) {
      const guest = await subject.open();
      const signal = AbortSignal.timeout(budgetMs);
      const startedAt = performance.now();
      const call = subject.call(guest, { do: "loop" }, { signal, budgetMs: 10 * budgetMs });
      // While an isolate holds the caller's own thread, no signal fires in it.
      const isHeld = performance.now() - startedAt > 9 * budgetMs;
      const codes = [isHeld ? "runtime/timeout" : "runtime/aborted"] as const;
      await expectFailure(subject, call, codes, 10 * budgetMs, "A call with a signal");
    },
  },
  {
    name: "stopping/before",
    promise: "a call whose deadline is over does not reach the guest",
    async check(subject) {
      const prepared = await subject.prepare();
      const guest = await subject.open(prepared);
      const call = subject.call(guest, { do: "count" }, { signal: AbortSignal.abort() });
      await expectFailure(subject, call, ["runtime/aborted"], 0, "A call that was given up before");
      await expectCount(subject, await living(subject, prepared, guest), 1);
    },
  },
  {
    name: "stopping/late",
    promise: "a deadline that ends after the answer does nothing to the guest",
    async check(subject) {
      const prepared = await subject.prepare();
      const guest = await answeredInTime(subject, prepared, budgetMs);
      if (!guest.isAlive) fail("The guest ended by the deadline of a call that was answered.");
      await expectCount(subject, guest, subject.lifetime === "call" ? 1 : 2);
    },
  },
  {
    name: "faults/trap",
    promise: "a trap is runtime/trap, and the next call finds a fresh guest",
    lifetime: "call",
    async check(subject) {
      const prepared = await subject.prepare();
      const guest = await subject.open(prepared);
      await expectTrap(subject, guest);
      await expectCount(subject, await living(subject, prepared, guest), 1);
    },
  },
  {
    name: "faults/ends-instance",
    promise: "an instance that trapped is never entered again",
    lifetime: "instance",
    async check(subject) {
      const guest = await subject.open();
      await expectTrap(subject, guest);
      await expectEnded(subject, guest);
    },
  },
  {
    name: "faults/apart",
    promise: "a trap in one guest leaves the others of its preparation alone",
    async check(subject) {
      const prepared = await subject.prepare();
      const [trapping, other] = [await subject.open(prepared), await subject.open(prepared)];
      await expectTrap(subject, trapping);
      if (!other.isAlive) fail("A trap in one guest ended another one.");
      await expectCount(subject, other, 1);
    },
  },
  {
    name: "faults/start",
    promise: "a trap in a start function, or in placing data, is runtime/trap",
    lifetime: "call",
    async check(subject) {
      for (const behaviour of ["trapping-start", "trapping-data"] as const) {
        const prepared = await subject.prepare(subject.artifact(behaviour));
        const entered = openAndCall(subject, prepared, callMs);
        await expectFailure(subject, entered, ["runtime/trap"], 2 * callMs, `A ${behaviour} guest`);
      }
    },
  },
  {
    name: "closing/idle",
    promise: "a guest that was closed takes no calls, and closing it again does nothing",
    async check(subject) {
      const guest = await subject.open();
      await expectCount(subject, guest, 1);
      await guest.close();
      await expectEnded(subject, guest);
      await guest.close();
    },
  },
  {
    name: "closing/running",
    promise: "closing a guest settles the call that it is in",
    async check(subject) {
      const guest = await subject.open();
      const call = subject.call(guest, { do: "loop" }, { budgetMs });
      // An isolate without a thread of its own comes back only at the deadline.
      const codes = ["instance/stopped", "runtime/lost", "runtime/timeout"] as const;
      const failure = expectFailure(subject, call, codes, budgetMs, "A call while closing");
      failure.catch(() => undefined);
      await guest.close();
      await failure;
      await expectEnded(subject, guest);
    },
  },
];

async function expectStopped(subject: Subject, endless: "loop" | "fill"): Promise<void> {
  const prepared = await subject.prepare();
  const guest = await subject.open(prepared);
  const startedAt = performance.now();
  const call = subject.call(guest, { do: endless }, { budgetMs });
  await expectFailure(subject, call, ["runtime/timeout"], budgetMs, "An endless call");
  // Timers may fire a little early.
  if (performance.now() - startedAt < budgetMs * 0.9) fail("The call ended before its deadline.");
  if (subject.lifetime === "instance") await expectEnded(subject, guest);
  await expectCount(subject, await living(subject, prepared, guest), 1);
}

async function expectTrap(subject: Subject, guest: GuestInstance): Promise<void> {
  const call = subject.call(guest, { do: "trap" });
  await expectFailure(subject, call, ["runtime/trap"], callMs, "A trap");
}

/** A guest that has answered one call, after the deadline of that call; a slow machine gets more time. */
async function answeredInTime(
  subject: Subject,
  prepared: PreparedGuest,
  withinMs: number,
): Promise<GuestInstance> {
  const deadline = startDeadline({ budgetMs: 1.2 * withinMs });
  const hasEnded = new Promise((resolve) => deadline.onEnd(resolve));
  try {
    const guest = await subject.open(prepared, { budgetMs: withinMs });
    await subject.call(guest, { do: "count" }, { budgetMs: deadline.remainingMs() });
    await hasEnded;
    return guest;
  } catch (error) {
    if (withinMs > callMs) throw error;
    return await answeredInTime(subject, prepared, 4 * withinMs);
  }
}

/** The guest if it takes further calls, and another one if it does not; both are allowed. */
async function living(
  subject: Subject,
  prepared: PreparedGuest,
  guest: GuestInstance,
): Promise<GuestInstance> {
  return guest.isAlive ? guest : await subject.open(prepared);
}

/** Some backends instantiate when a guest is opened, others when it is called. */
async function openAndCall(
  subject: Subject,
  prepared: PreparedGuest,
  withinMs: number,
): Promise<void> {
  const guest = await subject.open(prepared, { budgetMs: withinMs });
  await subject.call(guest, { do: "count" }, { budgetMs: withinMs });
}
