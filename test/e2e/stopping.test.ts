import { execFile } from "node:child_process";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { guestInstance } from "./guest-package.ts";

const run = promisify(execFile);

describe("[stop/loop] [stop/start] [stop/next-call] a guest that does not stop", () => {
  it.each([
    "loop",
    "loop-in-start",
    "loop-in-realloc",
    "br-table-loop",
    "indirect-recursion",
    "tail-call-loop",
  ])("%s is stopped at its deadline, and the next call gets a guest again", async (guest) => {
    const looping = await guestInstance(guest, { limits: { timeoutMs: 150 } });
    for (let call = 0; call < 2; call += 1) {
      const result = await looping.callTool("run", {});
      expect(result.error?.code).toBe("runtime/timeout");
      expect(result.durationMs).toBeLessThan(5_000);
    }
    await looping.stop();
  });

  it("[stop/abort] is stopped by the caller's signal, long before its deadline", async () => {
    const looping = await guestInstance("loop");
    const result = await looping.callTool("run", {}, { signal: AbortSignal.timeout(60) });
    expect(result.error?.code).toBe("runtime/aborted");
    expect(result.durationMs).toBeLessThan(5_000);
    await looping.stop();
  });

  it("is not entered when the signal has fired before", async () => {
    const looping = await guestInstance("loop");
    const result = await looping.callTool("run", {}, { signal: AbortSignal.abort() });
    expect(result.error?.code).toBe("runtime/aborted");
    await looping.stop();
  });

  it("[stop/event-loop] leaves the caller's event loop alone", async () => {
    const looping = await guestInstance("loop", { limits: { timeoutMs: 400 } });
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    await looping.callTool("run", {});
    delay.disable();
    // The loop runs for 400 ms; a blocked event loop would show all of it as one delay.
    expect(delay.max / 1e6).toBeLessThan(300);
    await looping.stop();
  });

  it("settles what is in flight and what waits when the instance stops", async () => {
    const looping = await guestInstance("loop");
    const running = looping.callTool("run", {});
    const waiting = looping.callTool("run", {});
    const stopped = looping.stop();
    expect((await running).error?.code).toBe("instance/stopped");
    expect((await waiting).error?.code).toBe("instance/stopped");
    await stopped;
    await looping.stop();
    expect(looping.state).toBe("stopped");
    expect((await looping.callTool("run", {})).error?.code).toBe("instance/stopped");
  });

  it("can be waited for by a bounded number of calls", async () => {
    const looping = await guestInstance("loop", { limits: { queuedCalls: 2, timeoutMs: 100 } });
    const results = await Promise.all([0, 1, 2, 3].map(() => looping.callTool("run", {})));
    expect(results.map((result) => result.error?.code)).toEqual([
      "runtime/timeout",
      "runtime/timeout",
      "runtime/timeout",
      "instance/busy",
    ]);
    await looping.stop();
  });
});

it("[stop/idle] an idle instance that nobody stops does not keep the process alive", async () => {
  const program = `
    import { createInstance, grantRequested, loadPackage } from ${JSON.stringify(new URL("../../dist/index.js", import.meta.url).href)};
    import { readFile } from "node:fs/promises";
    const pkg = await loadPackage({
      "plugin.toml": ${JSON.stringify((await import("./guest-package.ts")).toolManifest)},
      "guest.wasm": await readFile(${JSON.stringify(new URL("../../fixtures/guests/echo/guest.wasm", import.meta.url).pathname)}),
    });
    const instance = await createInstance(pkg, { grants: grantRequested(pkg) });
    console.log((await instance.callTool("run", {})).isError);
  `;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], {
    timeout: 20_000,
  });
  expect(stdout.trim()).toBe("false");
});
