import { describe, expect, test } from "vitest";
import { isPluginError } from "../../src/errors.ts";
import { meterLimits } from "../../src/limits.ts";
import { meterModule } from "../../src/wasm/meter.ts";
import { thrownBy } from "./metered.ts";
import { leb } from "./wasm-text.ts";

/** `count` times the same bytes. */
function times(count: number, ...bytes: readonly number[]): Uint8Array {
  const repeated = new Uint8Array(count * bytes.length);
  for (let at = 0; at < repeated.length; at += bytes.length) repeated.set(bytes, at);
  return repeated;
}

function section(id: number, ...content: readonly (Uint8Array | readonly number[])[]): Buffer {
  const whole = Buffer.concat(content.map((part) => Uint8Array.from(part)));
  return Buffer.concat([Uint8Array.from([id, ...leb(whole.length)]), whole]);
}

/** A function's instructions, its last `end` left out. */
type Body = readonly (Uint8Array | readonly number[])[];

/** A module of functions `() -> ()`. */
function moduleOf(...bodies: readonly Body[]): Uint8Array<ArrayBuffer> {
  const code = bodies.map((parts) => {
    const body = Buffer.concat([[0], ...parts, [0x0b]].map((part) => Uint8Array.from(part)));
    return Buffer.concat([Uint8Array.from(leb(body.length)), body]);
  });
  const count = leb(bodies.length);
  return new Uint8Array(
    Buffer.concat([
      Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
      section(1, [1, 0x60, 0, 0]),
      section(3, count, times(bodies.length, 0)),
      section(10, count, ...code),
    ]),
  );
}

function refusal(bytes: Uint8Array): unknown {
  const error = thrownBy(() => meterModule(bytes));
  return isPluginError(error) ? error.code : error;
}

const many = 100_000;
const block = [0x02, 0x40];
const loop = [0x03, 0x40];
const branch = [0x41, 0, 0x0d, 0]; // to the innermost label, or not
const end = [0x0b];
const call = (callee: number) => [0x10, ...leb(callee)];

// Each took seconds or minutes when its time grew with the square: the runner ends a test before that.
describe("[meter/linear] metering takes time by the length of the code", () => {
  test.each<[string, () => Uint8Array]>([
    ["loops inside loops", () => moduleOf([times(many, ...loop), times(many, ...branch, ...end)])],
    ["blocks in blocks", () => moduleOf([times(many, ...block), times(many, ...branch, ...end)])],
    [
      "blocks in blocks that call",
      () => moduleOf([times(many, ...block), times(many, ...call(0), ...end)]),
    ],
    [
      "a function that a chain of others calls",
      () => {
        const hub = many / 5;
        const chain = Array.from({ length: hub }, (_, index) => [
          call(hub),
          call(Math.min(index + 1, hub - 1)),
        ]);
        return moduleOf(...chain, [times(many, ...call(hub))]);
      },
    ],
    [
      "many ways out of many loops",
      () => moduleOf([times(1_000, ...loop), times(many, 0x41, 0, 0x0d, 9), times(1_000, ...end)]),
    ],
  ])("%s", (_, make) => {
    expect(refusal(make())).toBeUndefined();
  });
});

describe("[meter/linear] metering takes memory up to a bound", () => {
  const most = meterLimits.codeEdits.default;

  test("on what it has to look at in one function", () => {
    // Every block, return and end, the function's own included.
    const blocks = times(most / 2 - 1, ...block, ...end);
    expect(refusal(moduleOf([blocks, [0x0f]]))).toBeUndefined();
    expect(refusal(moduleOf([blocks, [0x0f, 0x0f]]))).toBe("artifact/limit");
  });

  test("on what it has to change in all functions", () => {
    // Each ref.func gets another index, and each function pays at its entry.
    const half = times(most / 2 - 1, 0xd2, 0, 0x1a);
    expect(refusal(moduleOf([half], [half]))).toBeUndefined();
    expect(refusal(moduleOf([half], [half, [0xd2, 0, 0x1a]]))).toBe("artifact/limit");
  });

  test("on locals, of which it needs one", () => {
    const withLocals = (count: number) => {
      const body = [1, ...leb(count), 0x7e, 0x0b];
      const bytes = [
        ...moduleOf([]).subarray(0, 8),
        ...section(1, [1, 0x60, 0, 0]),
        ...section(3, [1, 0]),
      ];
      return Uint8Array.from([...bytes, ...section(10, [1, ...leb(body.length), ...body])]);
    };
    expect(refusal(withLocals(49_999))).toBeUndefined();
    expect(WebAssembly.validate(meterModule(withLocals(49_999)))).toBe(true);
    expect(refusal(withLocals(50_000))).toBe("artifact/unsupported");
  });
});
