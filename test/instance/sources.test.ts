import { describe, expect, test } from "vitest";
import { type Diagnostic, PluginError } from "../../src/errors.ts";
import type { Authority } from "../../src/grants/grants.types.ts";
import type { Exposed } from "../../src/instance/exposed-surfaces.ts";
import type {
  DriverContext,
  DriverSession,
  DriverStatus,
  IngressDriver,
} from "../../src/instance/ingress.types.ts";
import { createSources } from "../../src/instance/sources.ts";
import { createStatusRecord } from "../../src/instance/status.ts";
import { instanceLimits } from "../../src/limits.ts";

const authority = { plugin: { ref: "project:a" } } as Authority;

function exposing(sources: readonly string[], services = ["bridge"]): Exposed {
  const declaration = {
    name: "room",
    description: "",
    event_kinds: ["message"],
    side_effects: [],
    sources,
  };
  return {
    surfaces: new Set(["service", "ingress"]),
    services: services.map((name) => ({ name, description: "" })),
    ingresses: new Map([["room", declaration]]),
    tools: { tools: new Map(), denied: [], origin: { kind: "host" } },
    denied: [],
  };
}

/** A driver that is good unless it is told otherwise, and remembers what became of it. */
function driverOf(name: string, odd: Partial<IngressDriver & DriverSession> = {}) {
  const opened: DriverContext[] = [];
  const ended: string[] = [];
  const driver: IngressDriver = {
    name,
    serves: odd.serves ?? ((source) => source.startsWith(`${name}:`)),
    open:
      odd.open ??
      ((context) => {
        opened.push(context);
        return sessionOf(context);
      }),
  };
  const sessionOf = ({
    ingress,
    source,
  }: Pick<DriverContext, "ingress" | "source">): DriverSession => ({
    status: odd.status ?? (() => statusOf(name, ingress, source)),
    ...(odd.send === undefined ? {} : { send: odd.send }),
    async [Symbol.asyncDispose]() {
      ended.push(source);
    },
  });
  return { driver, opened, ended, sessionOf };
}

function statusOf(driver: string, ingress: string, source: string): DriverStatus {
  const none = { received: 0, sent: 0, dropped: 0, sendFailures: 0, reconnects: 0 };
  return { driver, ingress, source, state: "connected", ...none };
}

function sourcesOf(exposed: Exposed, drivers: readonly IngressDriver[]) {
  const diagnostics: Diagnostic[] = [];
  const delivered: unknown[] = [];
  const sources = createSources({
    authority,
    exposed,
    drivers,
    patienceMs: 20,
    deliver: async (...args) => {
      delivered.push(args);
      return {} as never;
    },
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
  });
  return { sources, diagnostics, delivered };
}

describe("[drivers/own] sources", () => {
  test("are served by the first driver that serves them; one that nobody serves is left to the host", async () => {
    const first = driverOf("own");
    const second = driverOf("own");
    const { sources, diagnostics } = sourcesOf(exposing(["own:1", "webhook:x"]), [
      first.driver,
      second.driver,
    ]);
    await sources.open();
    expect(
      first.opened.map(({ ingress, source, eventKinds }) => [ingress, source, eventKinds]),
    ).toEqual([["room", "own:1", ["message"]]]);
    expect([second.opened, diagnostics]).toEqual([[], []]);
    expect(sources.statuses()).toMatchObject([{ driver: "own", source: "own:1" }]);
  });

  test("need a service that is exposed", async () => {
    const { driver, opened } = driverOf("own");
    const { sources } = sourcesOf(exposing(["own:1"], []), [driver]);
    await sources.open();
    expect(opened).toEqual([]);
  });

  test(`are at most as many as an instance may have (instanceLimits.sources)`, async () => {
    const most = instanceLimits.sources.default;
    const many = Array.from({ length: most + 2 }, (_, index) => `own:${index}`);
    for (const [listed, messages] of [
      [many.slice(0, most), []],
      [many, [expect.stringContaining("2 sources more than the 4")]],
    ] as const) {
      const { driver, opened } = driverOf("own");
      const { sources, diagnostics } = sourcesOf(exposing(listed), [driver]);
      await sources.open();
      expect(opened).toHaveLength(most);
      expect(diagnostics.map(({ message }) => message)).toEqual(messages);
    }
  });

  test("count among them when they fail: what can't be opened takes nobody else's place", async () => {
    const refused = new PluginError({
      code: "grant/denied",
      phase: "execution",
      message: "Not granted.",
    });
    const { driver, opened } = driverOf("own");
    const bad = driverOf("bad", { open: () => Promise.reject(refused) });
    const listed = ["bad:1", "bad:2", "bad:3", "own:1", "own:2"];
    const { sources, diagnostics } = sourcesOf(exposing(listed), [driver, bad.driver]);
    await sources.open();
    expect(opened.map(({ source }) => source)).toEqual(["own:1"]);
    expect(diagnostics.map(({ code }) => code).sort()).toEqual([
      "grant/denied",
      "grant/denied",
      "grant/denied",
      "ingress/unavailable",
    ]);
  });

  test("give a driver's events the ingress and the source, whatever it says itself", async () => {
    const { driver, opened } = driverOf("own");
    const { sources, delivered } = sourcesOf(exposing(["own:1"]), [driver]);
    await sources.open();
    const lie = { kind: "message", source: "other", ingress_name: "other" };
    await opened[0]?.deliver(lie, { waitMs: 5 });
    expect(delivered).toEqual([
      ["room", { kind: "message", source: "own:1", ingress_name: "room" }, { waitMs: 5 }, "driver"],
    ]);
  });

  test("send over the first connection that is to the URL", async () => {
    const silent = driverOf("silent");
    const other = driverOf("other", { send: () => undefined });
    const right = driverOf("right", { send: async (url) => ({ sent: true, message: url }) });
    const { sources } = sourcesOf(exposing(["silent:1", "other:1", "right:1"]), [
      silent.driver,
      other.driver,
      right.driver,
    ]);
    expect(sources.send("wss://a", "hi")).toBeUndefined();
    await sources.open();
    expect(await sources.send("wss://a", "hi")).toEqual({ sent: true, message: "wss://a" });
  });
});

describe("[drivers/own] a host's driver that breaks its contract", () => {
  const rude = () => {
    throw new Error("secret=/home/me");
  };

  test.each<[string, Partial<IngressDriver & DriverSession>, number]>([
    ["throws when it is asked", { serves: rude }, 0],
    ["throws when it is opened", { open: rude }, 1],
    ["rejects when it is opened", { open: async () => rude() }, 1],
    ["never opens", { open: () => new Promise(() => {}) }, 1],
    ["throws when its status is read", { status: rude }, 0],
  ])(
    "and %s keeps no other from its work, and its text stays where it is",
    async (_name, odd, reported) => {
      const bad = driverOf("bad", odd);
      const good = driverOf("good");
      const { sources, diagnostics } = sourcesOf(exposing(["bad:1", "good:1"]), [
        bad.driver,
        good.driver,
      ]);
      await sources.open();
      expect(sources.statuses().map(({ driver }) => driver)).toEqual(["good"]);
      expect(diagnostics).toHaveLength(reported);
      expect(JSON.stringify(diagnostics)).not.toContain("secret");
      await sources[Symbol.asyncDispose]();
      expect(good.ended).toEqual(["good:1"]);
    },
  );

  test.each(["after its patience", "after the end"] as const)(
    "and opens %s is closed as soon as it is there",
    async (when) => {
      let open = (_session: DriverSession) => {};
      const late = driverOf("late", {
        open: () =>
          new Promise((resolve) => {
            open = resolve;
          }),
      });
      const { sources } = sourcesOf(exposing(["late:1"]), [late.driver]);
      const opening = sources.open();
      if (when === "after its patience") await opening;
      else await sources[Symbol.asyncDispose]();
      open(late.sessionOf({ ingress: "room", source: "late:1" }));
      await opening;
      await Promise.resolve();
      expect(late.ended).toEqual(["late:1"]);
      expect(sources.statuses()).toEqual([]);
    },
  );

  test("and never ends does not keep the instance from ending", async () => {
    const stuck = driverOf("stuck", {
      open: () => ({
        status: () => statusOf("stuck", "room", "stuck:1"),
        [Symbol.asyncDispose]: () => new Promise(() => {}),
      }),
    });
    const { sources } = sourcesOf(exposing(["stuck:1"]), [stuck.driver]);
    await sources.open();
    await sources[Symbol.asyncDispose]();
  });

  test("and reports endless or odd text is shown a bounded, inert, redacted part of it", async () => {
    const { driver, opened } = driverOf("own");
    const { sources, diagnostics } = sourcesOf(exposing(["own:1"]), [driver]);
    await sources.open();
    opened[0]?.report({
      code: "host/odd",
      phase: "execution",
      message: `\u001b[2J token: abc\n${"x".repeat(5_000)}`,
    });
    const [{ message } = { message: "" }] = diagnostics;
    expect(message).not.toContain("\u001b");
    expect(message).not.toContain("abc");
    expect(new TextEncoder().encode(message).length).toBeLessThanOrEqual(512);
  });
});

test("a status keeps the newest diagnostics and results (keptDiagnostics, keptCommands)", () => {
  const record = createStatusRecord({
    plugin: { ref: "project:a", source: "project", id: "a", version: "1", digest: "sha256:0" },
    isolation: "worker",
    hostCalls: "shared-memory",
    backend: "component",
  });
  const { keptDiagnostics, keptCommands } = instanceLimits;
  const now = { state: "running", waiting: 0, running: 0 } as const;
  for (let index = 0; index <= keptDiagnostics.default; index += 1) {
    record.diagnostic({ code: "host/x", phase: "execution", message: `${index}` });
    if (index + 1 === keptDiagnostics.default) {
      expect(record.read(now).diagnostics.at(0)?.message).toBe("0");
    }
  }
  for (let index = 0; index <= keptCommands.default; index += 1) {
    record.command({ status: "recorded", message: `${index}`, recordedAt: "" });
    if (index + 1 === keptCommands.default)
      expect(record.read(now).commands.at(0)?.message).toBe("0");
  }
  const { diagnostics, commands, lastError } = record.read(now);
  expect([diagnostics.length, diagnostics.at(0)?.message]).toEqual([keptDiagnostics.default, "1"]);
  expect([commands.length, commands.at(0)?.message]).toEqual([keptCommands.default, "1"]);
  expect(lastError).toBeUndefined();
});
