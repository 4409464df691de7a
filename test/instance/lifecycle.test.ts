import { describe, expect, test } from "vitest";
import type { InstanceState } from "../../src/instance/instance.types.ts";
import {
  callRefusal,
  createLifecycle,
  isEnd,
  lifecycleMoves,
} from "../../src/instance/lifecycle.ts";

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

  test("begins by starting and goes through stopping to its end", () => {
    const seen: InstanceState[] = [];
    const life = createLifecycle(({ to }) => seen.push(to));
    expect(life.state).toBe("starting");
    for (const to of ["running", "stopping", "stopped"] as const) life.move(to);
    expect(seen).toEqual(["running", "stopping", "stopped"]);
  });

  test("has no way out of stopped and failed, and a way to failed from everything else", () => {
    expect(states.filter(isEnd)).toEqual(["stopped", "failed"]);
    for (const state of states.filter((state) => !isEnd(state))) {
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
  ["starting", "instance/stopped"],
  ["stopping", "instance/stopped"],
  ["stopped", "instance/stopped"],
  ["failed", "instance/failed"],
])("an instance that is %s answers calls with %s", (state, code) => {
  expect(callRefusal(state, "project:a")?.code).toBe(code);
});
