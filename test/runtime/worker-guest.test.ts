import { describe, expect, it } from "vitest";
import { startDeadline } from "../../src/deadline.ts";
import { defaultLimits, guestLimits, hostCallLimits, isolationLimits } from "../../src/limits.ts";
import type { InstantiateContext } from "../../src/runtime/backend.ts";
import type { GuestImage } from "../../src/runtime/isolation/guest-image.ts";
import { type OwnerMessage, readGuestMessage } from "../../src/runtime/isolation/guest-messages.ts";
import { openWorkerGuest } from "../../src/runtime/isolation/worker-guest.ts";
import type { WorkerEnd, WorkerPort } from "../../src/runtime/isolation/worker-port.ts";

/** A worker that answers as a test says, so that what its owner does about it can be seen. */
class ScriptedWorker implements WorkerPort {
  readonly posted: OwnerMessage[] = [];
  /** Settles when the owner terminates the worker. */
  readonly terminated: Promise<void>;
  say: (message: unknown) => void = () => {};
  end: (end: WorkerEnd) => void = () => {};
  readonly #answer: (message: OwnerMessage, worker: ScriptedWorker) => void;
  #terminate: () => void = () => {};

  constructor(answer: (message: OwnerMessage, worker: ScriptedWorker) => void) {
    this.#answer = answer;
    this.terminated = new Promise((resolve) => {
      this.#terminate = resolve;
    });
  }
  post(message: unknown) {
    this.posted.push(message as OwnerMessage);
    queueMicrotask(() => this.#answer(message as OwnerMessage, this));
  }
  onMessage(listener: (message: unknown) => void) {
    this.say = listener;
  }
  onEnd(listener: (end: WorkerEnd) => void) {
    this.end = listener;
  }
  terminate() {
    this.#terminate();
  }
  ref() {}
  unref() {}
}

const limits = { ...defaultLimits(guestLimits), startTimeoutMs: 5 };
const image = { format: "core", hostImports: [] } as unknown as GuestImage;
const answer = { type: "answer", output: "{}", log: [], fuel: 7 };

function context(lifetime: "call" | "instance" = "call"): InstantiateContext {
  return {
    limits,
    lifetime,
    isolate: {} as never,
    hostCalls: {} as never,
    deadline: startDeadline({ budgetMs: 60_000 }),
    onLog: () => {},
  };
}

describe("a worker that misbehaves", () => {
  it("and does not get ready for the next call within startTimeoutMs is terminated", async () => {
    const worker = new ScriptedWorker((message, { say }) => {
      say(answer);
      if (message.type === "open") say({ type: "prepared" });
    });
    using opening = context().deadline;
    const guest = await openWorkerGuest(worker, image, { ...context(), deadline: opening });
    using deadline = startDeadline({ budgetMs: 60_000 });
    expect(await guest.call("call", [], { deadline })).toEqual({
      output: "{}",
      usage: { fuel: 7 },
    });
    await worker.terminated;
    expect(guest.isAlive).toBe(false);
  });

  it("and does not stop its guest within stopGraceMs is terminated", async () => {
    const worker = new ScriptedWorker((message, { say }) => {
      if (message.type === "open") say(answer);
    });
    using opening = startDeadline({ budgetMs: 60_000 });
    const guest = await openWorkerGuest(worker, image, { ...context(), deadline: opening });
    using deadline = startDeadline({ budgetMs: 5 });
    const began = performance.now();
    await expect(guest.call("call", [], { deadline })).rejects.toMatchObject({
      code: "runtime/timeout",
    });
    expect(performance.now() - began).toBeGreaterThanOrEqual(isolationLimits.stopGraceMs.default);
    expect(guest.isAlive).toBe(false);
  });

  it("and ends by itself rejects what was in flight, and says if it was for want of memory", async () => {
    for (const [isOutOfMemory, code] of [
      [false, "runtime/lost"],
      [true, "runtime/limit"],
    ] as const) {
      const worker = new ScriptedWorker((message, { say, end }) => {
        if (message.type === "open") say(answer);
        else end({ isOutOfMemory });
      });
      using opening = startDeadline({ budgetMs: 60_000 });
      const guest = await openWorkerGuest(worker, image, { ...context(), deadline: opening });
      using deadline = startDeadline({ budgetMs: 60_000 });
      await expect(guest.call("call", [], { deadline })).rejects.toMatchObject({ code });
      await expect(guest.call("call", [], { deadline })).rejects.toMatchObject({
        code: "runtime/lost",
      });
    }
  });

  it.each([undefined, null, 7, {}, { type: "answer" }, { type: "answer", output: 7 }, []])(
    "and sends %j is not believed",
    async (rubbish) => {
      const worker = new ScriptedWorker((_, { say }) => say(rubbish));
      using opening = startDeadline({ budgetMs: 60_000 });
      await expect(
        openWorkerGuest(worker, image, { ...context(), deadline: opening }),
      ).rejects.toMatchObject({ code: "runtime/trap" });
    },
  );
});

describe("a message from inside an isolate", () => {
  it("has at most outputBytes of output", () => {
    const read = (size: number) =>
      readGuestMessage({ ...answer, output: "x".repeat(size) }, limits).type;
    expect(read(limits.outputBytes)).toBe("answer");
    expect(read(limits.outputBytes + 1)).toBe("fault");
  });

  it("has at most logBytes of log", () => {
    const log = [{ stream: "stdout", text: "x".repeat(limits.logBytes) }, { text: "more" }];
    const message = readGuestMessage({ ...answer, log }, limits);
    expect(message.type === "answer" && message.log.length).toBe(1);
    const tooLong = [{ stream: "stdout", text: "x".repeat(limits.logBytes + 1) }];
    const cut = readGuestMessage({ ...answer, log: tooLong }, limits);
    expect(cut.type === "answer" && cut.log.length).toBe(0);
  });

  it("asks the host with at most questionBytes in an argument, and a few arguments", () => {
    const ask = (...args: unknown[]) =>
      readGuestMessage(
        { type: "host-call", question: { interface: "a", function: "b", args } },
        limits,
      ).type;
    const most = hostCallLimits.questionBytes.default;
    expect(ask("x".repeat(most), 7)).toBe("host-call");
    expect(ask("x".repeat(most + 1))).toBe("fault");
    expect(ask(...new Array(hostCallLimits.arguments.default).fill("a"))).toBe("host-call");
    expect(ask(...new Array(hostCallLimits.arguments.default + 1).fill("a"))).toBe("fault");
    expect(ask({ toString: "no" })).toBe("fault");
    expect(ask(1.5)).toBe("fault");
  });

  it("names no fault that is not on the list, and quotes no more than a little", () => {
    const fault = { code: "grant/denied", message: "m".repeat(5000) };
    const message = readGuestMessage({ type: "fault", fault }, limits);
    expect(message).toMatchObject({ type: "fault", fault: { code: "runtime/trap" } });
    expect(message.type === "fault" && message.fault.message.length).toBe(1024);
  });
});
