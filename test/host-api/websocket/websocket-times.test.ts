import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createAuthority, grantRequested } from "../../../src/grants/plan.ts";
import type { HostValue } from "../../../src/host-api/host-api.ts";
import type { WebSocketPort } from "../../../src/host-api/websocket/websocket.types.ts";
import { createWebSocketApi } from "../../../src/host-api/websocket/websocket-api.ts";
import { webSocketLimits } from "../../../src/limits.ts";
import { permit, stubPackage } from "../../grants/stub-package.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Opens the API over a peer that opens or not, and never says or takes anything. */
function openSilent(opens: boolean) {
  const target = { scheme: "wss", host: "api.example.com", path_prefixes: [] };
  const pkg = stubPackage({ permissions: [permit.hostApi("websocket")], websocket: [target] });
  const never = () => new Promise<never>(() => {});
  const socket = { send: never, resume() {}, pause() {}, close: async () => {} };
  const webSocket: WebSocketPort = {
    pinsAddresses: true,
    open: opens ? async () => socket : never,
  };
  const api = createWebSocketApi({
    network: { resolve: async () => ["93.184.215.14"], webSocket },
  });
  const authority = createAuthority(pkg, grantRequested(pkg, { websocket: [target] }));
  const { functions } = api.open({ plugin: pkg.identity, authority });
  return async (name: string, ...args: HostValue[]) => {
    const call = { signal: new AbortController().signal, remainingMs: () => 3_600_000 };
    return JSON.parse((await functions.get(name)?.(args, call)) ?? "");
  };
}

const request = JSON.stringify({ url: "wss://api.example.com/" });

/** Says after how many milliseconds of waiting an answer came, and its code. */
async function waited(answer: Promise<{ error?: { code: string } }>, upTo: number) {
  let came: string | undefined;
  answer.then(({ error }) => {
    came = error?.code ?? "no error";
  });
  await vi.advanceTimersByTimeAsync(upTo - 1);
  expect(came).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1);
  return came;
}

describe("a wait ends at its bound and not before", () => {
  const { openTimeoutMs, sendTimeoutMs, receiveTimeoutMs, maxReceiveTimeoutMs, handleAgeMs } =
    webSocketLimits;

  test("openTimeoutMs", async () => {
    const call = openSilent(false);
    expect(await waited(call("open", request), openTimeoutMs.default)).toBe("host/timeout");
  });

  test("sendTimeoutMs", async () => {
    const call = openSilent(true);
    await call("open", request);
    expect(await waited(call("send-text", 1, "x"), sendTimeoutMs.default)).toBe("host/timeout");
  });

  test.each([
    [0, receiveTimeoutMs.default],
    [-1, receiveTimeoutMs.default],
    [Number.NaN, receiveTimeoutMs.default],
    [1, 1],
    [20_000, 20_000],
    [maxReceiveTimeoutMs.default, maxReceiveTimeoutMs.default],
    [maxReceiveTimeoutMs.default + 1, maxReceiveTimeoutMs.default],
    [2 ** 32 - 1, maxReceiveTimeoutMs.default],
  ])(
    "a receive that names %d ms waits receiveTimeoutMs to maxReceiveTimeoutMs: %d",
    async (named, most) => {
      const call = openSilent(true);
      await call("open", request);
      expect(await waited(call("recv", 1, named), most)).toBe("host/timeout");
    },
  );

  test("handleAgeMs", async () => {
    const call = openSilent(true);
    await call("open", request);
    await vi.advanceTimersByTimeAsync(handleAgeMs.default - 1);
    expect(await waited(call("recv", 1, 1), 1)).toBeDefined();
    expect(await call("close", 1)).toEqual({ closed: false });
  });
});
