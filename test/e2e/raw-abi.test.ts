import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject, PluginInstance } from "yoi-plugin-sdk";
import { rawInstance } from "./raw-package.ts";

/** The probe's memory: two pages. */
const end = 131_072;
const int32 = { min: -2_147_483_648, max: 2_147_483_647 };

describe.each(["worker", "inline"] as const)("[raw/abi] in the isolation %s", (isolation) => {
  let probe: PluginInstance;
  beforeAll(async () => {
    probe = await rawInstance("probe", { isolation });
  });
  afterAll(() => probe.stop());

  /** What the imports answered, or how the call ended. */
  async function probed(input: JsonObject): Promise<string> {
    const { summary, error } = await probe.callTool("run", input);
    return error?.code ?? summary;
  }

  describe("tool_name_read copies the name, which has three bytes here", () => {
    it.each([
      [0, 3],
      [1, 3],
      [end - 3, 3],
    ])("to %i when its length is given exactly", async (at, length) => {
      expect(await probed({ at, length })).toBe("name 3 input -1 write 0");
    });

    it.each([
      [0, 0, "nothing"],
      [0, 2, "one byte less"],
      [0, 4, "one byte more"],
      [0, -3, "a negative length"],
      [0, int32.min, "the least length"],
      [0, int32.max, "the largest length"],
      [-1, 3, "a negative address"],
      [-3, 3, "an address that would wrap round to zero"],
      [int32.min, 3, "the least address"],
      [int32.max, 3, "the largest address"],
      [end - 2, 3, "a range that leaves the memory by one byte"],
      [end, 3, "the first address outside"],
      [end + 1, 3, "an address further outside"],
      [int32.max, int32.max, "an end that does not fit 32 bits"],
    ])("and answers -1 for (%i, %i): %s", async (at, length) => {
      expect(await probed({ at, length })).toBe("name -1 input -1 write 0");
    });
  });

  describe("input_read copies the input", () => {
    /** An input that states its own length in UTF-8 bytes, more or less. */
    function stating(at: number, more: number, text = "京都"): JsonObject {
      const bytes = (length: number) => Buffer.byteLength(JSON.stringify({ at, length, text }));
      const length = Array.from({ length: 200 }, (_, index) => index).find(
        (candidate) => bytes(candidate + more) === candidate,
      );
      if (length === undefined) throw new Error("no input states its own length here");
      return { at, length: length + more, text };
    }

    it("when its length in bytes, not in characters, is given exactly", async () => {
      const input = stating(0, 0);
      expect(await probed(input)).toBe(`name -1 input ${input.length} write 0`);
    });

    it("up to the last byte of the memory and not one further", async () => {
      const { length } = stating(end - 40, 0);
      const last = end - (length as number);
      expect(await probed({ at: last, length: length as number, text: "京都" })).toBe(
        `name -1 input ${length} write 0`,
      );
      expect(await probed({ at: last + 1, length: length as number, text: "京都" })).toBe(
        "name -1 input -1 write 0",
      );
    });

    it.each([-1, 1])("and answers -1 for a length that is wrong by %i", async (more) => {
      expect(await probed(stating(0, more))).toBe("name -1 input -1 write 0");
    });

    it("as often as it is asked for", async () => {
      const grows = await rawInstance("grow-in-use", { isolation });
      expect((await grows.callTool("run", { a: 1 })).summary).toBe("First");
      await grows.stop();
    });
  });

  describe("output_write takes any range of the memory", () => {
    it.each([
      [0, 16],
      [end - 16, 16],
      [end - 65_536, 65_536],
      [0, 0],
      [end, 0],
    ])("such as (%i, %i) and returns its length", async (at, length) => {
      expect(await probed({ at, length, write: 1 })).toBe(`name 0 input 0 write ${length}`);
    });

    it.each([
      [end - 15, 16, "leaves the memory by one byte"],
      [end + 1, 0, "is empty and lies outside"],
      [-1, 1, "has a negative address"],
      [int32.min, 1, "has the least address"],
      [0, -1, "has a negative length"],
      [0, int32.min, "has the least length"],
      [end - 65_535, 65_536, "is as long as allowed and leaves the memory"],
    ])("and fails the whole call for (%i, %i), which %s", async (at, length) => {
      expect(await probed({ at, length, write: 1 })).toBe("output/malformed");
    });

    it.each([
      [0, 65_537],
      [end, 65_537],
      [-1, int32.max],
    ])("and fails the whole call for (%i, %i), which is too long", async (at, length) => {
      expect(await probed({ at, length, write: 1 })).toBe("output/too-large");
    });
  });

  it("an output error of one call is not the next one's", async () => {
    expect(await probed({ at: -1, length: 1, write: 1 })).toBe("output/malformed");
    expect(await probed({ at: 0, length: 3 })).toBe("name 3 input -1 write 0");
  });

  it("memory that grew during the call is written and read where it is now", async () => {
    const grows = await rawInstance("grow-in-use", { isolation });
    const result = await grows.callTool("run", { city: "Kyoto" });
    expect(result).toMatchObject({ isError: false, summary: "First" });
    await grows.stop();
  });

  it("a call has an instance of its own: globals and memory are as they were compiled", async () => {
    const counts = await rawInstance("count-calls", { isolation });
    for (let call = 0; call < 3; call += 1) {
      expect((await counts.callTool("run", {})).summary).toBe("11");
    }
    await counts.stop();
  });

  it("the start function runs once in every call, and can read and answer", async () => {
    const once = await rawInstance("start-once", { isolation });
    const answers = await rawInstance("start-answers", { isolation });
    for (let call = 0; call < 2; call += 1) {
      expect((await once.callTool("run", {})).summary).toBe("1");
      expect((await answers.callTool("run", {})).summary).toBe("started");
    }
    await Promise.all([once.stop(), answers.stop()]);
  });

  it("[run/result] name and input arrive as they are, and the answer is an ordinary result", async () => {
    const echo = await rawInstance("echo", { isolation });
    const input = { city: "京都 \u{1f5fe}", quote: 'a "b" \\ c', list: [1, null, true] };
    const result = await echo.callTool("run", input, { callId: "c1" });
    expect(result).toMatchObject({
      callId: "c1",
      tool: "run",
      summary: "run",
      content: JSON.stringify(input),
      isError: false,
      origin: { kind: "plugin", pluginId: "test.raw" },
    });
    expect(echo.status()).toMatchObject({ isolation, backend: "core-wasm" });
    await echo.stop();
  });

  it("the last output wins, and what came before is forgotten", async () => {
    const last = await rawInstance("last-write-wins", { isolation });
    expect((await last.callTool("run", {})).summary).toBe("ok");
    await last.stop();
  });

  it.each([
    ["silent", "output_write"],
    ["outside-then-good", "outside its memory"],
    ["outside-then-too-long", "outside its memory"],
    ["too-long-then-good", "65536 bytes"],
    ["output-bad-utf8", "UTF-8"],
    ["trap-divide", "divided by zero"],
    ["trap-memory", "memory out of bounds"],
  ] as const)("%s is told what went wrong: %s", async (guest, words) => {
    const failing = await rawInstance(guest, { isolation });
    const { error } = await failing.callTool("run", {});
    expect(error?.message).toContain(words);
    await failing.stop();
  });

  it("an error that the guest reports is its error", async () => {
    const failing = await rawInstance("tool-error", { isolation });
    const result = await failing.callTool("run", {});
    expect(result.error).toMatchObject({ code: "guest/failed" });
    expect(result.error?.message).toContain("denied");
    await failing.stop();
  });
});

it("input that is not JSON never reaches the guest", async () => {
  const loop = await rawInstance("loop");
  const result = await loop.callTool("run", { when: (() => 1) as never });
  expect(result.error?.code).toBe("input/invalid");
  expect(result.usage).toBeUndefined();
  await loop.stop();
});
