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

describe("[websocket/ends-with-guest] a session that ends with its guest", () => {
  function counting(endsWithGuest: boolean) {
    const events: string[] = [];
    const closings: (() => void)[] = [];
    let opened = 0;
    const counted: HostApi = {
      ...api(async () => "{}"),
      endsWithGuest,
      open() {
        opened += 1;
        const number = opened;
        events.push(`open ${number}`);
        return {
          functions: new Map([["read", async () => String(number)]]),
          [Symbol.asyncDispose]: () =>
            new Promise((resolve) => {
              closings.push(() => {
                events.push(`closed ${number}`);
                resolve();
              });
            }),
        };
      },
    };
    return { calls: openHostCalls([counted], context), events, closings };
  }

  it("is another one for the next guest, which waits until the last is closed", async () => {
    const { calls, events, closings } = counting(true);
    expect(await ask(calls)).toBe("1");
    calls.guestEnded();
    const next = ask(calls);
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual(["open 1"]);
    closings.shift()?.();
    expect(await next).toBe("2");
    expect(events).toEqual(["open 1", "closed 1", "open 2"]);
  });

  it("stays where nothing of it is the guest's", async () => {
    const { calls, closings } = counting(false);
    expect(await ask(calls)).toBe("1");
    calls.guestEnded();
    expect(await ask(calls)).toBe("1");
    expect(closings).toEqual([]);
  });

  it("is waited for when the instance stops, and none is opened after that", async () => {
    const { calls, events, closings } = counting(true);
    await ask(calls);
    calls.guestEnded();
    const disposed = calls[Symbol.asyncDispose]().then(() => events.push("disposed"));
    const late = ask(calls);
    await new Promise((resolve) => setImmediate(resolve));
    closings.shift()?.();
    await disposed;
    expect(events).toEqual(["open 1", "closed 1", "disposed"]);
    expect(JSON.parse(await late)).toMatchObject({ error: { code: "host/closed" } });
  });

  it("is not opened for a guest that is gone by the time it is allowed", async () => {
    const { calls, events } = counting(true);
    const ended = { ...call, signal: AbortSignal.abort() };
    const question = { interface: "yoi:host/fs@1.0.0", function: "read", args: [] };
    expect(JSON.parse(await calls.answer(question, ended))).toMatchObject({
      error: { code: "host/closed" },
    });
    expect(events).toEqual([]);
  });

  it("may throw when it ends, which is nobody's concern", async () => {
    const throwing: HostApi = {
      ...api(async () => "1"),
      endsWithGuest: true,
      open: () => ({
        functions: new Map([["read", async () => "1"]]),
        [Symbol.asyncDispose]() {
          throw new Error("no");
        },
      }),
    };
    const calls = openHostCalls([throwing], context);
    await ask(calls);
    calls.guestEnded();
    expect(await ask(calls)).toBe("1");
    await calls[Symbol.asyncDispose]();
  });
});
