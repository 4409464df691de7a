import { describe, expect, it } from "vitest";
import { isPluginError, type PluginError, type ToolResult } from "yoi-plugin-sdk";
import { type GuestFixture, guests } from "../../fixtures/guests/index.ts";
import { guestInstance, toolManifest } from "./guest-package.ts";

type Ending = { readonly code: string; readonly feature?: unknown } | { readonly ok: true };

/** Runs a fixture as a user would, and says how it ended: before it ran, or as its call's result. */
async function ending(guest: GuestFixture, isolation: "worker" | "inline"): Promise<Ending> {
  let result: ToolResult;
  try {
    const manifest = toolManifest.replaceAll('name = "run"', `name = "${toolOf(guest)}"`);
    const timeoutMs = "ok" in guest.expects ? 10_000 : 300;
    await using instance = await guestInstance(
      guest.name,
      { isolation, limits: { timeoutMs } },
      manifest,
    );
    const [tool] = instance.tools;
    result = await instance.callTool(tool?.name ?? "run", { a: 1, text: "some words" });
  } catch (error) {
    if (!isPluginError(error)) throw error;
    const { code, details }: PluginError = error;
    return "feature" in details ? { code, feature: details.feature } : { code };
  }
  return result.error === undefined ? { ok: true } : { code: result.error.code };
}

/** The Rust guest knows its tools by name; the others take any. */
function toolOf(guest: GuestFixture): string {
  return guest.name === "rust-tool" ? "count_words" : "run";
}

// Guests of the instance world have tests of their own.
const toolGuests = guests.filter(({ world }) => world === "yoi:plugin/tool@1.0.0");

const isolations = ["worker", "inline"] as const;

// Both isolations in one test: the guest is prepared once.
it.each(toolGuests.map((guest) => [guest.name, guest] as const))(
  "%s ends as it must in every isolation, and the host goes on",
  async (_, guest) => {
    for (const isolation of isolations) {
      const ended = await ending(guest, isolation);
      if ("feature" in ended) {
        // An engine without the feature says so by its name; it does not crash.
        expect(ended.code, isolation).toBe("artifact/unsupported");
      } else {
        expect(ended, isolation).toEqual("ok" in guest.expects ? { ok: true } : guest.expects);
      }
      expect(globalThis).not.toHaveProperty("yoiPwned");
    }
  },
);

it("a guest of the instance world is refused where the tool world is declared", async () => {
  await expect(guestInstance("instance-world", {}, toolManifest)).rejects.toMatchObject({
    code: "artifact/world-mismatch",
  });
});

/** What a fixture's tool says, under the default limits. */
async function answerOf(name: string, isolation: "worker" | "inline"): Promise<ToolResult> {
  await using instance = await guestInstance(name, { isolation });
  return await instance.callTool("run", {});
}

describe.each(isolations)("what holds in the isolation %s", (isolation) => {
  it("[limits/memory] growing stops at 64 MiB inside the guest, all memories together", async () => {
    const pages = (result: ToolResult) =>
      Number(/\d+/u.exec(result.content ?? result.summary)?.[0]);
    expect(pages(await answerOf("memory-hog", isolation))).toBe(1024);
    const together = pages(await answerOf("memories-hog", isolation));
    expect(together).toBeGreaterThan(1000);
    expect(together).toBeLessThanOrEqual(1024);
    expect(pages(await answerOf("memory-hog-at-once", isolation))).toBeLessThan(1024);
  });

  it("[limits/tables] tables stop growing inside the guest, or are refused before they exist", async () => {
    const grown = await answerOf("table-hog", isolation);
    expect(Number(/\d+/u.exec(grown.content ?? grown.summary)?.[0])).toBeLessThanOrEqual(100_000);
    for (const declared of ["table-declared-too-large", "tables-add-up"]) {
      await expect(guestInstance(declared, { isolation })).rejects.toMatchObject({
        code: "artifact/limit",
      });
    }
  });

  it("[limits/stack] endless recursion ends as its own code, and the next call has a stack again", async () => {
    await using instance = await guestInstance("recursion", { isolation });
    for (let call = 0; call < 3; call += 1) {
      const result = await instance.callTool("run", {});
      expect(result.error?.code).toBe("runtime/stack-exhausted");
    }
  });

  it.each(["pointer-outside-memory", "pointer-negative", "pointer-wraps", "lying-realloc"])(
    "[limits/pointers] %s reaches nothing outside its memory",
    async (name) => {
      expect((await answerOf(name, isolation)).error?.code).toBe("runtime/trap");
    },
  );

  it.each(["bulk-fill-loop", "bulk-copy-loop", "table-fill-loop"])(
    "[stop/bulk] %s is stopped like any other loop",
    async (name) => {
      await using instance = await guestInstance(name, { isolation, limits: { timeoutMs: 200 } });
      const result = await instance.callTool("run", {});
      expect(result.error?.code).toBe("runtime/timeout");
      // 32 MiB a turn held a thread for 12 to 40 seconds without metering.
      expect(result.durationMs).toBeLessThan(5_000);
    },
  );

  it("[run/rust-guest] tools written in Rust run, with WASI and without", async () => {
    const manifest = toolManifest.replaceAll('name = "run"', 'name = "count_words"');
    await using words = await guestInstance("rust-tool", { isolation }, manifest);
    const counted = await words.callTool("count_words", { text: "three small words" });
    expect(counted).toMatchObject({ isError: false });
    expect(`${counted.summary} ${counted.content}`).toContain("3");
    const looked = await answerOf("rust-wasi-tool", isolation);
    expect(JSON.parse(looked.content ?? "")).toMatchObject({ arguments: 0, connected: false });
  });
});

it("[isolation/generator] guests that trap or explode the generator spoil no other load", async () => {
  const hostile = ["import-url", "exploding-instances", "many-exports"] as const;
  for (const name of hostile) {
    await expect(guestInstance(name)).rejects.toMatchObject({
      code: expect.stringMatching(/^artifact\//u),
    });
    expect((await answerOf("echo", "worker")).isError).toBe(false);
  }
});
