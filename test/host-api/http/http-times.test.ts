import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { all } from "../../../src/grants/plan.ts";
import type { Network } from "../../../src/host-api/http/network.types.ts";
import { httpLimits } from "../../../src/limits.ts";
import { countingNetwork, openHttp } from "./http-host.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const granted = { https: [{ host: "api.example.com", methods: ["GET"], path_prefixes: [] }] };
const fine = { method: "GET", url: "https://api.example.com/" };
const hour = { remainingMs: 3_600_000 };
const after = <Value>(ms: number, value: Value) =>
  new Promise<Value>((resolve) => setTimeout(resolve, ms, value));

/** A network that takes its time for each stage of an exchange. */
function slowNetwork(resolveMs: number, headMs: number, chunkMs: number): Network {
  return {
    resolve: () => after(resolveMs, ["93.184.215.14"]),
    http: {
      pinsAddresses: true,
      exchange: () =>
        after(headMs, {
          status: 200,
          headers: [],
          body: (async function* () {
            yield await after(chunkMs, new Uint8Array(1));
          })(),
          close() {},
        }),
    },
  };
}

test.each([
  [0, 0, 0],
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
])("timeoutMs bounds resolver, head and body together (%d, %d, %d over)", async (...over) => {
  const third = Math.floor((httpLimits.timeoutMs.default - 2) / 3);
  // At the limit it works; with one stage longer by what is left and more it does not.
  const [resolveMs, headMs, chunkMs] = over.map((extra) => third + extra * 10) as [
    number,
    number,
    number,
  ];
  await using host = openHttp("https", {
    network: slowNetwork(resolveMs, headMs, chunkMs),
    granted,
  });
  const answer = host.request(fine, hour);
  await vi.advanceTimersByTimeAsync(httpLimits.timeoutMs.default);
  const isOver = over.some((extra) => extra > 0);
  expect((await answer).error?.code).toBe(isOver ? "host/timeout" : undefined);
});

test("an answer from a person may take longer than an exchange, and no longer than the guest's call", async () => {
  const { network } = countingNetwork();
  const slow = { decide: () => after(60_000, { allowed: true } as const) };
  await using host = openHttp("https", { network, granted, policy: (grants) => all(grants, slow) });
  const answer = host.request(fine, hour);
  await vi.advanceTimersByTimeAsync(120_000);
  expect((await answer).status).toBe(200);
  const short = host.request(fine, { remainingMs: 1_000 });
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await short).error?.code).toBe("host/timeout");
});
