import { describe, expect, test } from "vitest";
import type { InstanceState } from "../../src/instance/instance.types.ts";
import { callRefusal, createLifecycle, lifecycleMoves } from "../../src/instance/lifecycle.ts";

const states = Object.keys(lifecycleMoves) as InstanceState[];

describe("the life of an instance", () => {
  test("follows the table and nothing else", () => {
    for (const from of states) {
      for (const to of states) {
        const moves: unknown[] = [];
        const life = createLifecycle((move) => moves.push(move), from);
        const may = lifecycleMoves[from].includes(to);
        expect(life.move(to)).toBe(may);
        expect(life.state).toBe(may ? to : from);
        expect(moves).toEqual(may ? [{ from, to }] : []);
      }
    }
  });

  test("begins as ready and goes through starting, running and stopping to its end", () => {
    const seen: InstanceState[] = [];
    const life = createLifecycle(({ to }) => seen.push(to));
    expect(life.state).toBe("ready");
    for (const to of ["starting", "running", "stopping", "stopped"] as const) life.move(to);
    expect(seen).toEqual(["starting", "running", "stopping", "stopped"]);
  });

  test("has no way out of stopped, a way to failed from everything else, and back by a restart or a stop", () => {
    expect(lifecycleMoves.stopped).toEqual([]);
    expect(lifecycleMoves.failed).toEqual(["starting", "stopping"]);
    for (const state of states.filter((state) => state !== "stopped" && state !== "failed")) {
      expect(lifecycleMoves[state]).toContain("failed");
    }
  });

  test("a failure that is noticed after the stop changes nothing", () => {
    const life = createLifecycle(undefined, "stopped");
    expect(life.move("failed")).toBe(false);
    expect(life.state).toBe("stopped");
  });
});

test.each<[InstanceState, string | undefined]>([
  ["ready", undefined],
  ["running", undefined],
  ["starting", "instance/starting"],
  ["stopping", "instance/stopped"],
  ["stopped", "instance/stopped"],
  ["failed", "instance/failed"],
])("an instance that is %s answers calls with %s", (state, code) => {
  expect(callRefusal(state, "project:a")?.code).toBe(code);
});
