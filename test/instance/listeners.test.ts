import { afterEach, describe, expect, test, vi } from "vitest";
import { createListeners } from "../../src/instance/listeners.ts";

interface Events {
  readonly log: string;
  readonly end: number;
}

describe("listeners", () => {
  afterEach(() => vi.restoreAllMocks());

  test("hear what they listen to, in their order, until they are removed", () => {
    const listeners = createListeners<Events>();
    const heard: string[] = [];
    const remove = listeners.on("log", (text) => heard.push(`1 ${text}`));
    listeners.on("log", (text) => heard.push(`2 ${text}`));
    listeners.emit("log", "a");
    listeners.emit("end", 1);
    remove();
    remove();
    listeners.emit("log", "b");
    listeners.clear();
    listeners.emit("log", "c");
    expect(heard).toEqual(["1 a", "2 a", "2 b"]);
  });

  test("the same function added twice is removed once", () => {
    const listeners = createListeners<Events>();
    let heard = 0;
    const listener = () => {
      heard += 1;
    };
    const remove = listeners.on("end", listener);
    listeners.on("end", listener);
    remove();
    listeners.emit("end", 1);
    expect(heard).toBe(1);
  });

  test("one that throws or rejects stops neither the caller nor the others", async () => {
    const errors: unknown[] = [];
    const listeners = createListeners<Events>((error) => errors.push(error));
    const heard: string[] = [];
    listeners.on("log", () => {
      throw new Error("sync");
    });
    listeners.on("log", (async () => {
      throw new Error("async");
    }) as () => void);
    listeners.on("log", (text) => heard.push(text));
    listeners.emit("log", "a");
    await Promise.resolve();
    await Promise.resolve();
    expect(heard).toEqual(["a"]);
    expect(errors.map(String)).toEqual(["Error: sync", "Error: async"]);
  });

  test("an error goes to the console, inert and bounded, when nobody else takes it", () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    const listeners = createListeners<Events>();
    listeners.on("log", (text) => JSON.parse(`\u001b[2J${text}`));
    listeners.on("log", () => {
      throw {
        toString: () => {
          throw new Error("no text");
        },
      };
    });
    listeners.emit("log", "x".repeat(100_000));
    const texts = printed.mock.calls.map(([text]) => String(text));
    expect(texts).toHaveLength(2);
    expect(texts.join()).not.toContain("\u001b");
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThanOrEqual(4_096);
  });

  test("may add and remove listeners while they hear", () => {
    const listeners = createListeners<Events>();
    const heard: string[] = [];
    const remove = listeners.on("end", () => {
      heard.push("first");
      remove();
      listeners.on("end", () => heard.push("late"));
    });
    listeners.emit("end", 1);
    listeners.emit("end", 2);
    expect(heard).toEqual(["first", "late"]);
  });
});
