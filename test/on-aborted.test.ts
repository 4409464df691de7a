import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { onAborted } from "../src/on-aborted.ts";

describe("hearing of a signal as one of many", () => {
  test("a thousand listeners are one to the signal, and engines warn of no leak", () => {
    const controller = new AbortController();
    const heard: number[] = [];
    for (let index = 0; index < 1_000; index += 1) {
      onAborted(controller.signal, () => heard.push(index));
    }
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
    controller.abort();
    expect(heard).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
  });

  test("who left hears nothing, and the last who leaves leaves nothing behind", () => {
    const controller = new AbortController();
    const heard: string[] = [];
    const [first, second] = ["first", "second"].map((name) =>
      onAborted(controller.signal, () => heard.push(name)),
    );
    first?.();
    first?.();
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
    second?.();
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    controller.abort();
    expect(heard).toEqual([]);
  });

  test("one that leaves and waits again hears once", () => {
    const controller = new AbortController();
    const heard: string[] = [];
    const leave = onAborted(controller.signal, () => heard.push("before"));
    leave();
    onAborted(controller.signal, () => heard.push("again"));
    leave();
    controller.abort();
    expect(heard).toEqual(["again"]);
  });

  test("a listener that has another leave keeps it from hearing", () => {
    const controller = new AbortController();
    const heard: string[] = [];
    let leave = () => {};
    onAborted(controller.signal, () => leave());
    leave = onAborted(controller.signal, () => heard.push("left"));
    controller.abort();
    expect(heard).toEqual([]);
  });
});
