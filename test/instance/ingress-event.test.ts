import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEventId } from "../../src/instance/event-id.ts";
import { eventTime, readEventTime } from "../../src/instance/event-time.ts";
import { readIngressEvent } from "../../src/instance/ingress-event.ts";
import { ingressLimits } from "../../src/limits.ts";

const clock = { now: () => Date.UTC(2026, 10, 20, 12) };
const least = { kind: "text", source: "test" };

function read(event: unknown, kinds: readonly string[] = []) {
  return readIngressEvent(event, "inbox", { event_kinds: kinds }, clock);
}

function envelopeOf(event: unknown, kinds: readonly string[] = []) {
  const reading = read(event, kinds);
  if (!reading.ok) throw new Error(reading.message);
  return reading.envelope;
}

function problemOf(event: unknown, kinds: readonly string[] = []): string {
  const reading = read(event, kinds);
  if (reading.ok) throw new Error("it was taken");
  expect(reading.code).toBe("ingress/invalid-event");
  return reading.message;
}

describe("an event that is refused", () => {
  test.each([
    ["nothing", undefined, "not an object"],
    ["a list", [], "not an object"],
    ["an unknown field", { ...least, corelation_id: "1" }, '"corelation_id" is not a field'],
    ["no source", { kind: "text" }, "source"],
    ["a blank source", { ...least, source: " \t" }, "source"],
    ["a source that is no text", { ...least, source: 1 }, "source"],
    ["another ingress", { ...least, ingress_name: "outbox" }, 'ingress_name is "outbox"'],
    ["an ingress that is no name", { ...least, ingress_name: null }, "ingress_name is no name"],
    ["no kind", { source: "test" }, "kind"],
    ["a blank kind", { ...least, kind: "" }, "kind"],
    ["a date that there is not", { ...least, created_at: "2026-02-29T00:00:00Z" }, "created_at"],
    ["a date alone", { ...least, created_at: "2026-02-28" }, "created_at"],
    ["no attempt", { ...least, attempt: 0 }, "attempt"],
    ["half an attempt", { ...least, attempt: 1.5 }, "attempt"],
    ["an attempt in text", { ...least, attempt: "1" }, "attempt"],
    ["an empty id", { ...least, correlation_id: "" }, "correlation_id"],
    ["a blank id", { ...least, correlation_id: "  " }, "correlation_id"],
    ["an id with a line break", { ...least, correlation_id: "a\nb" }, "correlation_id"],
    ["an id with a lone surrogate", { ...least, correlation_id: "a\ud800" }, "correlation_id"],
    ["a payload that is no JSON", { ...least, payload: { at: new Date() } }, "class"],
    ["a payload with a bigint", { ...least, payload: [1n] }, "bigint"],
    ["a payload with a lone surrogate", { ...least, payload: "\ud800" }, "lone surrogate"],
    ["a payload with __proto__", { ...least, payload: JSON.parse('{"__proto__":1}') }, "__proto__"],
  ])("[ingress/envelope] has %s", (_, event, problem) => {
    expect(problemOf(event)).toContain(problem);
  });

  test("[ingress/envelope] is told of the first thing that is wrong, in the reference's order", () => {
    const wrong: Record<string, unknown> = {
      source: " ",
      ingress_name: "outbox",
      kind: "",
      created_at: "today",
      attempt: 0,
      correlation_id: "",
      payload: "x".repeat(ingressLimits.eventBytes.default),
    };
    const right = {
      source: "test",
      ingress_name: "inbox",
      kind: "other",
      created_at: "2026-11-20T12:00:00Z",
      attempt: 1,
      correlation_id: "1",
      payload: null,
    };
    const said = ["source", "ingress_name", "kind", "created_at", "attempt", "correlation_id"];
    for (const [index, field] of said.entries()) {
      const mended = Object.fromEntries(Object.entries(right).slice(0, index));
      expect(problemOf({ ...wrong, ...mended }, ["text"])).toMatch(new RegExp(`: ${field} `, "u"));
    }
    const { payload, ...fields } = right;
    expect(problemOf({ ...wrong, ...fields }, ["text"])).toContain("takes more than 65536 bytes");
    expect(problemOf({ ...fields, payload }, ["text"])).toContain("event_kinds");
  });

  test("has a getter that throws, or a proxy that lies", () => {
    const throwing = {
      ...least,
      get payload() {
        throw new Error("secret");
      },
    };
    expect(problemOf(throwing)).toBe("The event is invalid: it could not be read.");
    const trap = new Proxy(least, {
      ownKeys() {
        throw new Error("secret");
      },
    });
    expect(problemOf(trap)).toBe("The event is invalid: it could not be read.");
    const deep = { ...least, payload: { toJSON: () => "changed" } };
    expect(problemOf(deep)).toContain("function");
  });
});

describe("an event that is taken", () => {
  test("has what was left out filled in", () => {
    const envelope = envelopeOf(least, ["text"]);
    expect(envelope).toEqual({
      ...least,
      ingress_name: "inbox",
      payload: null,
      created_at: "2026-11-20T12:00:00.000Z",
      attempt: 1,
      correlation_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/u),
    });
    expect(Object.keys(envelope)).toEqual(Object.keys({ ...envelope, ...least }));
  });

  test("is a frozen copy, of which every getter was read once", () => {
    let reads = 0;
    const payload = { list: [1] };
    const envelope = envelopeOf({
      get kind() {
        reads += 1;
        return reads === 1 ? "text" : "other";
      },
      source: "test",
      payload,
    });
    expect(envelope.kind).toBe("text");
    expect(reads).toBe(1);
    payload.list.push(2);
    expect(envelope.payload).toEqual({ list: [1] });
    expect(Object.isFrozen((envelope.payload as { list: unknown }).list)).toBe(true);
  });

  test("has an id of up to 128 bytes, and one byte more is refused", () => {
    const most = ingressLimits.correlationIdBytes.default;
    expect(envelopeOf({ ...least, correlation_id: "é".repeat(most / 2) })).toBeDefined();
    expect(problemOf({ ...least, correlation_id: "é".repeat(most / 2 + 1) })).toContain("128");
    expect(problemOf({ ...least, correlation_id: "a".repeat(most + 1) })).toContain("128");
  });

  test("takes up to 64 KiB, and one byte more is refused", () => {
    const fixed = { ...least, correlation_id: "1", attempt: 1 };
    const empty = JSON.stringify(envelopeOf({ ...fixed, payload: "" })).length;
    const room = ingressLimits.eventBytes.default - empty;
    expect(JSON.stringify(envelopeOf({ ...fixed, payload: "x".repeat(room) }))).toHaveLength(
      ingressLimits.eventBytes.default,
    );
    expect(problemOf({ ...fixed, payload: "x".repeat(room + 1) })).toContain("65536 bytes");
  });

  test("whatever it is, fits, and is as it was", () => {
    fc.assert(
      fc.property(fc.anything(), fc.jsonValue({ maxDepth: 4 }), (anything, payload) => {
        expect(() => read(anything)).not.toThrow();
        // That key is refused, which the test above holds.
        fc.pre(!JSON.stringify(payload).includes('"__proto__":'));
        const envelope = envelopeOf({ ...least, payload });
        expect(JSON.parse(JSON.stringify(envelope.payload))).toEqual(
          JSON.parse(JSON.stringify(payload)),
        );
      }),
      { numRuns: 300 },
    );
  });
});

describe("a moment", () => {
  test.each([
    ["2026-11-20T12:00:00Z", "2026-11-20T12:00:00.000Z"],
    ["2026-11-20T12:00:00.123456789+01:30", "2026-11-20T10:30:00.123Z"],
    ["2024-02-29t23:59:59z", "2024-02-29T23:59:59.000Z"],
    ["0000-02-29T00:00:00Z", "0000-02-29T00:00:00.000Z"],
  ])("%s is read", (text, moment) => {
    expect(eventTime(readEventTime(text) ?? Number.NaN)).toBe(moment);
  });

  test.each([
    "",
    "2026-11-20",
    "2026-11-20 12:00:00Z",
    "2026-11-20T12:00:00",
    "2026-11-20T24:00:00Z",
    "2026-11-20T12:60:00Z",
    "2026-12-31T23:59:60Z",
    "2026-13-01T00:00:00Z",
    "2026-00-10T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2026-11-20T12:00:00+24:00",
    "2026-11-20T12:00:00Z ",
    "+002026-11-20T12:00:00Z",
  ])("%j is none", (text) => {
    expect(readEventTime(text)).toBeUndefined();
  });

  test("that a date writes is read again", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("0000-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }),
        (date) => {
          expect(readEventTime(date.toISOString())).toBe(date.getTime());
        },
      ),
      { numRuns: 200 },
    );
  });
});

test("ids sort by their moment and are not the same twice", () => {
  const ids = [0, 1, 2 ** 31, Date.UTC(2026, 0), 2 ** 48 - 1].map(createEventId);
  expect([...ids].sort()).toEqual(ids);
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u);
  }
  const moment = clock.now();
  expect(Number.parseInt(createEventId(moment).replace("-", "").slice(0, 12), 16)).toBe(moment);
  expect(new Set(Array.from({ length: 1_000 }, () => createEventId(moment))).size).toBe(1_000);
});
