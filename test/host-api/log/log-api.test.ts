import { describe, expect, test } from "vitest";
import { createAuthority } from "../../../src/grants/plan.ts";
import { openHostCalls } from "../../../src/host-api/host-call.ts";
import type { LogLine } from "../../../src/host-api/log/log.types.ts";
import { createLogApi, logLevels } from "../../../src/host-api/log/log-api.ts";
import { authoriseImports } from "../../../src/instance/authorise-imports.ts";
import { logLimits } from "../../../src/limits.ts";
import { readArtifact } from "../../../src/wasm/artifact.ts";
import { stubPackage } from "../../grants/stub-package.ts";
import { tool } from "../../wasm/admitting.ts";
import { wasm } from "../../wasm/wasm-text.ts";
import { openApi } from "../context.ts";

function opened() {
  const lines: LogLine[] = [];
  const clock = { ms: 0 };
  const api = createLogApi({ onLine: (line) => lines.push(line), now: () => clock.ms });
  return { ...openApi(api, { permissions: [] }), api, lines, clock };
}

describe("[log/bounded] the log API", () => {
  test("takes a line at each level and tells who logged it, without any permission", async () => {
    const { call, lines } = opened();
    for (const level of logLevels)
      expect(await call("log", level, "hello")).toEqual({ logged: true });
    expect(lines.map(({ level }) => level)).toEqual([...logLevels]);
    expect(lines[0]).toEqual({
      plugin: stubPackage().identity,
      level: "trace",
      message: "hello",
      dropped: 0,
    });
  });

  test.each([
    [["fatal", "x"]],
    [["", "x"]],
    [["__proto__", "x"]],
    [["info"]],
    [["info", 1]],
    [[1, "x"]],
    [["info", "x", "y"]],
  ])("refuses %j, and the listener hears nothing", async (args) => {
    const { call, lines } = opened();
    expect((await call("log", ...args)).error?.code).toBe("host/invalid-request");
    expect(lines).toEqual([]);
  });

  test("a line is one line, inert and redacted", async () => {
    const { call, lines } = opened();
    await call("log", "info", "a\nb\u001b[2Jc\u202ed token=hush");
    expect(lines[0]?.message).toBe("a b [2Jc d token=<redacted>");
  });

  test("a line is cut at lineBytes", async () => {
    const { call, lines } = opened();
    const most = logLimits.lineBytes.default;
    await call("log", "info", "a".repeat(most));
    await call("log", "info", "a".repeat(most + 1));
    expect(lines[0]?.message).toBe("a".repeat(most));
    expect(lines[1]?.message).toBe(`${"a".repeat(most - 3)}…`);
  });

  test("burstLines are taken at once, then linesPerSecond, and what is dropped is counted", async () => {
    const { call, lines, clock } = opened();
    const burst = logLimits.burstLines.default;
    for (let line = 0; line < burst; line += 1) {
      expect(await call("log", "info", "x")).toEqual({ logged: true });
    }
    for (let line = 0; line < 5; line += 1) {
      expect(await call("log", "info", "x")).toEqual({ logged: false });
    }
    expect(lines).toHaveLength(burst);
    clock.ms += 1000;
    for (let line = 0; line < logLimits.linesPerSecond.default; line += 1) {
      expect(await call("log", "info", "y")).toEqual({ logged: true });
    }
    expect(await call("log", "info", "y")).toEqual({ logged: false });
    expect(lines[burst]).toMatchObject({ message: "y", dropped: 5 });
    expect(lines[burst + 1]).toMatchObject({ dropped: 0 });
  });

  test("burstBytes are taken at once, then bytesPerSecond", async () => {
    const { call, clock } = opened();
    const line = "a".repeat(logLimits.lineBytes.default);
    const burst = logLimits.burstBytes.default / line.length;
    for (let taken = 0; taken < burst; taken += 1) {
      expect(await call("log", "info", line)).toEqual({ logged: true });
    }
    expect(await call("log", "info", "a")).toEqual({ logged: false });
    clock.ms += 1000;
    for (let taken = 0; taken < logLimits.bytesPerSecond.default / line.length; taken += 1) {
      expect(await call("log", "info", line)).toEqual({ logged: true });
    }
    expect(await call("log", "info", "a")).toEqual({ logged: false });
  });

  test("an allowance never grows past its burst, nor with a clock that goes back", async () => {
    const { call, clock } = opened();
    clock.ms += 1e9;
    const burst = logLimits.burstLines.default;
    for (let line = 0; line < burst; line += 1) await call("log", "info", "x");
    clock.ms -= 5e8;
    expect(await call("log", "info", "x")).toEqual({ logged: false });
  });

  test("what was dropped last is told when the instance ends", async () => {
    const { api, lines } = opened();
    const { identity } = stubPackage();
    const session = api.open({ plugin: identity, authority: {} as never });
    const run = session.functions.get("log");
    const call = { signal: new AbortController().signal, remainingMs: () => 1 };
    for (let line = 0; line < logLimits.burstLines.default + 3; line += 1) {
      await run?.(["info", "x"], call);
    }
    await session[Symbol.asyncDispose]();
    expect(lines.at(-1)).toMatchObject({ level: "warn", dropped: 3 });
  });

  test("what the listener throws, now or later, changes nothing", async () => {
    for (const onLine of [
      () => {
        throw new Error("full");
      },
      async () => {
        throw new Error("later");
      },
    ]) {
      const { call } = openApi(createLogApi({ onLine }), { permissions: [] });
      expect(await call("log", "info", "x")).toEqual({ logged: true });
    }
  });

  test("nobody is asked about it, neither when it is imported nor when it is called", async () => {
    const { api, lines } = opened();
    const pkg = stubPackage();
    const authority = createAuthority(pkg, undefined, {
      onDecision: () => expect.unreachable("the authority was asked"),
    });
    const calls = openHostCalls([api], { plugin: pkg.identity, authority });
    const question = { interface: api.interface, function: "log", args: ["info", "x"] };
    const call = { signal: new AbortController().signal, remainingMs: () => 1 };
    expect(await calls.answer(question, call)).toBe('{"logged":true}');
    expect(lines).toHaveLength(1);
    const facts = readArtifact(
      await wasm(
        tool(`(import "${api.interface}" (instance
      (export "log" (func (param "l" string) (param "m" string) (result string)))))`),
      ),
    );
    const apis = new Map([[api.interface, api]]);
    expect(await authoriseImports(facts, authority, apis)).toEqual([api]);
  });

  test("refuses a limit that is none", () => {
    expect(() => createLogApi({ onLine: () => {}, limits: { lineBytes: -1 } })).toThrow(
      /lineBytes/,
    );
  });
});
