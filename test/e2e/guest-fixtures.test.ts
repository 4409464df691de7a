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

describe.each(["worker", "inline"] as const)("in the isolation %s", (isolation) => {
  it.each(toolGuests.map((guest) => [guest.name, guest] as const))(
    "%s ends as it must, and the host goes on",
    async (_, guest) => {
      const ended = await ending(guest, isolation);
      if ("feature" in ended) {
        // An engine without the feature says so by its name; it does not crash.
        expect(ended.code).toBe("artifact/unsupported");
      } else {
        expect(ended).toEqual("ok" in guest.expects ? { ok: true } : guest.expects);
      }
      expect(globalThis).not.toHaveProperty("yoiPwned");
    },
  );
});

it("a guest of the instance world is refused where the tool world is declared", async () => {
  await expect(guestInstance("instance-world", {}, toolManifest)).rejects.toMatchObject({
    code: "artifact/world-mismatch",
  });
});
