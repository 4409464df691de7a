import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, it } from "vitest";
import { isPluginError, type RuntimeBackend } from "yoi-plugin-sdk";
import { interpreterBackend } from "../../examples/custom-backend/interpreter-backend.ts";
import { type RawGuestName, rawGuests } from "../../fixtures/raw/index.ts";
import { rawInstance } from "./raw-package.ts";

const example = new URL("../../examples/custom-backend/", import.meta.url);
const root = new URL("../../", import.meta.url);

describe("[backend/example] the example of a host's own backend", () => {
  it("runs against the built package and holds what it says", { timeout: 60_000 }, async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--import", "tsx", new URL("main.ts", example).pathname],
      { cwd: root, env: { ...process.env, TSX_TSCONFIG_PATH: "examples/tsconfig.json" } },
    );
    expect(stdout).toContain("kept     stopping/deadline");
    expect(stdout).toContain('answered {"TEXT":"A BACKEND OF YOUR OWN"}');
  });

  it("has the guest that its text compiles to", async () => {
    const text = await readFile(new URL("guest.wat", example), "utf8");
    const committed = await readFile(new URL("guest.wasm", example));
    const rebuilt = Buffer.from(await parse(text));
    expect(committed.equals(rebuilt), "run: npx tsx examples/custom-backend/build.ts").toBe(true);
  });
});

describe("[limits/refused-not-ignored] a limit that the backend says it can't keep", () => {
  const backends = [{ ...interpreterBackend(), unkeptLimits: ["fuel", "memoryBytes"] as const }];

  it("is refused when it is asked for, whatever its value", async () => {
    for (const limits of [
      { fuel: 1_000 },
      { memoryBytes: 4 * 1024 * 1024 },
      { timeoutMs: 100, fuel: 1 },
    ]) {
      await expect(rawInstance("echo", { backends, limits })).rejects.toMatchObject({
        code: "options/unsupported",
        message: expect.stringMatching(/"interpreter".*(fuel|memoryBytes)/u),
      });
    }
  });

  it("is not asked for by the defaults, nor is any other limit", async () => {
    await using echo = await rawInstance("echo", { backends, limits: { timeoutMs: 10_000 } });
    expect((await echo.callTool("run", { a: 1 })).content).toBe('{"a":1}');
  });
});

/** How a guest ends with a backend. */
async function ending(guest: RawGuestName, backends?: readonly RuntimeBackend[]): Promise<unknown> {
  try {
    await using instance = await rawInstance(guest, {
      ...(backends === undefined ? {} : { backends }),
      limits: { timeoutMs: 20_000, fuel: 200_000 },
    });
    const { summary, content, error } = await instance.callTool("run", { a: 1 });
    return error === undefined ? { summary, content } : error.code;
  } catch (error) {
    if (!isPluginError(error)) throw error;
    return error.code;
  }
}

/** What the interpreter says of guests that use more than it knows, or that are not valid. */
const unlike: ReadonlyMap<RawGuestName, string> = new Map([
  ["loop-by-br-table", "artifact/unsupported"],
  ["recursion-through-table", "artifact/unsupported"],
  ["tail-call-loop", "artifact/unsupported"],
  ["body-not-valid", "runtime/trap"],
]);

describe("the interpreter and the engine agree on", () => {
  const backend = interpreterBackend();
  it.each(rawGuests.map(({ name }) => name))("%s", async (guest) => {
    const interpreted = await ending(guest, [backend]);
    expect(interpreted).toEqual(unlike.get(guest) ?? (await ending(guest)));
  });
});
