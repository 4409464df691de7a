import { conformanceLimits } from "../limits.ts";
import type { Artifact } from "../runtime/backend.ts";
import { expectCount } from "./answer-rules.ts";
import { grownTo } from "./bound-rules.ts";
import { expectAnswer, expectEqual, expectFailure, fail } from "./conformance-expectation.ts";
import type { ConformanceRule } from "./conformance-rule.ts";

const callMs = conformanceLimits.callMs.default;
const memoryBytes = conformanceLimits.memoryBytes.default;

/** What a backend says of itself, and what it does before any call. */
export const preparationRules: readonly ConformanceRule[] = [
  {
    name: "selection/declared",
    promise: "the backend has a name, and says by the declared runtime alone what it runs",
    async check({ backend, runtime }) {
      if (typeof backend.name !== "string" || backend.name === "") fail("The backend has no name.");
      for (let asked = 0; asked < 2; asked += 1) {
        expectEqual(backend.supports(runtime), true, "What the backend says of its runtime");
      }
    },
  },
  {
    name: "preparation/not-run",
    promise: "preparing a guest runs none of it",
    lifetime: "call",
    async check(subject) {
      for (const behaviour of ["looping-start", "trapping-start"] as const) {
        const prepared = subject.prepare(subject.artifact(behaviour));
        await expectAnswer(subject, prepared, callMs, `Preparing a ${behaviour} guest`);
      }
    },
  },
  {
    name: "preparation/once",
    promise: "a guest of the same key is prepared once: its bytes are not read again",
    async check(subject) {
      let reads = 0;
      const artifact = subject.artifact("obedient", newKey("once"));
      const counted: Artifact = {
        ...artifact,
        get bytes() {
          reads += 1;
          return artifact.bytes;
        },
      };
      await expectCount(subject, await subject.open(await subject.prepare(counted)), 1);
      const before = reads;
      await expectCount(subject, await subject.open(await subject.prepare(counted)), 1);
      expectEqual(reads - before, 0, "How often the bytes were read again");
    },
  },
  {
    name: "preparation/apart",
    promise: "guests of different keys are different guests",
    lifetime: "call",
    async check(subject) {
      await expectCount(subject, await subject.open(), 1);
      const artifact = subject.artifact("trapping-start", newKey("apart"));
      const work = async () => {
        const guest = await subject.open(await subject.prepare(artifact));
        await subject.call(guest, { do: "count" });
      };
      await expectFailure(subject, work(), ["runtime/trap"], callMs, "A guest of another key");
      await expectCount(subject, await subject.open(), 1);
    },
  },
  {
    name: "preparation/limits",
    promise: "a guest of the same key keeps the limits of this preparation, not of an earlier one",
    limit: "memoryBytes",
    async check(subject) {
      const most = await grownTo(subject, { do: "hoard" }, { memoryBytes });
      const least = await grownTo(subject, { do: "hoard" }, { memoryBytes: memoryBytes / 2 });
      const again = await grownTo(subject, { do: "hoard" }, { memoryBytes });
      if (least * 2 > most)
        fail(`Half the memory let the guest come to ${least} of ${most} pages.`);
      expectEqual(again, most, "The pages that the guest came to at last");
    },
  },
  {
    name: "preparation/invalid",
    promise: "code that does not validate is refused, and spoils no other guest",
    lifetime: "call",
    async check(subject) {
      const invalid = subject.artifact("invalid");
      const work = async () => {
        const guest = await subject.open(await subject.prepare(invalid));
        await subject.call(guest, { do: "count" });
      };
      const codes = ["artifact/malformed", "artifact/unsupported"] as const;
      for (let time = 0; time < 2; time += 1) {
        await expectFailure(subject, work(), codes, callMs, "Code that does not validate");
      }
      await expectCount(subject, await subject.open(), 1);
    },
  },
  {
    name: "preparation/signal",
    promise: "a preparation whose signal has fired is runtime/aborted, and can be asked for again",
    async check(subject) {
      const artifact = subject.artifact("obedient", newKey("signal"));
      const given = subject.prepare(artifact, { signal: AbortSignal.abort() });
      await expectFailure(subject, given, ["runtime/aborted"], 0, "A preparation given up before");
      await expectCount(subject, await subject.open(await subject.prepare(artifact)), 1);
    },
  },
];

/** A key that nothing was prepared under. */
function newKey(purpose: string): string {
  return `conformance ${purpose} ${crypto.randomUUID()}`;
}
