import { describe, expect, test } from "vitest";
import type { Deadline } from "../../src/deadline.ts";
import type { HostCalls } from "../../src/host-api/host-call.ts";
import { createHostBridge } from "../../src/runtime/isolation/host-bridge.ts";

const question = { interface: "yoi:host/fs@1.0.0", function: "read", args: ["{}"] };

/** What a guest is told whose question is answered with this much time left. */
async function toldWith(remainingMs: number): Promise<readonly string[]> {
  const told: string[] = [];
  const route = { begin: (answer: string) => ({ next: () => void told.push(answer) }), wake() {} };
  const hostCalls = { answer: async () => "answer" } as unknown as HostCalls;
  const bridge = createHostBridge(route, hostCalls);
  bridge.answer(question, { remainingMs: () => remainingMs } as Deadline);
  await new Promise(setImmediate);
  bridge.next();
  return told;
}

describe("[host/bridge] an answer", () => {
  test("goes to a guest that has time for it", async () => {
    expect(await toldWith(1)).toEqual(["answer"]);
  });

  test("of the last millisecond goes nowhere: the deadline ends the guest that waits", async () => {
    expect(await toldWith(0.9)).toEqual([]);
    expect(await toldWith(0)).toEqual([]);
  });
});
