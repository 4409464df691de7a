import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readIngressEvent } from "../../src/instance/ingress-event.ts";
import { createRequestAllowance } from "../../src/instance/request-allowance.ts";
import { requestResultEvent } from "../../src/instance/request-result.ts";
import { commandLimits, ingressLimits } from "../../src/limits.ts";
import { answered, commandHost, dispatch, note } from "./command-host.ts";
import { attempt, gate } from "./ingress-consumer.ts";

const response = { status: 200, headers: [], body: "ok", truncated: false };
const answering = async () => JSON.stringify(response);

/** Lets what runs in the background come to its end. */
async function delivered(host: ReturnType<typeof commandHost>, count: number): Promise<void> {
  await expect.poll(() => host.events.length).toBe(count);
  await expect.poll(() => host.commands.inFlight).toBe(0);
}

describe("host_request_dispatch", () => {
  test.each([
    ["another method", { method: "get" }],
    ["a method that is not granted", { method: "POST" }],
    ["another host", { url: "https://api.example.org/v1/x" }],
    ["another path", { url: "https://api.example.com/v2" }],
    ["a private host that is granted as a public one", { url: "http://127.0.0.1/v1/x" }],
    ["another scheme", { url: "wss://api.example.com/v1/x" }],
    ["a user name", { url: "https://user@api.example.com/v1/x" }],
    ["a header that the host sets", { headers: [{ name: "Host", value: "x" }] }],
    ["a header that is no pair", { headers: ["a: b"] }],
    ["a body that is no text", { body: {} }],
    ["another key", { timeout: 1 }],
  ])("[commands/authorised] with %s is rejected before anything is asked", async (_, payload) => {
    let asked = 0;
    const host = commandHost({
      async answer() {
        asked += 1;
        return answering();
      },
    });
    expect(await host.run([note(), dispatch({}, payload)])).toMatchObject([
      { kind: "host_request_dispatch", status: "rejected" },
    ]);
    expect(asked).toBe(0);
    expect(host.statuses).toEqual([]);
    expect(host.commands.inFlight).toBe(0);
  });

  test("[commands/request] is sent as the request API takes it, and its result comes as an event", async () => {
    const texts: string[] = [];
    const host = commandHost({
      async answer(text) {
        texts.push(text);
        return answering();
      },
    });
    const payload = { headers: [{ name: "accept", value: "text/plain" }] };
    const result = await host.runOne(dispatch({}, payload));
    expect(result).toMatchObject({ status: "recorded", commandId: "c1" });
    await delivered(host, 1);
    expect(texts.map((text) => JSON.parse(text))).toEqual([
      { method: "GET", url: "https://api.example.com/v1/x", ...payload },
    ]);
    expect(host.events).toEqual([
      {
        event: {
          kind: "request_result",
          source: "host_request_dispatch",
          payload: { command_id: "c1", correlation_id: "event-1:c1", response },
        },
        options: { waitMs: commandLimits.resultWaitMs.default },
      },
    ]);
  });

  test("brings an error back like a response", async () => {
    const error = { code: "host/timeout", message: "It took too long." };
    const host = commandHost({ answer: async () => JSON.stringify({ error }) });
    await host.runOne(dispatch());
    await delivered(host, 1);
    expect(host.events[0]?.event.payload).toEqual({
      command_id: "c1",
      correlation_id: "event-1:c1",
      error,
    });
  });

  test("is unsupported without a request API, once it is authorised, and holds nothing else up", async () => {
    const host = commandHost();
    expect(await host.run([dispatch(), note({ command_id: "c2" })])).toMatchObject([
      { status: "unsupported" },
      { status: "recorded" },
    ]);
    expect((await host.runOne(dispatch({}, { method: "POST" }))).status).toBe("rejected");
  });

  test("is rejected when the ingress would not take its result", async () => {
    const deaf = commandHost({ kinds: ["text"], answer: answering });
    expect((await deaf.runOne(dispatch())).message).toContain("request_result");
    const hearing = commandHost({ kinds: ["text", "request_result"], answer: answering });
    expect((await hearing.runOne(dispatch())).status).toBe("recorded");
    await delivered(hearing, 1);
  });

  test("[commands/loop] is rejected over 4 in flight, those whose result is not taken among them", async () => {
    const taken = gate<undefined>();
    const host = commandHost({
      answer: answering,
      tell: async () => {
        await taken.opened;
        return { ...attempt(answered), attempts: 1, queueLatencyMs: 0 };
      },
    });
    const most = commandLimits.requestsInFlight.default;
    for (let index = 0; index < most; index += 1) {
      expect((await host.runOne(dispatch())).status).toBe("recorded");
    }
    await expect.poll(() => host.events.length).toBe(most);
    const over = await host.runOne(dispatch());
    expect(over.status).toBe("rejected");
    expect(over.message).toContain("in flight");
    taken.open(undefined);
    await expect.poll(() => host.commands.inFlight).toBe(0);
    expect((await host.runOne(dispatch())).status).toBe("recorded");
    await delivered(host, most + 1);
  });

  test("[commands/loop] that answers every result goes on at the rate, no faster", async () => {
    let requests = 0;
    const host = commandHost({
      async answer() {
        requests += 1;
        return answering();
      },
    });
    const repeat = async () => {
      for (;;) {
        if ((await host.runOne(dispatch())).status === "rejected") return;
        await expect.poll(() => host.commands.inFlight).toBe(0);
      }
    };
    await repeat();
    expect(requests).toBe(commandLimits.requestBurst.default);
    host.clock.now += 5 * (60_000 / commandLimits.requestsPerMinute.default);
    await repeat();
    expect(requests).toBe(commandLimits.requestBurst.default + 5);
    host.clock.now -= 3_600_000;
    await repeat();
    expect(requests).toBe(commandLimits.requestBurst.default + 5);
  });

  test("[commands/loop] costs nothing when its batch is rejected", async () => {
    const host = commandHost({ answer: answering });
    for (let index = 0; index < 40; index += 1) {
      await host.run([dispatch(), note({ source_event_id: "another" })]);
    }
    expect(host.commands.inFlight).toBe(0);
    expect((await host.runOne(dispatch())).status).toBe("recorded");
    await delivered(host, 1);
  });

  test("[commands/request] of which the result finds no room leaves a diagnostic", async () => {
    const error = {
      code: "ingress/queue-full",
      message: "It is full.",
      isRetryable: true,
    } as const;
    const host = commandHost({
      answer: answering,
      tell: async () => ({ ...attempt(answered, error), attempts: 0, queueLatencyMs: 0 }),
    });
    await host.runOne(dispatch());
    await expect.poll(() => host.diagnostics).toHaveLength(1);
    expect(host.diagnostics[0]).toEqual({
      code: "ingress/queue-full",
      phase: "execution",
      message: 'The result of the request "c1" was not taken: It is full.',
    });
  });

  test("[commands/request] is ended when the instance stops, and its result is not silently gone", async () => {
    const asked = gate<undefined>();
    const ended = gate<undefined>();
    const error = { code: "instance/stopped", message: "Stopped.", isRetryable: true } as const;
    const host = commandHost({
      answer: (_, { signal, remainingMs }) => {
        expect(remainingMs()).toBeGreaterThan(0);
        expect(remainingMs()).toBeLessThanOrEqual(commandLimits.requestMs.default);
        asked.open(undefined);
        signal.addEventListener("abort", () => ended.open(undefined));
        return new Promise(() => {});
      },
      tell: async () => ({ ...attempt(answered, error), attempts: 0, queueLatencyMs: 0 }),
    });
    await host.runOne(dispatch());
    await asked.opened;
    host.stop.abort();
    await ended.opened;
    await host.commands[Symbol.asyncDispose]();
    await expect.poll(() => host.commands.inFlight).toBe(0);
    expect(host.events[0]?.event.payload).toMatchObject({ error: { code: "host/aborted" } });
    expect(host.diagnostics).toMatchObject([{ code: "instance/stopped" }]);
  });

  test("survives an API and a delivery that throw", async () => {
    const broken = commandHost({
      answer: () => {
        throw new Error("secret");
      },
    });
    await broken.runOne(dispatch());
    await delivered(broken, 1);
    expect(JSON.stringify(broken.events)).not.toContain("secret");
    const undeliverable = commandHost({
      answer: answering,
      tell: async () => {
        throw new Error("secret");
      },
    });
    await undeliverable.runOne(dispatch());
    await expect.poll(() => undeliverable.diagnostics).toHaveLength(1);
    expect(JSON.stringify(undeliverable.diagnostics)).not.toContain("secret");
  });
});

describe("a result", () => {
  const address = { ingress: "inbox", commandId: "c1", correlationId: "event-1:c1" };
  const read = (answer: unknown) => {
    const event = requestResultEvent(address, JSON.stringify(answer));
    const reading = readIngressEvent(event, "inbox", { event_kinds: [] }, Date);
    if (!reading.ok) throw new Error(reading.message);
    return reading.envelope;
  };

  test("[commands/request] is an event, however large the response, and says when some of it is cut", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 30 }),
        fc.integer({ min: 0, max: 9_000 }),
        (part, count) => {
          const body = Buffer.from(part.repeat(count).slice(0, 200_000)).toString();
          const { payload } = read({ ...response, body });
          const found = (payload as { response?: typeof response }).response;
          if (found === undefined) throw new Error(JSON.stringify(payload));
          const kept = found.body;
          expect(body.startsWith(kept)).toBe(true);
          expect(found.truncated).toBe(kept !== body);
          if (kept === body) return;
          const size = Buffer.byteLength(JSON.stringify(read({ ...response, body })));
          expect(size).toBeGreaterThan(ingressLimits.eventBytes.default - 100);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("is an error when nothing but its body could be cut and that is not enough, or when it is no answer", () => {
    const huge = { ...response, headers: [{ name: "x", value: "y".repeat(70_000) }] };
    expect(read(huge).payload).toMatchObject({ error: { code: "host/too-large" } });
    expect(read("text").payload).toMatchObject({ error: { code: "host/failed" } });
    expect(read({ error: { message: "z".repeat(70_000) } }).payload).toMatchObject({
      error: { code: "host/too-large" },
    });
  });
});

test("an allowance gives back what was never used, but not what was", () => {
  const clock = { now: 0 };
  const allowance = createRequestAllowance({ now: () => clock.now });
  for (let index = 0; index < 100; index += 1) {
    expect(allowance.take()).toBeUndefined();
    allowance.unused();
  }
  for (let index = 0; index < commandLimits.requestBurst.default; index += 1) {
    expect(allowance.take()).toBeUndefined();
    allowance.done();
  }
  expect(allowance.take()).toContain("in a minute");
  clock.now = 60_000 / commandLimits.requestsPerMinute.default;
  expect(allowance.take()).toBeUndefined();
});
