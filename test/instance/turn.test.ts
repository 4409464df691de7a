import { describe, expect, test } from "vitest";
import { PluginError } from "../../src/errors.ts";
import { createTurns } from "../../src/instance/turn.ts";

/** A promise that the test settles by hand. */
function work(log: string[] = [], name = "work") {
  let finish: (value: string) => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const done = new Promise<string>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const start = () => {
    log.push(name);
    return done;
  };
  return { start, finish, fail };
}

const stopped = new PluginError({
  code: "instance/stopped",
  phase: "lifecycle",
  message: "Stopped.",
});

describe("[run/turns] turns", () => {
  test("calls run one at a time in the order in which they came", async () => {
    const turns = createTurns({ maxWaiting: 8 });
    const log: string[] = [];
    const calls = ["a", "b", "c"].map((name) => work(log, name));
    const results = calls.map((call) => turns.run(call.start));
    expect(log).toEqual(["a"]);
    expect([turns.running, turns.waiting]).toEqual([1, 2]);
    for (const [index, call] of calls.entries()) {
      call.finish(`${index}`);
      await results[index];
      await Promise.resolve();
    }
    expect(log).toEqual(["a", "b", "c"]);
    expect(await Promise.all(results)).toEqual(["0", "1", "2"]);
    await turns.idle();
    expect([turns.running, turns.waiting]).toEqual([0, 0]);
  });

  test("a call that comes when nobody runs starts at once", () => {
    const log: string[] = [];
    void createTurns({ maxWaiting: 1 }).run(work(log).start);
    expect(log).toEqual(["work"]);
  });

  test.each<[string, (fail: (error: unknown) => void) => () => Promise<never>]>([
    ["rejects", () => () => Promise.reject(new Error("boom"))],
    [
      "throws before its first await",
      () => () => {
        throw new Error("boom");
      },
    ],
  ])("work that %s gives its turn to the next", async (_name, make) => {
    const turns = createTurns({ maxWaiting: 1 });
    const first = turns.run(make(() => {}));
    const second = turns.run(async () => "next");
    await expect(first).rejects.toThrow("boom");
    expect(await second).toBe("next");
  });

  test("as many calls wait as the limit and no more", async () => {
    const turns = createTurns({ maxWaiting: 2, plugin: "project:a" });
    const running = work();
    const results = [turns.run(running.start), turns.run(async () => 1), turns.run(async () => 2)];
    await expect(turns.run(async () => 3)).rejects.toMatchObject({
      code: "instance/busy",
      plugin: "project:a",
    });
    expect(turns.waiting).toBe(2);
    running.finish("");
    expect(await Promise.all(results)).toEqual(["", 1, 2]);
  });

  test("a waiting call is cancelled by its signal at once and frees its place", async () => {
    const turns = createTurns({ maxWaiting: 1 });
    const running = work();
    const first = turns.run(running.start);
    const log: string[] = [];
    const abort = new AbortController();
    const second = turns.run(work(log, "cancelled").start, abort.signal);
    abort.abort();
    await expect(second).rejects.toMatchObject({ code: "runtime/aborted" });
    expect(turns.waiting).toBe(0);
    const third = turns.run(async () => "third");
    running.finish("first");
    expect([await first, await third]).toEqual(["first", "third"]);
    expect(log).toEqual([]);
  });

  test("a signal that fired already starts nothing, also when nobody runs", async () => {
    const log: string[] = [];
    const turns = createTurns({ maxWaiting: 1 });
    await expect(turns.run(work(log).start, AbortSignal.abort())).rejects.toMatchObject({
      code: "runtime/aborted",
    });
    expect([log, turns.running]).toEqual([[], 0]);
  });

  test("once a call runs, its signal is the work's own affair", async () => {
    const turns = createTurns({ maxWaiting: 1 });
    const blocking = work();
    const first = turns.run(blocking.start);
    const abort = new AbortController();
    const running = work();
    const second = turns.run(running.start, abort.signal);
    blocking.finish("");
    await first;
    await Promise.resolve();
    abort.abort();
    running.finish("done");
    expect(await second).toBe("done");
  });

  test("closing rejects those who wait and those who come, and leaves the running one", async () => {
    const turns = createTurns({ maxWaiting: 4 });
    const running = work();
    const first = turns.run(running.start);
    const log: string[] = [];
    const waiting = [turns.run(work(log).start), turns.run(work(log).start)];
    turns.close(stopped);
    for (const call of waiting) await expect(call).rejects.toBe(stopped);
    await expect(turns.run(work(log).start)).rejects.toBe(stopped);
    expect([turns.running, turns.waiting, log]).toEqual([1, 0, []]);
    running.finish("done");
    expect(await first).toBe("done");
    await turns.idle();
    expect(turns.running).toBe(0);
  });

  test("the first closing error stays", async () => {
    const turns = createTurns({ maxWaiting: 1 });
    turns.close(stopped);
    turns.close(new PluginError({ code: "instance/failed", phase: "lifecycle", message: "Late." }));
    await expect(turns.run(async () => 1)).rejects.toBe(stopped);
  });

  test("listeners on a long-lived signal go when the call leaves the queue", async () => {
    const turns = createTurns({ maxWaiting: 1 });
    const { signal } = new AbortController();
    let listening = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listening += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listening -= 1;
      remove(...args);
    };
    const running = work();
    const first = turns.run(running.start);
    const second = turns.run(async () => 1, signal);
    expect(listening).toBe(1);
    running.finish("");
    await Promise.all([first, second]);
    expect(listening).toBe(0);
  });

  test("what keeps a place waits in its order even when the queue is full", async () => {
    const turns = createTurns({ maxWaiting: 1 });
    const log: string[] = [];
    const calls = ["running", "waiting", "kept"].map((name) => work(log, name));
    const [running, waiting, kept] = calls as [
      (typeof calls)[0],
      (typeof calls)[0],
      (typeof calls)[0],
    ];
    const all = [
      turns.run(running.start),
      turns.run(waiting.start),
      turns.run(kept.start, undefined, "kept"),
    ];
    await expect(turns.run(async () => 1)).rejects.toMatchObject({ code: "instance/busy" });
    for (const [index, call] of calls.entries()) {
      call.finish("");
      await all[index];
      await Promise.resolve();
    }
    expect(log).toEqual(["running", "waiting", "kept"]);
    turns.close(stopped);
    await expect(turns.run(async () => 1, undefined, "kept")).rejects.toBe(stopped);
  });
});
