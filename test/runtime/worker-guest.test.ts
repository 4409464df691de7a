import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startDeadline } from "../../src/deadline.ts";
import type { HostCalls } from "../../src/host-api/host-call.ts";
import { defaultLimits, guestLimits, hostCallLimits, isolationLimits } from "../../src/limits.ts";
import type { InstantiateContext } from "../../src/runtime/backend.ts";
import type { GuestImage } from "../../src/runtime/isolation/guest-image.ts";
import {
  type OwnerMessage,
  type OwnerNote,
  readGuestMessage,
} from "../../src/runtime/isolation/guest-messages.ts";
import { openWorkerGuest } from "../../src/runtime/isolation/worker-guest.ts";
import type { WorkerEnd, WorkerPort } from "../../src/runtime/isolation/worker-port.ts";

type Said = OwnerMessage | OwnerNote;

/** A worker that answers as a test says, so that what its owner does about it can be seen. */
class ScriptedWorker implements WorkerPort {
  readonly posted: Said[] = [];
  /** Settles when the owner terminates the worker. */
  readonly terminated: Promise<void>;
  say: (message: unknown) => void = () => {};
  end: (end: WorkerEnd) => void = () => {};
  readonly #answer: (message: Said, worker: ScriptedWorker) => void;
  #terminate: () => void = () => {};

  constructor(answer: (message: Said, worker: ScriptedWorker) => void) {
    this.#answer = answer;
    this.terminated = new Promise((resolve) => {
      this.#terminate = resolve;
    });
  }
  post(message: unknown) {
    this.posted.push(message as Said);
    queueMicrotask(() => this.#answer(message as Said, this));
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

describe("a worker whose engine suspends its guest, without shared memory", () => {
  const suspending = {
    format: "core",
    hostImports: [{ interface: "yoi:host/fs@1.0.0", functions: ["read"] }],
    isSuspending: true,
  } as unknown as GuestImage;
  const question = { interface: "yoi:host/fs@1.0.0", function: "read", args: ["{}"] };
  const aborted = { code: "runtime/aborted", message: "stopped" };

  beforeEach(() => vi.stubGlobal("SharedArrayBuffer", undefined));
  afterEach(() => vi.unstubAllGlobals());

  /** What the host answers, and the signals that it was given. */
  function host(reply: () => Promise<string>) {
    const signals: AbortSignal[] = [];
    const hostCalls: HostCalls = {
      answer(_, { signal }) {
        signals.push(signal);
        return reply();
      },
      async [Symbol.asyncDispose]() {},
    };
    return { signals, hostCalls };
  }

  const open = async (worker: ScriptedWorker, hostCalls: HostCalls) => {
    using opening = startDeadline({ budgetMs: 60_000 });
    return openWorkerGuest(worker, suspending, { ...context(), deadline: opening, hostCalls });
  };

  it("[host/bridge] is told the answer by a message that names the request", async () => {
    const { hostCalls } = host(async () => "the answer");
    const worker = new ScriptedWorker((message, { say }) => {
      if (message.type === "call") say({ type: "host-call", question });
      else say(answer);
    });
    const guest = await open(worker, hostCalls);
    using deadline = startDeadline({ budgetMs: 60_000 });
    await guest.call("call", [], { deadline });
    expect(worker.posted.slice(1)).toMatchObject([
      { type: "call", request: 3 },
      { type: "host-answer", request: 3, answer: "the answer" },
    ]);
    expect(worker.posted[0]).toMatchObject({ stopCell: undefined, hostChannel: undefined });
    await guest.close();
  });

  it("[stop/host-call] is told to stop in mid host call, and lives on", async () => {
    const { hostCalls, signals } = host(() => new Promise(() => {}));
    const caller = new AbortController();
    const worker = new ScriptedWorker((message, { say }) => {
      if (message.type === "open") say(answer);
      else if (message.type === "call") {
        say({ type: "host-call", question });
        caller.abort();
      } else say({ type: "fault", fault: aborted, log: [], fuel: 1, isFatal: false });
    });
    const guest = await open(worker, hostCalls);
    using deadline = startDeadline({ budgetMs: 60_000, signals: [caller.signal] });
    await expect(guest.call("call", [], { deadline })).rejects.toMatchObject({
      code: "runtime/aborted",
    });
    expect(worker.posted.at(-1)).toEqual({ type: "stop", request: 3, reason: "aborted" });
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
    expect(guest.isAlive).toBe(true);
    await guest.close();
  });

  it("[stop/host-call] whose question comes after the deadline is told to stop, and no host is asked", async () => {
    const { hostCalls, signals } = host(async () => "{}");
    const worker = new ScriptedWorker((message, { say }) => {
      if (message.type === "open") say(answer);
      else if (message.type === "stop") {
        const late = { code: "runtime/timeout", message: "stopped" };
        say({ type: "fault", fault: late, log: [], fuel: 1, isFatal: false });
      }
    });
    const guest = await open(worker, hostCalls);
    using deadline = startDeadline({ budgetMs: 5 });
    const call = guest.call("call", [], { deadline });
    deadline.onEnd(() => worker.say({ type: "host-call", question }));
    await expect(call).rejects.toMatchObject({ code: "runtime/timeout" });
    expect(signals).toEqual([]);
    expect(worker.posted.at(-1)).toEqual({ type: "stop", request: 3, reason: "timeout" });
    expect(guest.isAlive).toBe(true);
    await guest.close();
  });

  it("is terminated when the signal fires while its guest computes, and nothing could tell it", async () => {
    const { hostCalls } = host(async () => "{}");
    const caller = new AbortController();
    const worker = new ScriptedWorker((message, { say }) => {
      if (message.type === "open") say(answer);
      else caller.abort();
    });
    const guest = await open(worker, hostCalls);
    using deadline = startDeadline({ budgetMs: 60_000, signals: [caller.signal] });
    await expect(guest.call("call", [], { deadline })).rejects.toMatchObject({
      code: "runtime/aborted",
    });
    await worker.terminated;
    expect(guest.isAlive).toBe(false);
  });

  it("[host/lost] that dies in mid host call settles the call, and an answer after that goes nowhere", async () => {
    let give: (answer: string) => void = () => {};
    const { hostCalls, signals } = host(
      () =>
        new Promise((resolve) => {
          give = resolve;
        }),
    );
    const worker = new ScriptedWorker((message, { say, end }) => {
      if (message.type === "open") say(answer);
      else {
        say({ type: "host-call", question });
        end({ isOutOfMemory: false });
      }
    });
    const guest = await open(worker, hostCalls);
    using deadline = startDeadline({ budgetMs: 60_000 });
    await expect(guest.call("call", [], { deadline })).rejects.toMatchObject({
      code: "runtime/lost",
    });
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
    give("too late");
    await Promise.resolve();
    expect(worker.posted.map(({ type }) => type)).toEqual(["open", "call"]);
  });
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
