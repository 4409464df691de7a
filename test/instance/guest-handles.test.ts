import { describe, expect, it } from "vitest";
import { endHandlesWithGuest } from "../../src/instance/guest-handles.ts";
import type { InstantiateContext } from "../../src/runtime/backend.ts";

async function watched(lifetime: "call" | "instance") {
  const state = { isAlive: true, ended: 0, fails: false };
  const prepared = endHandlesWithGuest(
    {
      instantiate: async () => ({
        get isAlive() {
          return state.isAlive;
        },
        async call() {
          if (state.fails) throw new Error("trapped");
          return { output: "{}", usage: {} };
        },
        async close() {
          state.isAlive = false;
        },
      }),
    },
    { guestEnded: () => (state.ended += 1) },
  );
  const guest = await prepared.instantiate({ lifetime } as InstantiateContext);
  const call = () => guest.call("call", [], {} as never);
  return { state, guest, call };
}

describe("[websocket/ends-with-guest] what a guest holds", () => {
  it("ends with each call where guests are fresh, however the call ends", async () => {
    const { state, call } = await watched("call");
    await call();
    expect(state.ended).toBe(1);
    state.fails = true;
    await expect(call()).rejects.toThrow("trapped");
    expect(state.ended).toBe(2);
  });

  it("stays from call to call where the guest lives on, and ends with it", async () => {
    const { state, guest, call } = await watched("instance");
    await call();
    expect(state.ended).toBe(0);
    expect(guest.isAlive).toBe(true);
    await guest.close();
    expect(state.ended).toBe(1);
    expect(guest.isAlive).toBe(false);
  });

  it("ends with a guest that fell in a call", async () => {
    const { state, call } = await watched("instance");
    state.fails = true;
    state.isAlive = false;
    await expect(call()).rejects.toThrow("trapped");
    expect(state.ended).toBe(1);
  });
});
