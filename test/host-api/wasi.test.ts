import { describe, expect, it } from "vitest";
import { createWasi, wasiInterfaces } from "../../src/host-api/wasi/wasi.ts";
import { wasiLimits } from "../../src/limits.ts";

interface Stop {
  readonly code: string;
  readonly message: string;
}

/** The stand-ins of one guest, what it wrote, and why it was stopped. */
function standIns() {
  const written: string[] = [];
  const interfaces = createWasi(wasiInterfaces, {
    log: (_, text) => written.push(text),
    stop(reason) {
      throw reason;
    },
  });
  // biome-ignore lint/suspicious/noExplicitAny: the stand-ins are what generated code calls
  return { written, named: (name: string) => interfaces[name] as any };
}

function stopOf(run: () => unknown): Stop | undefined {
  try {
    run();
    return undefined;
  } catch (reason) {
    return reason as Stop;
  }
}

describe("[run/wasi-inert] a guest that looks around finds nothing", () => {
  const { named } = standIns();

  it("no environment, arguments, folders or terminals", () => {
    expect(named("wasi:cli/environment").getEnvironment()).toEqual([]);
    expect(named("wasi:cli/environment").getArguments()).toEqual([]);
    expect(named("wasi:cli/environment").initialCwd()).toBeUndefined();
    expect(named("wasi:filesystem/preopens").getDirectories()).toEqual([]);
    expect(named("wasi:cli/terminal-stdin").getTerminalStdin()).toBeUndefined();
  });

  it("an input that is at its end", () => {
    const input = named("wasi:cli/stdin").getStdin();
    expect(stopOf(() => input.read(10n))).toEqual({ payload: { tag: "closed" } });
    expect(stopOf(() => input.blockingRead(10n))).toEqual({ payload: { tag: "closed" } });
  });

  it("no sockets, no HTTP, and nothing that it did not import", () => {
    const only = createWasi(["wasi:io/poll", "wasi:sockets/tcp", "wasi:http/types"], {
      log: () => undefined,
      stop: () => {
        throw new Error("unused");
      },
    });
    expect(Object.keys(only)).toEqual(["wasi:io/poll"]);
    expect(Object.getPrototypeOf(only)).toBeNull();
  });

  it("and asking to exit ends it", () => {
    expect(stopOf(() => named("wasi:cli/exit").exit({ tag: "ok" }))?.code).toBe("runtime/trap");
  });
});

describe("what a guest takes or gives at once is bounded", () => {
  it("bytes written", () => {
    const { named, written } = standIns();
    const output = named("wasi:cli/stdout").getStdout();
    const most = wasiLimits.streamChunkBytes.default;
    output.write(new Uint8Array(most).fill(97));
    expect(written.join("")).toHaveLength(most);
    expect(stopOf(() => output.write(new Uint8Array(most + 1)))?.code).toBe("runtime/trap");
    expect(stopOf(() => output.writeZeroes(BigInt(most) + 1n))?.code).toBe("runtime/trap");
    expect(stopOf(() => output.writeZeroes(2n ** 64n - 1n))?.code).toBe("runtime/trap");
  });

  it("random bytes", () => {
    const { named } = standIns();
    const random = named("wasi:random/random");
    const most = BigInt(wasiLimits.randomBytes.default);
    expect(random.getRandomBytes(most)).toHaveLength(Number(most));
    expect(stopOf(() => random.getRandomBytes(most + 1n))?.code).toBe("runtime/limit");
    expect(stopOf(() => random.getRandomBytes(2n ** 64n - 1n))?.code).toBe("runtime/limit");
  });

  it("pollables waited for", () => {
    const { named } = standIns();
    const { subscribeDuration } = named("wasi:clocks/monotonic-clock");
    const { poll } = named("wasi:io/poll");
    const pollables = (count: number) => Array.from({ length: count }, () => subscribeDuration(1n));
    const most = wasiLimits.pollables.default;
    expect([...poll(pollables(most))]).toEqual([0]);
    expect(stopOf(() => poll(pollables(most + 1)))?.code).toBe("runtime/trap");
    expect(stopOf(() => poll([]))?.code).toBe("runtime/trap");
  });
});

it("a guest that sleeps takes no time, and its clock moves on by what it slept", () => {
  const { named } = standIns();
  const clock = named("wasi:clocks/monotonic-clock");
  const hour = 3_600_000_000_000n;
  const before = clock.now();
  clock.subscribeDuration(hour).block();
  expect(clock.now() - before).toBeGreaterThanOrEqual(hour);
  clock.subscribeInstant(before + 2n * hour).block();
  expect(clock.now()).toBeGreaterThanOrEqual(before + 2n * hour);
});

it("text split within a character is written whole", () => {
  const { named, written } = standIns();
  const output = named("wasi:cli/stderr").getStderr();
  const bytes = new TextEncoder().encode("日");
  output.write(bytes.subarray(0, 1));
  output.write(bytes.subarray(1));
  expect(written.join("")).toBe("日");
});
