import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GrantPolicy } from "../../src/grants/grants.types.ts";
import { all, grantRequested, revocable } from "../../src/grants/plan.ts";
import type { Json } from "../../src/json.ts";
import { commandLimits, textLimits, webSocketLimits } from "../../src/limits.ts";
import { command, commandHost, dispatch, note } from "./command-host.ts";

const send = (parts: { readonly [field: string]: Json } = {}, payload: object = {}) =>
  command(
    "websocket_send",
    { url: "wss://chat.example.com/room", text: "pong", ...payload },
    parts,
  );

describe("a batch", () => {
  test("[commands/batch] of which one command is rejected carries out none, and reports that one alone", async () => {
    const host = commandHost();
    const bad = note({ command_id: "bad", source_event_id: "another" });
    const results = await host.run([note(), bad, send()]);
    expect(results).toMatchObject([{ commandId: "bad", status: "rejected" }]);
    expect(host.statuses).toEqual([]);
    expect(host.sent).toEqual([]);
  });

  test("[commands/batch] has up to 16 commands, and one more is one rejection", async () => {
    const host = commandHost();
    const most = commandLimits.commands.default;
    const notes = Array.from({ length: most }, (_, index) => note({ command_id: `c${index}` }));
    const results = await host.run(notes);
    expect(results.map(({ status }) => status)).toEqual(Array(most).fill("recorded"));
    expect(await host.run([...notes, note()])).toMatchObject([{ status: "rejected" }]);
    expect(host.statuses).toHaveLength(most);
  });

  test.each([null, {}, "x", 1, { length: 1 }])("%j is no list", async (raw) => {
    expect(await commandHost().run(raw)).toMatchObject([{ status: "rejected" }]);
  });

  test("may be empty or absent", async () => {
    expect(await commandHost().run(undefined)).toEqual([]);
    expect(await commandHost().run([])).toEqual([]);
  });

  test("is carried out in its order, and its results are frozen", async () => {
    const host = commandHost();
    const results = await host.run([note(), send({ command_id: "c2" })]);
    expect(results).toEqual([
      {
        correlationId: "event-1:c1",
        sourceEventId: "event-1",
        commandId: "c1",
        kind: "diagnostic_status_update",
        status: "recorded",
        message: "The status was recorded.",
        recordedAt: "2026-11-20T00:00:00.000Z",
      },
      expect.objectContaining({ commandId: "c2", message: "The text was sent." }),
    ]);
    expect(results.every((result) => Object.isFrozen(result)) && Object.isFrozen(results)).toBe(
      true,
    );
  });
});

describe("an envelope", () => {
  test.each([
    ["is no object", "x", "not an object"],
    ["has an unknown key", note({ extra: 1 }), '"extra" is not a key'],
    ["has an empty id", note({ command_id: "" }), "command_id"],
    ["has an id with a line break", note({ correlation_id: "a\nb" }), "correlation_id"],
    ["has an id with a lone surrogate", note({ command_id: "\ud800" }), "command_id"],
    ["has an id that is no text", note({ command_id: 1 }), "command_id"],
    ["answers another event", note({ source_event_id: "event-2" }), "source_event_id"],
    ["has no kind that there is", note({ kind: "toString" }), "kind must be one of"],
    ["was asked for at no moment", note({ requested_at: "2026-02-30T00:00:00Z" }), "requested_at"],
    ["has no payload", note({ payload: null }), "payload is not an object"],
    ["has a list as payload", note({ payload: [] }), "payload is not an object"],
  ])("[commands/envelope] that %s is rejected", async (_, raw, reason) => {
    const { status, message } = await commandHost().runOne(raw as Json);
    expect(status).toBe("rejected");
    expect(message).toContain(reason);
  });

  test.each(["correlation_id", "source_event_id", "command_id", "kind", "payload", "requested_at"])(
    "[commands/envelope] without %s is rejected",
    async (field) => {
      const { [field]: _, ...rest } = note() as { readonly [field: string]: Json };
      expect((await commandHost().runOne(rest)).status).toBe("rejected");
    },
  );

  test("[commands/envelope] has ids of up to 128 bytes and a payload of up to 16 KiB", async () => {
    const host = commandHost();
    const id = "é".repeat(commandLimits.idBytes.default / 2);
    expect((await host.runOne(note({ command_id: id }))).status).toBe("recorded");
    expect((await host.runOne(note({ command_id: `${id}x` }))).status).toBe("rejected");
    const room = commandLimits.payloadBytes.default - JSON.stringify({ status: "" }).length;
    const full = (bytes: number) => note({ payload: { status: "x".repeat(bytes) } });
    expect((await host.runOne(full(room))).status).toBe("recorded");
    expect(await host.runOne(full(room + 1))).toMatchObject({
      status: "rejected",
      message: expect.stringContaining("16384"),
    });
  });

  test("that is rejected has inert, bounded names in its result", async () => {
    const { kind, message, commandId } = await commandHost().runOne(
      note({ kind: `\u001b[2J${"k".repeat(500)}`, command_id: "a\u0000b" }),
    );
    expect(kind).not.toContain("\u001b");
    expect(kind?.length).toBeLessThan(100);
    expect(commandId).toBeUndefined();
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(textLimits.messageBytes.default);
  });

  test("whatever it is, ends as a result", async () => {
    const host = commandHost();
    const near = fc.record(
      {
        correlation_id: fc.oneof(fc.constant("c"), fc.string()),
        source_event_id: fc.oneof(fc.constant("event-1"), fc.string()),
        command_id: fc.oneof(fc.constant("c"), fc.jsonValue()),
        kind: fc.oneof(
          fc.constantFrom("websocket_send", "host_request_dispatch", "diagnostic_status_update"),
          fc.string(),
        ),
        payload: fc.oneof(
          fc.record({ url: fc.oneof(fc.webUrl(), fc.string()), text: fc.string() }),
          fc.record({ method: fc.string(), url: fc.webUrl(), headers: fc.jsonValue() }),
          fc.dictionary(fc.string(), fc.jsonValue()),
        ),
        requested_at: fc.oneof(fc.constant("2026-11-20T12:00:00Z"), fc.string()),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(near, fc.jsonValue()), { maxLength: 18 }), async (raw) => {
        const plain = JSON.parse(JSON.stringify(raw)) as Json;
        const results = await host.run(plain);
        const isRejected = results.some(({ status }) => status === "rejected");
        const isWhole = results.length === raw.length;
        expect(isWhole || isRejected).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect(host.sent).toEqual([]);
  });
});

describe("diagnostic_status_update", () => {
  test("needs no grant, and gives a status, a message, both or neither", async () => {
    const host = commandHost({ grants: { decide: () => denied } });
    const update = (payload: Json) => host.runOne(note({ payload }));
    expect((await update({ status: null })).status).toBe("recorded");
    expect((await update({ message: "all is well" })).message).toBe("all is well");
    expect((await update({ message: null })).status).toBe("recorded");
    expect((await update({})).status).toBe("recorded");
    expect(host.statuses).toEqual([null]);
    expect((await update({ message: 1 })).status).toBe("rejected");
    expect((await update({ state: "x" })).status).toBe("rejected");
  });

  test("has a message that is redacted and inert", async () => {
    const payload = { message: "token: abc\u001b[2J def" };
    const { message } = await commandHost().runOne(note({ payload }));
    expect(message).toBe("token: <redacted>");
  });
});

const denied = { allowed: false, code: "grant/denied", message: "No." } as const;

describe("websocket_send", () => {
  test.each([
    ["another key", { headers: [] }],
    ["no text", { text: 1 }],
    ["a lone surrogate", { text: "\ud800" }],
    ["another scheme", { url: "https://chat.example.com/room" }],
    ["a user name", { url: "wss://user@chat.example.com/room" }],
    ["a password", { url: "wss://:secret@chat.example.com/room" }],
    ["no URL", { url: "chat.example.com" }],
    ["a space in the URL", { url: "wss://chat.example.com/room " }],
    ["another host", { url: "wss://chat.example.org/room" }],
    ["a path that climbs", { url: "wss://chat.example.com/room/..%2fadmin" }],
    ["another path", { url: "wss://chat.example.com/roommates" }],
    ["a private host that is granted as a public one", { url: "ws://localhost/room" }],
  ])("[commands/authorised] with %s is rejected before anything is sent", async (_, payload) => {
    const host = commandHost();
    const results = await host.run([note(), send({}, payload)]);
    expect(results).toMatchObject([{ kind: "websocket_send", status: "rejected" }]);
    expect(host.sent).toEqual([]);
    expect(host.statuses).toEqual([]);
  });

  test("has text of up to 32 KiB, if the payload's bound lets it", async () => {
    const host = commandHost();
    const over = "x".repeat(webSocketLimits.sentBytes.default + 1);
    expect((await host.runOne(send({}, { text: over }))).status).toBe("rejected");
    const most = "x".repeat(commandLimits.payloadBytes.default - 100);
    expect((await host.runOne(send({}, { text: most }))).status).toBe("recorded");
  });

  test("sends to the URL in one spelling", async () => {
    const host = commandHost();
    await host.runOne(send({}, { url: "WSS://Chat.Example.com.:443/x/../room#part" }));
    expect(host.sent).toEqual([["wss://chat.example.com/room", "pong"]]);
  });

  test("is rejected without a connection, when sending fails, and when the driver throws", async () => {
    const none = commandHost({ send: () => undefined });
    expect((await none.runOne(send())).message).toContain("no connection");
    const failing = commandHost({ send: async () => ({ sent: false, message: "It is closing." }) });
    expect(await failing.runOne(send())).toMatchObject({
      status: "rejected",
      message: "It is closing.",
    });
    const throwing = commandHost({
      send: () => {
        throw new Error("secret");
      },
    });
    expect((await throwing.runOne(send())).message).toBe(
      "The command failed in an unexpected way.",
    );
  });

  test("waits no longer for a peer that never reads than the instance lives", async () => {
    const host = commandHost({ send: () => new Promise(() => {}) });
    const sending = host.runOne(send());
    host.stop.abort();
    expect((await sending).status).toBe("rejected");
  });

  test("[commands/authorised] is refused from the moment on that its grant is revoked", async () => {
    const { pkg, targets } = commandHost();
    const grants = revocable(grantRequested(pkg, targets));
    const host = commandHost({ grants });
    expect((await host.runOne(send())).status).toBe("recorded");
    grants.revoke();
    expect((await host.runOne(send())).status).toBe("rejected");
    expect(host.sent).toHaveLength(1);
  });
});

describe("a policy", () => {
  test("is asked about every command, with what it reaches, and its error is no one's to read", async () => {
    const asked: string[] = [];
    const { pkg, targets } = commandHost();
    const policy: GrantPolicy = {
      decide({ action, at }) {
        if (action.kind !== "host_api" || action.target?.kind !== "url") return { allowed: true };
        asked.push(`${at} ${action.target.method ?? "-"} ${action.target.url}`);
        if (asked.length > 2) throw new Error("secret");
        return { allowed: true };
      },
    };
    const host = commandHost({
      grants: all(grantRequested(pkg, targets), policy),
      answer: () => new Promise(() => {}),
    });
    await host.run([send(), dispatch()]);
    expect(asked).toEqual([
      "execution - wss://chat.example.com/room",
      "execution GET https://api.example.com/v1/x",
    ]);
    const { status, message } = await host.runOne(send());
    expect(status).toBe("rejected");
    expect(message).not.toContain("secret");
    await host.commands[Symbol.asyncDispose]();
  });

  test("that never answers holds the queue no longer than the instance lives", async () => {
    const host = commandHost({ grants: { decide: () => new Promise(() => {}) } });
    const checking = host.runOne(send());
    host.stop.abort();
    expect((await checking).message).toContain("in time");
  });
});
