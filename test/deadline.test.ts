import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startDeadline } from "../src/deadline.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a deadline", () => {
  test("ends when its time is up, not before", () => {
    using deadline = startDeadline({ budgetMs: 100 });
    const seen: string[] = [];
    deadline.onEnd((reason) => seen.push(reason));
    vi.advanceTimersByTime(99);
    expect([deadline.reason, deadline.remainingMs(), seen]).toEqual([undefined, 1, []]);
    vi.advanceTimersByTime(1);
    expect([deadline.reason, deadline.remainingMs(), seen]).toEqual(["timeout", 0, ["timeout"]]);
    expect(deadline.error("The guest")).toMatchObject({ code: "runtime/timeout" });
    expect(deadline.error("The guest").message).toContain("100 ms");
  });

  test("ends with the first of its signals", () => {
    const [first, second] = [new AbortController(), new AbortController()];
    using deadline = startDeadline({
      budgetMs: 100,
      signals: [first.signal, undefined, second.signal],
    });
    second.abort();
    expect(deadline.reason).toBe("aborted");
    expect(deadline.error("The guest").code).toBe("runtime/aborted");
  });

  test("keeps its first reason", () => {
    const controller = new AbortController();
    using deadline = startDeadline({ budgetMs: 100, signals: [controller.signal] });
    const seen: string[] = [];
    deadline.onEnd((reason) => seen.push(reason));
    vi.advanceTimersByTime(100);
    controller.abort();
    expect([deadline.reason, seen]).toEqual(["timeout", ["timeout"]]);
  });

  test("has ended from the start when a signal had fired", () => {
    using deadline = startDeadline({ budgetMs: 100, signals: [AbortSignal.abort()] });
    expect(deadline.reason).toBe("aborted");
    const seen: string[] = [];
    deadline.onEnd((reason) => seen.push(reason));
    expect(seen).toEqual(["aborted"]);
    vi.advanceTimersByTime(1000);
    expect(deadline.reason).toBe("aborted");
  });

  test("is over by the clock even while nobody lets its timer fire", () => {
    using deadline = startDeadline({ budgetMs: 100 });
    vi.setSystemTime(Date.now());
    const start = performance.now();
    vi.spyOn(performance, "now").mockReturnValue(start + 100);
    expect(deadline.reason).toBe("timeout");
    vi.restoreAllMocks();
  });

  test("tells nobody who took the listener back", () => {
    using deadline = startDeadline({ budgetMs: 100 });
    const seen: string[] = [];
    const takeBack = deadline.onEnd((reason) => seen.push(reason));
    takeBack();
    vi.advanceTimersByTime(100);
    expect(seen).toEqual([]);
  });

  test("leaves no timer and no listener behind when it is disposed", () => {
    const controller = new AbortController();
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    {
      using deadline = startDeadline({ budgetMs: 100, signals: [controller.signal] });
      expect(deadline.reason).toBeUndefined();
      expect(vi.getTimerCount()).toBe(1);
    }
    expect(vi.getTimerCount()).toBe(0);
    expect(removed).toHaveBeenCalled();
  });
});
