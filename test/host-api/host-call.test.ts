import { describe, expect, it } from "vitest";
import type { Authority } from "../../src/grants/grants.types.ts";
import type { HostApi } from "../../src/host-api/host-api.ts";
import { openHostCalls } from "../../src/host-api/host-call.ts";
import { hostCallLimits } from "../../src/limits.ts";

const allowing = { decide: async () => ({ allowed: true }) } as unknown as Authority;
const call = { signal: new AbortController().signal, remainingMs: () => 1000 };

function api(answer: () => Promise<string>, onClose = () => {}): HostApi {
  return {
    name: "fs",
    interface: "yoi:host/fs@1.0.0",
    open: () => ({
      functions: new Map([["read", answer]]),
      [Symbol.asyncDispose]: async () => onClose(),
    }),
  };
}

const ask = (calls: ReturnType<typeof openHostCalls>, name = "read", from = "yoi:host/fs@1.0.0") =>
  calls.answer({ interface: from, function: name, args: [] }, call);

const context = { plugin: {} as never, authority: allowing };

describe("an answer", () => {
  const most = hostCallLimits.answerBytes.default;

  it("of the most bytes is given whole", async () => {
    const calls = openHostCalls([api(async () => "x".repeat(most))], context);
    expect(await ask(calls)).toHaveLength(most);
  });

  it("of one byte more is an error answer", async () => {
    const calls = openHostCalls([api(async () => "x".repeat(most + 1))], context);
    expect(JSON.parse(await ask(calls))).toMatchObject({ error: { code: "host/too-large" } });
  });

  it("to a function or interface that is not there is an error answer", async () => {
    const calls = openHostCalls([api(async () => "{}")], context);
    expect(JSON.parse(await ask(calls, "constructor"))).toMatchObject({
      error: { code: "host/unknown" },
    });
    expect(JSON.parse(await ask(calls, "read", "__proto__"))).toMatchObject({
      error: { code: "host/unknown" },
    });
  });
});

it("nothing is opened before the authority has allowed a call", async () => {
  let isOpen = false;
  const denying = {
    decide: async () => ({ allowed: false, code: "grant/denied", message: "no" }),
  } as unknown as Authority;
  const calls = openHostCalls(
    [
      {
        ...api(async () => "{}"),
        open() {
          isOpen = true;
          throw new Error("opened");
        },
      },
    ],
    { plugin: {} as never, authority: denying },
  );
  expect(JSON.parse(await ask(calls))).toEqual({ error: { code: "grant/denied", message: "no" } });
  expect(isOpen).toBe(false);
});

it("every session is closed, also when another one fails to", async () => {
  const closed: string[] = [];
  const failing = api(
    async () => "{}",
    () => {
      closed.push("failing");
      throw new Error("no");
    },
  );
  const other = {
    ...api(
      async () => "{}",
      () => closed.push("other"),
    ),
    interface: "acme:x/y@1.0.0",
  };
  const calls = openHostCalls([failing, other], context);
  await ask(calls);
  await ask(calls, "read", "acme:x/y@1.0.0");
  await calls[Symbol.asyncDispose]();
  expect(closed).toEqual(["failing", "other"]);
});
