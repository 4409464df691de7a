import { describe, expect, it } from "vitest";
import { isPluginError } from "yoi-plugin-sdk";
import { compileRawGuest, rawGuestFolders } from "../../fixtures/raw/compile.ts";
import { type RawGuestName, rawGuestBytes, rawGuests } from "../../fixtures/raw/index.ts";
import { rawInstance } from "./raw-package.ts";

/** Runs a guest as a user would, and says how that ended: before it ran, or as its call's result. */
async function ending(guest: RawGuestName, isolation: "worker" | "inline"): Promise<string> {
  try {
    await using instance = await rawInstance(guest, { isolation });
    const result = await instance.callTool("run", {});
    return result.error?.code ?? "ok";
  } catch (error) {
    if (!isPluginError(error)) throw error;
    return error.code;
  }
}

describe.each(["worker", "inline"] as const)("in the isolation %s", (isolation) => {
  it.each(rawGuests.map(({ name, expects }) => [name, expects] as const))(
    "%s ends as %s",
    async (name, expects) => {
      expect(await ending(name, isolation)).toBe(expects);
    },
  );
});

describe("the guests under fixtures/raw/", () => {
  it("are listed, every folder of them and each once", async () => {
    expect(rawGuests.map(({ name }) => name).sort()).toEqual(await rawGuestFolders());
  });

  it("have artifacts that are exactly what their text compiles to", async () => {
    const stale: string[] = [];
    for (const { name } of rawGuests) {
      const committed = await rawGuestBytes(name);
      if (!Buffer.from(committed).equals(await compileRawGuest(name))) stale.push(name);
    }
    expect(stale, "run: npx tsx fixtures/raw/build.ts").toEqual([]);
  });
});
