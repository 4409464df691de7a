import { describe, expect, it } from "vitest";
import type { InstanceOptions, ToolResult } from "yoi-plugin-sdk";
import type { RawGuestName } from "../../fixtures/raw/index.ts";
import { rawInstance } from "./raw-package.ts";

const isolations = ["worker", "inline"] as const;
type Limits = InstanceOptions["limits"];

/** One call of a guest under these limits. */
async function callOf(
  guest: RawGuestName,
  limits: Limits = {},
  isolation: "worker" | "inline" = "inline",
  input = {},
): Promise<ToolResult> {
  await using instance = await rawInstance(guest, { isolation, limits });
  return await instance.callTool("run", input);
}

describe.each(isolations)("[raw/limits] in the isolation %s", (isolation) => {
  const call = (guest: RawGuestName, limits?: Limits, input?: object) =>
    callOf(guest, limits, isolation, input);

  describe("memory", () => {
    it.each([
      ["2 MiB unless the host says otherwise", {}, "0032"],
      ["what a host allows beyond that", { memoryBytes: 4 * 1024 * 1024 }, "0064"],
      ["what a host leaves of that", { memoryBytes: 3 * 65_536 }, "0003"],
      ["whole pages of it", { memoryBytes: 3 * 65_536 - 1 }, "0002"],
    ])("is %s, past which it does not grow", async (_, limits, pages) => {
      expect((await call("memory-hog", limits)).summary).toBe(pages);
    });

    it("that a guest starts with is bounded by the same number", async () => {
      expect((await call("memory-at-cap")).isError).toBe(false);
      const raised = { memoryBytes: 33 * 65_536 };
      expect((await call("memory-over-cap", raised)).isError).toBe(false);
      const lowered = { memoryBytes: 32 * 65_536 - 1 };
      await expect(call("memory-at-cap", lowered)).rejects.toMatchObject({
        code: "artifact/limit",
      });
    });
  });

  describe("a table", () => {
    it.each([
      ["256 elements unless the host says otherwise", {}, "0256"],
      ["what a host allows beyond that", { tableElements: 1000 }, "1000"],
      ["what a host leaves of that", { tableElements: 2 }, "0002"],
    ])("has %s, past which it does not grow", async (_, limits, elements) => {
      expect((await call("table-hog", limits)).summary).toBe(elements);
    });

    it("that a guest starts with is bounded by the same number", async () => {
      expect((await call("table-at-cap")).isError).toBe(false);
      expect((await call("table-over-cap", { tableElements: 257 })).isError).toBe(false);
      await expect(call("table-at-cap", { tableElements: 255 })).rejects.toMatchObject({
        code: "artifact/limit",
      });
    });
  });

  describe("fuel", () => {
    it("is 5,000,000 unless the host says otherwise", async () => {
      const result = await call("hundred-million");
      expect(result.error?.code).toBe("runtime/out-of-fuel");
      expect(result.error?.message).toContain("5000000");
      expect(result.usage?.fuel).toBe(5_000_000);
    });

    it("that a host adds lets a guest finish", async () => {
      const limits = { fuel: 2_000_000_000, timeoutMs: 20_000 };
      const result = await call("hundred-million", limits);
      expect(result).toMatchObject({ isError: false, summary: "ok" });
      expect(result.usage?.fuel).toBeGreaterThan(100_000_000);
    });

    it.each(["count-calls", "start-once", "table-hog", "output-at-limit"] as const)(
      "of exactly what %s needs is enough, and one unit less is not",
      async (guest) => {
        const { usage } = await call(guest);
        const fuel = usage?.fuel ?? 0;
        expect(fuel).toBeGreaterThan(1);
        expect((await call(guest, { fuel })).isError).toBe(false);
        expect((await call(guest, { fuel: fuel - 1 })).error?.code).toBe("runtime/out-of-fuel");
      },
    );

    it("that is gone leaves the isolate for the next call", async () => {
      await using looping = await rawInstance("loop", { isolation });
      for (let calls = 0; calls < 3; calls += 1) {
        expect((await looping.callTool("run", {})).error?.code).toBe("runtime/out-of-fuel");
      }
      expect(looping.status()).toMatchObject({ replacements: 0, calls: { failed: 3 } });
    });
  });

  describe("time", () => {
    const endless = { fuel: Number.MAX_SAFE_INTEGER };

    it("is 1 s a call unless the host says otherwise", async () => {
      const result = await call("loop", endless);
      expect(result.error?.code).toBe("runtime/timeout");
      expect(result.durationMs).toBeGreaterThanOrEqual(1_000);
      expect(result.durationMs).toBeLessThan(4_000);
    });

    it.each([
      "loop",
      "loop-in-start",
      "loop-of-host-calls",
      "loop-of-outputs",
      "loop-by-br-table",
      "loop-of-fills",
      "loop-of-growth",
      "tail-call-loop",
    ] as const)("ends %s, and the same isolate serves the next call", async (guest) => {
      await using looping = await rawInstance(guest, {
        isolation,
        limits: { ...endless, timeoutMs: 60 },
      });
      for (let calls = 0; calls < 2; calls += 1) {
        const result = await looping.callTool("run", {});
        expect(result.error?.code).toBe("runtime/timeout");
        expect(result.durationMs).toBeLessThan(2_000);
      }
      expect(looping.status().replacements).toBe(0);
    });

    it("that a call asks for can only lower the instance's", async () => {
      await using looping = await rawInstance("loop", { isolation, limits: endless });
      const result = await looping.callTool("run", {}, { timeoutMs: 50 });
      expect(result.error?.code).toBe("runtime/timeout");
      expect(result.durationMs).toBeLessThan(900);
    });
  });

  describe("input", () => {
    const padded = (bytes: number) => ({ text: "x".repeat(bytes - '{"text":""}'.length) });

    it("of 64 KiB is taken, and one byte more never reaches the guest", async () => {
      const atLimit = await call("read-input", {}, padded(65_536));
      expect(atLimit).toMatchObject({ isError: false, usage: { inputBytes: 65_536 } });
      const past = await call("loop", {}, padded(65_537));
      expect(past.error?.code).toBe("input/too-large");
    });
  });

  describe("output", () => {
    it("of 64 KiB is taken, one byte more is not, unless the host says otherwise", async () => {
      expect((await call("output-at-limit")).isError).toBe(false);
      expect((await call("output-over-limit")).error?.code).toBe("output/too-large");
      const raised = { outputBytes: 65_537 };
      expect((await call("output-over-limit", raised)).isError).toBe(false);
      const lowered = { outputBytes: 65_535 };
      expect((await call("output-at-limit", lowered)).error?.code).toBe("output/too-large");
    });

    it("has a summary of 1 KiB, one byte more is not taken, unless the host says otherwise", async () => {
      expect((await call("summary-at-limit")).summary).toHaveLength(1_024);
      expect((await call("summary-over-limit")).error?.code).toBe("output/too-large");
      expect((await call("summary-over-limit", { summaryBytes: 1_025 })).isError).toBe(false);
      const lowered = { summaryBytes: 1_023 };
      expect((await call("summary-at-limit", lowered)).error?.code).toBe("output/too-large");
    });
  });
});

describe("[raw/fuel] fuel", () => {
  it.each([
    "echo",
    "count-calls",
    "start-answers",
    "grow-in-use",
    "memory-hog",
    "table-hog",
    "output-at-limit",
    "trap-after-output",
    "loop-of-fills",
    "silent",
  ] as const)("of %s is the same in every run and isolate", async (guest) => {
    const spent = new Set<number | undefined>();
    for (const isolation of isolations) {
      await using instance = await rawInstance(guest, { isolation });
      for (let call = 0; call < 3; call += 1) {
        spent.add((await instance.callTool("run", { a: [1, 2, 3] })).usage?.fuel);
      }
    }
    expect(spent.size).toBe(1);
    expect([...spent][0]).toBeGreaterThan(0);
  });

  it("depends on what the guest did: a longer input costs echo more", async () => {
    const short = await callOf("echo", {}, "inline", { a: 1 });
    const long = await callOf("echo", {}, "inline", { a: "x".repeat(1_000) });
    expect(long.usage?.fuel).toBeGreaterThan((short.usage?.fuel ?? 0) + 1_000);
  });
});

it("the caller's signal ends a raw guest at once", async () => {
  await using looping = await rawInstance("loop", {
    limits: { fuel: Number.MAX_SAFE_INTEGER, timeoutMs: 20_000 },
  });
  const result = await looping.callTool("run", {}, { signal: AbortSignal.timeout(40) });
  expect(result.error?.code).toBe("runtime/aborted");
  expect(result.durationMs).toBeLessThan(3_000);
});

it.each(["fuel", "memoryBytes", "tableElements"] as const)(
  "a %s of zero is refused, not taken for none",
  async (limit) => {
    await expect(callOf("echo", { [limit]: 0 })).rejects.toMatchObject({ code: "options/invalid" });
  },
);
