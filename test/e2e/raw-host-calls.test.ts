import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { expect, it } from "vitest";
import { createInstance, grantRequested, type HostApi } from "yoi-plugin-sdk";
import { rawManifest, rawPackage } from "./raw-package.ts";

const manifest = `${rawManifest}
[[permissions]]
kind = "host_api"
api = "fs"
`;

/** A raw guest that asks for a file and gives the host's response as its output. */
const reader = (pointer: number, length: number) => `(module
  (import "yoi:fs" "read" (func $read (param i32 i32) (result i32)))
  (import "yoi:fs" "response_len" (func $len (result i32)))
  (import "yoi:fs" "response_read" (func $copy (param i32 i32) (result i32)))
  (import "yoi:tool" "output_write" (func $write (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 64) "{\\"path\\":\\"notes.txt\\"}")
  (data (i32.const 128) "{\\"summary\\":\\"bad pointer\\"}")
  (func (export "yoi_tool_call")
    (if (i32.lt_s (call $read (i32.const ${pointer}) (i32.const ${length})) (i32.const 0))
      (then (drop (call $write (i32.const 128) (i32.const 25))))
      (else
        ;; A length that is not the response's own is refused.
        (if (i32.ne (call $copy (i32.const 1024) (i32.sub (call $len) (i32.const 1))) (i32.const -1))
          (then (unreachable)))
        (drop (call $copy (i32.const 1024) (call $len)))
        (drop (call $write (i32.const 1024) (call $len)))))))`;

function fileApi(asked: unknown[]): HostApi {
  const read = async (args: readonly unknown[]) => {
    asked.push(...args);
    return JSON.stringify({ summary: "from the host" });
  };
  return {
    name: "fs",
    interface: "yoi:host/fs@1.0.0",
    open: () => ({ functions: new Map([["read", read]]), [Symbol.asyncDispose]: async () => {} }),
  };
}

async function rawReader(pointer: number, length: number, asked: unknown[]) {
  const pkg = await rawPackage(await parse(reader(pointer, length)), manifest);
  const fs = [{ root: "/srv/data", operations: ["read" as const] }];
  return createInstance(pkg, { grants: grantRequested(pkg, { fs }), hostApis: [fileApi(asked)] });
}

it("a raw guest's host call brings a response, read with its exact length", async () => {
  const asked: unknown[] = [];
  await using guest = await rawReader(64, 20, asked);
  const result = await guest.callTool("run", {});
  expect(result).toMatchObject({ isError: false, summary: "from the host" });
  expect(asked).toEqual(['{"path":"notes.txt"}']);
});

it.each([
  [-1, 20],
  [64, -1],
  [131_072, 1],
  [131_071, 2],
  [0x7fff_ffff, 0x7fff_ffff],
  [0, 524_289],
])("a question at %i of %i bytes reaches no host, and fails the call", async (pointer, length) => {
  const asked: unknown[] = [];
  await using guest = await rawReader(pointer, length, asked);
  const result = await guest.callTool("run", {});
  expect(result.error?.code).toBe("output/malformed");
  expect(asked).toEqual([]);
});
