import { afterEach, describe, expect, test, vi } from "vitest";
import { createWebSocketDriver } from "../../src/drivers/websocket-driver.ts";
import { createAuthority, grantRequested } from "../../src/grants/plan.ts";
import type { Resolve } from "../../src/host-api/http/network.types.ts";
import { NetworkError } from "../../src/host-api/http/network-error.ts";
import type {
  OpenSocket,
  SocketListener,
  WebSocketPort,
} from "../../src/host-api/websocket/websocket.types.ts";
import { driverLimits, webSocketLimits } from "../../src/limits.ts";
import { permit, stubPackage } from "../grants/stub-package.ts";
import { driverHost, handTiming, settle, type Take } from "./driver-host.ts";

afterEach(() => void vi.useRealTimers());

/** What a peer of the test's does when it is connected to; `undefined` when nobody is there. */
type Answer = (listener: SocketListener) => Partial<OpenSocket> | undefined;

async function openSource(
  answer: Answer,
  parts: {
    readonly random?: number;
    readonly take?: Take;
    readonly resolve?: Resolve;
    readonly opens?: () => Promise<OpenSocket>;
  } = {},
) {
  const target = { scheme: "wss", host: "api.example.com", path_prefixes: [] };
  const pkg = stubPackage({ permissions: [permit.hostApi("websocket")], websocket: [target] });
  const timing = handTiming(parts.random);
  const host = driverHost("wss://api.example.com/", {
    authority: createAuthority(pkg, grantRequested(pkg, { websocket: [target] })),
    ...(parts.take !== undefined && { take: parts.take }),
  });
  let comings = 0;
  const webSocket: WebSocketPort = {
    pinsAddresses: true,
    async open(_, listener) {
      comings += 1;
      if (parts.opens !== undefined) return parts.opens();
      const socket = answer(listener);
      if (socket === undefined) throw new NetworkError("connect");
      return { send: async () => {}, resume() {}, pause() {}, close: async () => {}, ...socket };
    },
  };
  const network = { resolve: parts.resolve ?? (async () => ["93.184.215.14"]), webSocket };
  const session = await createWebSocketDriver({ network, timing }).open(host.context);
  await settle();
  return {
    ...host,
    session,
    timing,
    comings: () => comings,
    delayMs: () => Date.parse(session.status().nextAttemptAt ?? "") - timing.now(),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

const { firstReconnectMs, lastReconnectMs, settledMs } = driverLimits;

describe("[drivers/ws-reconnects] what can't be reached is tried again", () => {
  test("after firstReconnectMs, then after ever longer, at most lastReconnectMs, and visibly so", async () => {
    await using source = await openSource(() => undefined);
    const delays: number[] = [];
    for (let attempt = 0; attempt < 9; attempt += 1) {
      expect(source.session.status()).toMatchObject({ state: "waiting", reconnects: attempt });
      delays.push(source.delayMs());
      await source.timing.pass(source.delayMs() - 1);
      expect(source.comings()).toBe(attempt + 1);
      await source.timing.pass(1);
      expect(source.comings()).toBe(attempt + 2);
    }
    expect(delays).toEqual(
      [1, 2, 4, 8, 16, 32, 60, 60, 60].map((times) => times * firstReconnectMs.default),
    );
    expect(delays.at(-1)).toBe(lastReconnectMs.default);
    expect(source.session.status().lastError).toBe("The connection could not be opened.");
    expect(source.diagnostics).toHaveLength(1);
    expect(source.events).toEqual([]);
  });

  test("sooner by up to a half at random, so that many do not come at once", async () => {
    await using source = await openSource(() => undefined, { random: 0.999_999 });
    expect(source.delayMs()).toBe(firstReconnectMs.default / 2);
  });

  test("a peer that accepts and leaves at once is no new beginning", async () => {
    await using source = await openSource((listener) => {
      queueMicrotask(() => listener.closed(undefined, { code: 1001, reason: "" }));
      return {};
    });
    await source.timing.pass(60 * 60_000);
    expect(source.comings()).toBeLessThan(75);
    expect(source.events).toHaveLength(source.comings());
  });

  test("a connection that lasted for settledMs is one", async () => {
    let leave = () => {};
    await using source = await openSource((listener) => {
      leave = () => listener.closed(undefined);
      return {};
    });
    for (let attempt = 0; attempt < 6; attempt += 1) {
      leave();
      await settle();
      await source.timing.pass(source.delayMs());
    }
    await source.timing.pass(settledMs.default - 1);
    leave();
    await settle();
    expect(source.delayMs()).toBe(lastReconnectMs.default);
    await source.timing.pass(source.delayMs());
    await source.timing.pass(settledMs.default);
    leave();
    await settle();
    expect(source.delayMs()).toBe(firstReconnectMs.default);
  });

  test("not while it is disposed, however long one waits", async () => {
    const source = await openSource(() => undefined);
    await source.session[Symbol.asyncDispose]();
    expect(source.timing.waiting).toBe(0);
    await source.timing.pass(60 * 60_000);
    expect(source.comings()).toBe(1);
  });

  test("not while it is disposed as its last event is on its way", async () => {
    let take = () => {};
    const source = await openSource(
      (listener) => {
        queueMicrotask(() => listener.closed(undefined));
        return {};
      },
      { take: () => new Promise((resolve) => (take = () => resolve({}))) },
    );
    expect(source.events.map(({ kind }) => kind)).toEqual(["websocket_close"]);
    await source.session[Symbol.asyncDispose]();
    take();
    await settle();
    expect(source.session.status().state).toBe("closed");
    expect(source.timing.waiting).toBe(0);
  });

  test("resolving and connecting have openTimeoutMs together", async () => {
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"],
    });
    const { openTimeoutMs } = webSocketLimits;
    let resolveName = (_: readonly string[]) => {};
    await using source = await openSource(() => ({}), {
      resolve: () => new Promise((resolve) => (resolveName = resolve)),
      opens: () => new Promise(() => {}),
    });
    await vi.advanceTimersByTimeAsync(openTimeoutMs.default - 1_000);
    resolveName(["93.184.215.14"]);
    await settle();
    await vi.advanceTimersByTimeAsync(999);
    expect(source.session.status().state).toBe("connecting");
    await vi.advanceTimersByTimeAsync(1);
    await settle();
    expect(source.diagnostics.map(({ code }) => code)).toEqual(["host/timeout"]);
  });

  test("a port that throws something of its own is tried again like any other", async () => {
    await using source = await openSource(() => {
      throw new Error("out of sockets at /home/somebody");
    });
    expect(source.session.status()).toMatchObject({
      state: "waiting",
      lastError: "The connection could not be opened.",
    });
  });
});

test.each([
  "openTimeoutMs",
  "keepAliveMs",
  "pongMs",
  "firstReconnectMs",
  "lastReconnectMs",
  "settledMs",
  "roomWaitMs",
])("[drivers/ws-reconnects] a driver with a time %s that no timer keeps is refused", (name) => {
  const network = { webSocket: { pinsAddresses: true, open: () => new Promise<never>(() => {}) } };
  for (const value of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
    expect(() => createWebSocketDriver({ network, [name]: value })).toThrow(
      expect.objectContaining({ code: "options/invalid" }),
    );
  }
  createWebSocketDriver({ network, [name]: 2 ** 31 - 1 });
});

describe("[drivers/ws-pressure] a peer that takes nothing", () => {
  test("is left after sendTimeoutMs, and connected to anew", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    let closed = 0;
    await using source = await openSource((listener) => ({
      send: () => new Promise(() => {}),
      async close() {
        closed += 1;
        listener.closed(undefined);
      },
    }));
    const sending = source.session.send?.("wss://api.example.com/", "x");
    await settle();
    await vi.advanceTimersByTimeAsync(webSocketLimits.sendTimeoutMs.default);
    expect(await sending).toMatchObject({ sent: false });
    await settle();
    expect(closed).toBeGreaterThan(0);
    expect(source.session.status()).toMatchObject({ state: "waiting", sendFailures: 1 });
  });
});
